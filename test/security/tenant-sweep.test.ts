import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { tags } from "../../src/domains/tags.ts"
import { newId, platformOrganizationId } from "../../src/kernel/ids.ts"
import { type EndpointSpec, fullPath, isMutation } from "../../src/platform/http/endpoint.ts"
import { openApiDocument } from "../../src/platform/http/openapi.ts"
import { D1Spy, strays } from "../support/d1-spy.ts"
import { quiet } from "../support/ledger.ts"
import { complained, furnished, linked, ordered, type Tenant, tablesOfD1, wholeLedgerOf, wholeOfD1 } from "../support/tenants.ts"
import { type Answer, api, type CallOptions } from "../support/world.ts"
import { type Attempt, type Cast, fixtures, type Relation } from "./tenant-fixtures.ts"

/**
 * INV-TEN-1 and INV-TEN-2, over every operation there is: whoever names A's rows without being a party learns nothing,
 * changes nothing, and no statement on the way forgets to bind the caller's organization.
 */

quiet()

const specs = endpoints.map(({ spec }) => spec)

/** Where the state of a link makes a difference. */
const aboutPartners = specs.filter(({ tag }) =>
  ["Links", "Products", "Orders", "Chat", "Complaints", "Files", "Audit", "Organizations"].includes(tag),
)

let a: Tenant
let b: Tenant
let c: Tenant
let linkOfC: string
let orderOfC: Awaited<ReturnType<typeof ordered>>
let linkOfD: string
let orderOfD: Awaited<ReturnType<typeof ordered>>
let complaintOfC: string
let complaintOfD: string
let complaintOfB: string
let tables: string[]
let spy: D1Spy

const noteToSelf = "alderwood margin is thin"

beforeAll(async () => {
  a = await furnished("alderwood", ["supplier", "buyer"])
  b = await furnished("birchfield", ["supplier", "buyer"])
  c = await furnished("cedarmill", ["buyer"])
  const d = await furnished("dogwood", ["buyer"])
  linkOfC = await linked(a, c)
  orderOfC = await ordered(a, c, "For cedarmill, by Friday")
  await api("PUT", `/orders/${orderOfC.id}/status`, { token: a.token, body: { status: "ACCEPTED", internal_note: noteToSelf } })
  linkOfD = await linked(a, d, "dogwood needs greens")
  orderOfD = await ordered(a, d, "For dogwood alone")
  // B deals with C too, so that its own lists have rows and a shared partner leaks nothing.
  await linked(b, c)
  const orderOfB = await ordered(b, c, "For cedarmill, from birchfield")
  complaintOfC = await complained(c, orderOfC, "cedarmill found them soft")
  await api("PUT", `/complaints/${complaintOfC}/assign`, { token: a.token, body: { assignee_id: a.clerk.id, reason: noteToSelf } })
  complaintOfD = await complained(d, orderOfD, "dogwood found them hard")
  complaintOfB = await complained(c, orderOfB, "cedarmill found them late")
  tables = await tablesOfD1()
  spy = new D1Spy()
}, 120_000)

afterAll(() => spy[Symbol.dispose]())

const castOf = (relation: Relation): Cast => ({
  relation,
  a,
  c,
  me: relation === "partner" ? c : b,
  linkId: relation === "partner" ? linkOfD : linkOfC,
  order: relation === "partner" ? orderOfD : orderOfC,
  complaintId: relation === "partner" ? complaintOfD : complaintOfC,
  unknownFileId: newId("fil", Date.now()),
  unknownLetterId: newId("dlt", Date.now()),
})

/** Ids of A's rows and A's partners' with it, none of which is any business of B's. */
const secretIds = (): string[] => [
  a.owner.id,
  a.clerk.id,
  a.roleId,
  a.invitationId,
  a.apiKeyId,
  a.sessionId,
  a.webhookId,
  a.deliveryId,
  a.productId,
  a.otherProductId,
  a.auditId,
  a.eventId,
  a.notificationId,
  a.fileId,
  a.imageId,
  a.cannedReplyId,
  a.familyId,
  a.identityId,
  a.upisH,
  a.variantId,
  a.componentId,
  a.warehouseId,
  a.locationId,
  a.movementId,
  a.unitId,
  a.jobId,
  `cnv_${linkOfC.slice(4)}`,
  `cnv_${linkOfD.slice(4)}`,
  linkOfC,
  orderOfC.id,
  orderOfC.lineId,
  linkOfD,
  orderOfD.id,
  orderOfD.lineId,
  complaintOfC,
  complaintOfD,
  a.apiKey.slice(4),
  a.owner.email,
  a.clerk.email,
]

/** What of A's stands in an answer. Every name that A gave holds its word; the organization's own name and id are public in the directory. */
function leaks(answer: Answer, showsOrganization: boolean): string[] {
  const said = `${JSON.stringify(answer.body ?? "")} ${[...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n")}`
  const rest = showsOrganization ? said.replaceAll(a.org.name, "").replaceAll(a.org.id, "") : said
  return [...secretIds(), a.org.id, "alderwood", "ALDERWOOD", "dogwood"].filter((secret) => rest.includes(secret))
}

/** What of A's no partner sees either: its people, its rights, its notes, its other partners. */
function leaksToPartner(answer: Answer): string[] {
  const said = JSON.stringify(answer.body ?? "")
  const secrets = [
    a.clerk.id,
    a.clerk.email,
    a.owner.email,
    a.roleId,
    a.roleName,
    a.invitationId,
    a.invitedEmail,
    a.apiKeyId,
    a.sessionId,
    a.auditId,
    a.fileId,
    a.jobId,
  ]
  return [...secrets, linkOfD, orderOfD.id, orderOfD.lineId, complaintOfD, noteToSelf, "dogwood"].filter((secret) => said.includes(secret))
}

const routeOf = (spec: EndpointSpec, { params = {}, query = {} }: Attempt): string => {
  const path = fullPath(spec).replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? `no-${name}`)
  const search = new URLSearchParams(query).toString()
  return `./${path.slice(1)}${search === "" ? "" : `?${search}`}`
}

const ask = (spec: EndpointSpec, attempt: Attempt, options: CallOptions): Promise<Answer> =>
  api(spec.method.toUpperCase() as "GET", routeOf(spec, attempt), {
    ...options,
    ...(attempt.body === undefined ? {} : { body: attempt.body }),
    headers: { ...options.headers, ...(isMutation(spec) ? { "idempotency-key": crypto.randomUUID() } : {}) },
  })

const attemptsOf = (operationId: string, cast: Cast): readonly Attempt[] => {
  const fixture = fixtures[operationId]
  return typeof fixture === "function" ? fixture(cast) : []
}

type State = { readonly d1: Record<string, string>; readonly a: Record<string, string>; readonly c: Record<string, string> }

async function stateNow(): Promise<State> {
  const [d1, ofA, ofC] = await Promise.all([wholeOfD1(tables), wholeLedgerOf(a.org.id), wholeLedgerOf(c.org.id)])
  // What falls due comes and goes by itself.
  return { d1, a: { ...ofA, due: "" }, c: { ...ofC, due: "" } }
}

/** What stood when it was last looked; what a test changes on purpose makes it unknown. */
let known: State | undefined

/** A ledger keeps what it refused to a party, so that a repeat gets it again. */
const withoutRefusals = (ledger: Record<string, string>): Record<string, string> => ({ ...ledger, commands: "" })

async function expectNothingWritten(label: string, before: State, isParty: boolean): Promise<void> {
  const after = await stateNow()
  const seen = (state: State): State => (isParty ? { d1: state.d1, a: withoutRefusals(state.a), c: withoutRefusals(state.c) } : state)
  known = after
  expect(seen(after), `${label} wrote`).toEqual(seen(before))
}

const sayOf = ({ status, body }: Answer): string | number => (status < 400 ? status : `${status} ${body.code}`)

async function sweep(relation: Relation, spec: EndpointSpec): Promise<void> {
  const cast = castOf(relation)
  const before = known ?? (await stateNow())
  for (const attempt of attemptsOf(spec.operationId, cast)) {
    const label = `${relation}: ${spec.method} ${routeOf(spec, attempt)} ${JSON.stringify(attempt.body ?? "")}`
    spy.take()
    const answer = await ask(spec, attempt, spec.access === "public" ? {} : { token: cast.me.token })
    expect(strays(spy.take(), spec.access === "public" ? platformOrganizationId : cast.me.org.id), label).toEqual([])
    expect(sayOf(answer), `${label} ${JSON.stringify(answer.body)}`).toBe(attempt.answers)
    expect(relation === "partner" ? leaksToPartner(answer) : leaks(answer, attempt.showsOrganization === true), label).toEqual([])
  }
  await expectNothingWritten(`${relation}: ${spec.operationId}`, before, relation === "partner")
}

describe("the fixtures", () => {
  test("are there for every operation, and for none that is gone", () => {
    expect(Object.keys(fixtures).sort()).toEqual(specs.map(({ operationId }) => operationId).sort())
  })

  test("name an id of A's wherever a path, a query or a body takes one", () => {
    const ours = new Set([a.org.id, c.org.id, ...secretIds()])
    const document = JSON.parse(
      JSON.stringify(
        openApiDocument(
          endpoints.map((one) => ({ ...one, spec: { ...one.spec, isHidden: false } })),
          { tags },
        ),
      ),
    ) as Document
    const untried: string[] = []
    for (const spec of specs) {
      const operation = document.paths[fullPath(spec)]?.[spec.method]
      const takes = idMembersOf(document, operation)
      const attempts = (["stranger", "pending"] as const).flatMap((relation) => attemptsOf(spec.operationId, castOf(relation)))
      const tried = new Set(attempts.flatMap(({ params, query, body }) => membersWith(ours, { params, query, body })))
      untried.push(...takes.filter((name) => !tried.has(name)).map((name) => `${spec.operationId}: ${name}`))
    }
    // Dead letters are no organization's.
    expect(untried).toEqual(["openComplaint: evidence", "replayDeadLetter: id"])
  })

  test("see the caller's own rows where they list: a sweep over empty lists would show nothing", async () => {
    for (const [path, own] of [
      ["/users", b.clerk.id],
      ["/roles", b.roleId],
      ["/invitations", b.invitationId],
      ["/api-keys", b.apiKeyId],
      ["/webhooks", b.webhookId],
      [`/webhooks/${b.webhookId}/deliveries`, b.deliveryId],
      ["/products", b.productId],
      ["/products/catalog", b.productId],
      ["/links/my-links", c.org.id],
      ["/orders/my-orders", c.org.id],
      ["/complaints", complaintOfB],
      ["/chat/canned-replies", b.cannedReplyId],
      ["/chat/conversations", c.org.id],
      ["/audit-logs", b.owner.id],
      ["/events", b.eventId],
      ["/auth/sessions", b.sessionId],
    ] as const) {
      const { body } = await api("GET", `${path}?limit=100`, { token: b.token })
      expect(JSON.stringify(body), path).toContain(own)
    }
  })

  test("are seen by A itself, so that what is refused to others is there", async () => {
    for (const [path, mine] of [
      [`/users/${a.clerk.id}`, a.clerk.email],
      [`/products/${a.productId}`, a.imageId],
      [`/jobs/${a.jobId}`, a.jobId],
      [`/files/${a.fileId}`, "alderwood register.pdf"],
      [`/links/${linkOfC}`, "cedarmill"],
      [`/orders/${orderOfC.id}`, noteToSelf],
      [`/complaints/${complaintOfC}`, noteToSelf],
      [`/audit-logs/${a.auditId}`, a.auditId],
      [`/events/${a.eventId}`, a.eventId],
    ] as const) {
      const { status, body } = await api("GET", path, { token: a.token })
      expect([path, status]).toEqual([path, 200])
      expect(JSON.stringify(body)).toContain(mine)
    }
  })
})

describe("INV-TEN-1, INV-TEN-2: a stranger with A's ids learns nothing and changes nothing", () => {
  test.each(specs.map((spec) => [spec.operationId, spec] as const))("%s", async (_, spec) => sweep("stranger", spec))
})

describe("another organization than the token's", () => {
  const guarded = specs.filter(({ access }) => access !== "public")

  test.each(guarded.map((spec) => [spec.operationId, spec] as const))("cannot be chosen by header or subdomain: %s", async (_, spec) => {
    const [attempt = { answers: 0 }] = attemptsOf(spec.operationId, castOf("stranger"))
    const before = known ?? (await stateNow())
    for (const headers of [{ "x-tenant-id": a.org.id }, { "x-tenant-id": a.org.slug }]) {
      for (const token of [b.token, b.apiKey]) {
        const answer = await ask(spec, attempt, { token, headers })
        expect([answer.status, answer.body.code]).toEqual([403, "TENANT_MISMATCH"])
        expect(leaks(answer, false)).toEqual([])
      }
    }
    await expectNothingWritten(spec.operationId, before, false)
  })

  test("cannot be read on from its cursor", async () => {
    let tried = 0
    for (const spec of guarded.filter(({ isList }) => isList === true)) {
      const theirs = await ask(spec, { query: { limit: "1" }, answers: 200 }, { token: a.token })
      const cursor: string | null | undefined = theirs.body.next_cursor
      if (theirs.status !== 200 || cursor === null || cursor === undefined) continue
      tried += 1
      spy.take()
      const answer = await ask(spec, { query: { limit: "100", cursor }, answers: 200 }, { token: b.token })
      expect(strays(spy.take(), b.org.id)).toEqual([])
      expect(answer.status, spec.operationId).toBe(200)
      expect(leaks(answer, spec.operationId === "listDirectory"), spec.operationId).toEqual([])
    }
    expect(tried).toBeGreaterThanOrEqual(6)
  })

  test("keeps its session when a stranger signs out with its refresh token", async () => {
    const passing = await furnished("elmhurst", ["buyer"])
    const before = await stateNow()
    expect((await api("POST", "/auth/logout", { token: passing.token, body: { refresh_token: a.owner.refreshToken } })).status).toBe(204)
    const after = await stateNow()
    const ofA = (rows = "") => rows.split("\n").filter((row) => row.includes(a.org.id))
    expect(ofA(after.d1["sessions"])).toEqual(ofA(before.d1["sessions"]))
    expect(ofA(after.d1["refresh_tokens"])).toEqual(ofA(before.d1["refresh_tokens"]))
    expect((await api("GET", "/auth/me", { token: a.token })).status).toBe(200)
    known = undefined
  })
})

describe("with a link that is asked for and not approved", () => {
  beforeAll(async () => {
    const { status, body } = await api("POST", "/links/request", { token: b.token, body: { supplier_id: a.org.id } })
    expect(status, JSON.stringify(body)).toBe(201)
    known = undefined
  }, 120_000)
  test.each(aboutPartners.map((spec) => [spec.operationId, spec] as const))("%s", async (_, spec) => sweep("pending", spec))
})

describe("with a link that A has blocked", () => {
  beforeAll(async () => {
    const { body } = await api("GET", "/links/my-links?side=buyer", { token: b.token })
    const { status } = await api("PUT", `/links/${body.data[0].id}/status`, { token: a.token, body: { status: "BLOCKED" } })
    expect(status).toBe(200)
    known = undefined
  }, 120_000)
  test.each(aboutPartners.map((spec) => [spec.operationId, spec] as const))("%s", async (_, spec) => sweep("blocked", spec))
})

describe("an approved partner sees what is shared and nothing else", () => {
  test.each(specs.map((spec) => [spec.operationId, spec] as const))("%s", async (_, spec) => sweep("partner", spec))

  test("INV-ORD-4: of an order: what was agreed, never what the supplier says to itself", async () => {
    const { body } = await api("GET", `/orders/${orderOfC.id}`, { token: c.token })
    expect(body).toMatchObject({ status: "ACCEPTED", note: "For cedarmill, by Friday" })
    expect(Object.keys(body)).not.toContain("internal_note")
  })

  test("in the catalog, in its own link and order, and in every list it has", async () => {
    const lists = specs.filter(({ isList, access }) => isList === true && access !== "public")
    for (const path of [
      ...lists.map((spec) => routeOf(spec, { answers: 200 })),
      `/products/${a.productId}`,
      `/links/${linkOfC}`,
      `/orders/${orderOfC.id}`,
      `/complaints/${complaintOfC}`,
      `/products/catalog?supplier_id=${a.org.id}`,
    ]) {
      spy.take()
      const answer = await api("GET", path, { token: c.token })
      expect(leaksToPartner(answer), path).toEqual([])
      expect(strays(spy.take(), c.org.id), path).toEqual([])
    }
  })

  test("INV-CAT-4: of a product: whether there is any, never how much or from when it is little", async () => {
    for (const path of [
      `/products/${a.productId}`,
      `/products/catalog?supplier_id=${a.org.id}`,
      `/products/catalog?q=${a.sku}`,
      "/products/catalog?sort=price",
    ]) {
      const { body } = await api("GET", path, { token: c.token })
      const products = (body.data ?? [body]).filter(({ supplier_id }: { supplier_id: string }) => supplier_id === a.org.id)
      expect(products.length).toBeGreaterThan(0)
      for (const product of products) expect(Object.keys(product).filter((member) => member.includes("stock"))).toEqual([])
    }
  })
})

type JsonSchema = {
  readonly $ref?: string
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
}
type Operation = {
  readonly parameters?: ReadonlyArray<{ readonly name?: string; readonly schema?: JsonSchema }>
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: JsonSchema }>> }
}
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

const isIdPattern = (pattern: string | undefined): boolean => /^\^[a-z]{3}_/.test(pattern ?? "")

/** Names of the members that take an id, in the path, the query and the body. */
function idMembersOf({ components }: Document, operation: Operation | undefined): string[] {
  const names = new Set<string>()
  const walk = (name: string, schema: JsonSchema | undefined): void => {
    if (schema === undefined) return
    if (isIdPattern(schema.pattern)) names.add(name)
    if (schema.$ref !== undefined) walk(name, components.schemas[schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1)])
    for (const part of [...(schema.anyOf ?? []), ...(schema.allOf ?? []), ...(schema.items === undefined ? [] : [schema.items])])
      walk(name, part)
    for (const [member, part] of Object.entries(schema.properties ?? {})) walk(member, part)
  }
  for (const { name, schema } of operation?.parameters ?? []) walk(name ?? "", schema)
  for (const { schema } of Object.values(operation?.requestBody?.content ?? {})) walk("", schema)
  return [...names]
}

/** Names of the members whose value is one of the given. */
function membersWith(values: ReadonlySet<string>, tree: unknown): string[] {
  if (Array.isArray(tree)) return tree.flatMap((part) => membersWith(values, part))
  if (typeof tree !== "object" || tree === null) return []
  const isOne = (part: unknown): boolean => (typeof part === "string" && values.has(part)) || (Array.isArray(part) && part.some(isOne))
  return Object.entries(tree).flatMap(([name, part]) => (isOne(part) ? [name] : membersWith(values, part)))
}
