import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import type { z } from "@hono/zod-openapi"
import { beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { tags } from "../../src/domains/tags.ts"
import { idPrefixes, newId, type OrganizationId, type UserId } from "../../src/kernel/ids.ts"
import { isPlatformPermission } from "../../src/platform/auth/permissions.ts"
import { type EndpointSpec, fullPath, isMutation, permissionsRequired, takesStream } from "../../src/platform/http/endpoint.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import worker from "../../src/worker.ts"
import { accessTokenOf } from "../support/app.ts"
import { changedAt, type Place, placesIn } from "../support/json-places.ts"
import { quiet } from "../support/ledger.ts"
import { exampleBodies } from "../support/requests.ts"
import { setting } from "../support/seed.ts"
import { complained, furnished, linked, ordered, type Tenant } from "../support/tenants.ts"
import { newEmail, platformStaff, unique } from "../support/world.ts"

/**
 * What an operation takes although it is odd: a number at the end of its range, a date at the edge of time, a name that
 * every object has, a list as long as it may be. fuzz.test.ts holds schemas to refuse what is wrong; this holds what they
 * let through to be carried out or refused, on rows that are there, and never to be an error of ours; and whatever was
 * kept of it to be no poison: all that can be read can still be read, by both sides of a link.
 */

quiet()

/** Bodies of an operation, or one place's values where there are many places. `VITE_RUNS=500` asks for them all. */
const bodiesMax = setting("VITE_RUNS") ?? 24
const valuesMin = Math.ceil(bodiesMax / 8)

const specs = endpoints.map(({ spec }) => spec)
const cases = (list: readonly EndpointSpec[]) => list.map((spec) => [spec.operationId, spec] as const)
const examples = exampleBodies(endpoints, tags)

/** What a development server alone has makes whole worlds at once, and exists nowhere else. */
const everywhere = specs.filter(({ isDevelopmentOnly, isSocket }) => isDevelopmentOnly !== true && isSocket !== true)
/** What takes a file has bytes as its body; abuse-files.test.ts is about those. */
const withBody = everywhere.filter((spec) => spec.body !== undefined && !takesStream(spec))

const numbers = [0, -0, -1, 0.001, 0.0005, 1, 365, 2 ** 31, 999_999_999.999, 1e12, 1e13, 1e15, 2 ** 53 - 1, 2 ** 53, 1e21, 1e308, 5e-324]
const numerals = [
  "0",
  "-0",
  "00",
  "1e3",
  "1e15",
  ".5",
  "5.",
  "+1",
  "0x10",
  "0.001",
  "9999999999999.9999",
  "999999999999999",
  "٣",
  "１２",
  "²",
  "NaN",
  "Infinity",
]
const dates = [
  "0000-01-01",
  "0001-01-01",
  "1970-01-01",
  "2024-02-29",
  "2026-02-30",
  "9999-12-31",
  "0000-01-01T00:00:00Z",
  "2026-06-30T23:59:59.999999999+23:59",
  "9999-12-31T23:59:59.999-23:59",
  "00:00",
  "23:59",
  "24:00",
]
const words = [
  "",
  " ",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "null",
  "' OR 1=1 --",
  '"',
  "%_*",
  "\\",
  "../..",
  "?#&",
  "=1+1",
  "${7*7}{{name}}",
  "<b>x</b>",
  'a,b;c"d',
  "x\ufeff",
  "\u202e\u200b",
  "\u00a0",
  "İßﷺ\u{1d54a}a\u0301\u0327",
  "one\ntwo\ttabbed",
  ...[100, 200, 2_000].map((length) => "ﷺ".repeat(length)),
  ...[64, 254, 500, 1_000, 4_000].map((length) => "x".repeat(length)),
]
const ids = Object.values(idPrefixes).flatMap((prefix) => [newId(prefix, 0), newId(prefix, 2 ** 48 - 1), newId(prefix, Date.now())])
const scalars: readonly unknown[] = [...numbers, ...numerals, ...dates, ...words, ...ids, true, false, null, [], {}]
const unlikeWords = new Set<unknown>([...numerals, ...dates, ...ids])

/** Where any words are taken, a numeral is but another. */
function oddScalars(isTaken: (value: unknown) => boolean): unknown[] {
  const taken = scalars.filter(isTaken)
  return isTaken("<b>x</b>") && isTaken("../..") ? taken.filter((value) => !unlikeWords.has(value)) : taken
}

type Json = Readonly<Record<string | number, unknown>>

const at = (value: unknown, path: Place): unknown => path.reduce<unknown>((part, name) => (part as Json | undefined)?.[name], value)

const topFields = (schema: z.ZodType | undefined): readonly string[] => {
  try {
    return Object.keys(fieldsOf(schema))
  } catch {
    // Bodies of several kinds are known by their example alone.
    return []
  }
}

/** As many, from the whole of them. */
const spread = <T>(list: readonly T[], most: number): readonly T[] =>
  list.length <= most ? list : Array.from({ length: most }, (_, n) => list[Math.floor((n * list.length) / most)] as T)

/** Bodies that the schema takes, each with one odd value in it; of each place some. */
function* oddBodies(spec: EndpointSpec, good: unknown): Generator<unknown> {
  const places = placesIn(good)
  const missing = topFields(spec.body)
    .filter((name) => at(good, [name]) === undefined)
    .map((name) => [name])
  const each = Math.max(valuesMin, Math.ceil(bodiesMax / (places.length + missing.length)))
  for (const place of [...places, ...missing]) {
    const there = at(good, place)
    const values = Array.isArray(there)
      ? [[], ...[2, 50, 100, 200, 500, 1_000].map((length) => Array.from({ length }, () => there[0] as unknown))]
      : typeof there === "object" && there !== null
        ? [{}, null]
        : scalars
    const bodyWith = (value: unknown): unknown => JSON.parse(JSON.stringify(changedAt(good, place, () => value)))
    const isTaken = (value: unknown): boolean => spec.body?.safeParse(bodyWith(value)).success === true
    yield* spread(values === scalars ? oddScalars(isTaken) : values.filter(isTaken), each).map(bodyWith)
  }
}

/** What only one thing of an organization, or of all, can be called. */
const unlike = ["email", "owner_email", "sku", "code", "serial", "color"]

let names = 0
const letters = (n: number): string => String.fromCharCode(65 + (Math.floor(n / 26) % 26), 65 + (n % 26))

/** Another of the kind. */
function anotherName(name: string, value: unknown): unknown {
  names += 1
  if (name.endsWith("email")) return newEmail()
  return name === "color" ? letters(names) : typeof value === "number" ? 10_000 + names : unique("odd")
}

/** The body with another name where it has the good one's: what is odd is then all that is wrong with it. */
function renamed(body: unknown, good: unknown): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      unlike.includes(name) && value === at(good, [name]) ? anotherName(name, value) : value,
    ]),
  )
}

let a: Tenant
let b: Tenant
let token: string
let staffToken: string
let real: Readonly<Record<string, string>>
let known: Readonly<Record<string, string>>
let readAtFirst: Readonly<Record<string, number>>

beforeAll(async () => {
  a = await furnished("oddity", ["supplier", "buyer"])
  b = await furnished("partner", ["supplier", "buyer"])
  staffToken = (await platformStaff()).token
  token = a.token
  const link = await linked(a, b)
  await linked(b, a)
  const order = await ordered(a, b, "as usual")
  const complaint = await complained(b, order, "soft")
  real = {
    org: a.org.id,
    usr: a.clerk.id,
    ses: a.sessionId,
    inv: a.invitationId,
    rol: a.roleId,
    key: a.apiKeyId,
    lnk: link,
    prd: a.productId,
    fam: a.familyId,
    idn: a.identityId,
    bcp: a.componentId,
    ord: order.id,
    oln: order.lineId,
    whs: a.locationId,
    mov: a.movementId,
    unt: a.unitId,
    aud: a.auditId,
    evt: a.eventId,
    fil: a.fileId,
    cnv: `cnv_${link.slice(4)}`,
    crp: a.cannedReplyId,
    cmp: complaint,
    ntf: a.notificationId,
    whk: a.webhookId,
    dlv: a.deliveryId,
    job: a.jobId,
  }
  known = {
    lot_number: a.lotNumber,
    full_sku: a.variantSku,
    upis_h: a.upisH,
    file_id: a.imageId,
    user_id: b.owner.id,
    serial: a.unitSerial,
  }
  readAtFirst = await readAll(readable)
}, 120_000)

/** The value with ids of rows that are there, wherever it has one. */
function withRealIds(value: unknown, of: Readonly<Record<string, string>> = real): unknown {
  if (typeof value === "string") return /^[a-z]{3}_[0-7][0-9a-z]{25}$/.test(value) ? (of[value.slice(0, 3)] ?? value) : value
  if (Array.isArray(value)) return value.map((part) => withRealIds(part, of))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withRealIds(part, of)]))
}

/** A body that does something. */
function goodBody({ operationId }: EndpointSpec): unknown {
  const example = examples.get(operationId) ?? {}
  switch (operationId) {
    case "placeOrder":
      return { supplier_id: b.org.id, items: [{ product_id: b.productId, quantity: 1 }], note: "n", requested_delivery_on: "2027-01-01" }
    case "addBundleComponent":
      return { parent_id: a.productId, child_id: a.otherProductId, quantity: 2 }
    case "createProduct": {
      const { gtin: _, ...product } = withRealIds(example) as Record<string, unknown>
      return { ...product, packs: [], stock_quantity: 10 }
    }
    case "setOrderStatus":
      return { status: "ACCEPTED", reason: "r", internal_note: "i", items: [{ item_id: real["oln"], quantity: 1 }] }
    case "receiveUnits":
      return { product_id: a.otherProductId, serial: "s", lot_number: "l", unit_cost: "1.00" }
    default:
      return withRealIds(example)
  }
}

const fillerOf = (name: string, schema: z.ZodType): string =>
  [known[name], ...Object.values(real), "word", "1"].find((text) => text !== undefined && schema.safeParse(text).success) ?? "1"

const pathOf = (spec: EndpointSpec, given: Readonly<Record<string, string>> = {}): string => {
  const schemas = fieldsOf(spec.params)
  return fullPath(spec).replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(given[name] ?? fillerOf(name, schemas[name] as z.ZodType)),
  )
}

const isForStaff = (spec: EndpointSpec): boolean => {
  const required = permissionsRequired(spec.access)
  return required.length > 0 && required.every(isPlatformPermission)
}

/** Some operations end the session that asks: each has one of its own. */
const anotherToken = (): Promise<string> =>
  accessTokenOf({
    userId: a.owner.id as UserId,
    orgId: a.org.id as OrganizationId,
    orgSlug: a.org.slug,
    name: "Olga Owner",
    roles: ["owner"],
  })

let addresses = 0

/** What the buyer alone does. */
const byBuyer: readonly string[] = ["reorder", "confirmResolution", "reopenComplaint"]

const usualToken = (spec: EndpointSpec): string => (isForStaff(spec) ? staffToken : byBuyer.includes(spec.operationId) ? b.token : token)

type Asked = { readonly path?: string; readonly body?: unknown; readonly token?: string }

/** Sends it. @throws of an answer that is an error of ours. */
async function ask(
  spec: EndpointSpec,
  { path = pathOf(spec), body, token: as = usualToken(spec) }: Asked,
): Promise<{ status: number; text: string }> {
  addresses += 1
  const response = await worker.fetch(
    new Request(`http://api.waybill.test${path}`, {
      method: spec.method.toUpperCase(),
      headers: {
        ...(spec.access === "public" ? {} : { authorization: `Bearer ${as}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        "cf-connecting-ip": `2001:db8:${(addresses >> 16).toString(16)}:${(addresses & 0xffff).toString(16)}::1`,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    env,
    createExecutionContext(),
  )
  const text = await response.text()
  const { status } = response
  if (status >= 500)
    throw new Error(`${spec.operationId} ${path.slice(0, 300)} ${JSON.stringify(body ?? "").slice(0, 600)}: ${status} ${text}`)
  return { status, text }
}

const readable = everywhere.filter((spec) => !isMutation(spec) && spec.isSignable !== true)

/** What there is to be read, by both sides: how each answered. */
async function readAll(list: readonly EndpointSpec[]): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {}
  for (const spec of list) {
    for (const who of ["a", "b"] as const) {
      if (who === "b" && isForStaff(spec)) continue
      const required = Object.entries(fieldsOf(spec.query)).filter(([, schema]) => !schema.safeParse(undefined).success)
      if (required.length > 0) continue
      statuses[`${spec.operationId} by ${who}`] = (await ask(spec, who === "a" ? {} : { token: b.token })).status
    }
  }
  return statuses
}

/** Operations that let nobody in here, or take nothing odd, and why. */
const neverLetIn: Readonly<Record<string, string>> = {
  signIn: "a password that is not theirs",
  refreshSession: "a token that is none of ours",
  resetPassword: "a token that is none of ours",
  changePassword: "a password that is not theirs, guesses at which are counted",
  forgotPassword: "takes an address and nothing odd",
}

/** Operations that let them in and refuse every odd body here, and why. */
const neverCarriedOut: Readonly<Record<string, string>> = {
  requestLink: "with oneself there is no link, and with the one other there is one",
  setLinkStatus: "the link is approved already",
  moveUnit: "what was done to the unit before has no such step",
  damageUnit: "what was done to the unit before has no such step",
  reorder: "what was done to the product before leaves nothing of the order to repeat",
  reopenComplaint: "the complaint is not resolved",
  withdrawComplaint: "what was done to the complaint before has no such step",
}

describe("what is odd and taken in a body is carried out or refused", () => {
  test.each(cases(withBody))("%s", async (operationId, spec) => {
    token = await anotherToken()
    const good = goodBody(spec)
    expect(spec.body?.safeParse(good).success, JSON.stringify(good)).toBe(true)
    const failures: string[] = []
    const answers = new Set<number>()
    for (const odd of oddBodies(spec, good)) {
      const body = renamed(odd, good)
      await ask(spec, { body }).then(
        ({ status }) => void answers.add(status),
        (error: unknown) => failures.push(String(error).slice(0, 900)),
      )
    }
    await readAll(readable.filter(({ tag }) => tag === spec.tag)).catch((error: unknown) => failures.push(`afterwards: ${String(error)}`))
    expect(failures).toEqual([])
    const seen = [...answers]
    if (Object.hasOwn(neverLetIn, operationId)) return
    // Whoever is refused at the door shows nothing of what is behind it.
    const isDone = (status: number): boolean =>
      Object.hasOwn(neverCarriedOut, operationId) ? ![401, 404, 429].includes(status) : status < 300
    expect([seen, seen.some(isDone)]).toEqual([seen, true])
  })
})

describe("what is odd and taken in a query or a path finds something or nothing", () => {
  test.each(cases(everywhere.filter(({ query, params }) => query !== undefined || params !== undefined)))("%s", async (_, spec) => {
    const failures: string[] = []
    const texts = scalars.filter((value) => typeof value === "string").concat(numbers.map(String)) as string[]
    const body = spec.body === undefined ? {} : { body: goodBody(spec) }
    const sent = async (path: string) => ask(spec, { path, ...body }).catch((error: unknown) => failures.push(String(error).slice(0, 900)))
    for (const [name, schema] of Object.entries(fieldsOf(spec.query))) {
      if (isMutation(spec)) continue
      for (const text of texts.filter((value) => schema.safeParse(value).success))
        await sent(`${pathOf(spec)}?${new URLSearchParams([[name, text]]).toString()}`)
    }
    for (const [name, schema] of Object.entries(fieldsOf(spec.params))) {
      for (const text of texts.filter((value) => schema.safeParse(value).success && !["", ".", ".."].includes(value)))
        await sent(pathOf(spec, { [name]: text }))
    }
    expect(failures).toEqual([])
  })
})

test("and nothing that was kept is poison: all that could be read can be read", async () => {
  token = await anotherToken()
  const statuses = await readAll(readable)
  const lost = Object.keys(readAtFirst).filter((name) => readAtFirst[name] === 200 && statuses[name] !== 200)
  // A product that is not active any more is no buyer's to see.
  expect(lost.filter((name) => name !== "getProduct by b")).toEqual([])
})
