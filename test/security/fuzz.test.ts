import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { SignJWT } from "jose"
import { beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { tags } from "../../src/domains/tags.ts"
import { type ErrorCode, errorCodes, errors } from "../../src/kernel/errors.ts"
import { idPrefixes, newId } from "../../src/kernel/ids.ts"
import { isPlatformPermission } from "../../src/platform/auth/permissions.ts"
import { configOf } from "../../src/platform/env.ts"
import { type EndpointSpec, fullPath, isMutation, permissionsRequired, takesStream } from "../../src/platform/http/endpoint.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import worker from "../../src/worker.ts"
import { changedAt, type Place, placesIn } from "../support/json-places.ts"
import { quiet } from "../support/ledger.ts"
import { exampleBodies, paramsOf, pathOf, requiredQueryOf } from "../support/requests.ts"
import { tablesOfD1, wholeLedgerOf, wholeOfD1 } from "../support/tenants.ts"
import { platformStaff, signUp, type World } from "../support/world.ts"

/**
 * Whatever is sent to any operation: a 4xx problem with a code of the closed list and the request's id, never a 5xx,
 * and nothing is written. The operation's own schema is the oracle of what is wrong; fast-check prints the seed of what fails.
 */

quiet()

const runsEach = 30
const msEach = 3_000
/** As `readBody` reads of whoever did not sign in. */
const publicBytesMax = 16 * 1_024

const specs = endpoints.map(({ spec }) => spec)
const guarded = specs.filter(({ access }) => access !== "public")
/** What takes a file has bytes that are no JSON as its good input; abuse-files.test.ts is about those. */
const withBody = specs.filter((spec) => spec.body !== undefined && !takesStream(spec))
const mutations = specs.filter(isMutation)
const cases = (list: readonly EndpointSpec[]) => list.map((spec) => [spec.operationId, spec] as const)
const examples = exampleBodies(endpoints, tags)

let world: World
let staffToken: string
let tables: string[]

beforeAll(async () => {
  world = await signUp(["supplier", "buyer"])
  staffToken = (await platformStaff()).token
  tables = await tablesOfD1()
})

/** The token of somebody who may, so that permission does not hide what comes after it. */
const tokenFor = (spec: EndpointSpec): string =>
  permissionsRequired(spec.access).every(isPlatformPermission) && spec.access !== "signed-in" ? staffToken : world.token

type Sent = {
  readonly path?: string
  readonly token?: string | null
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}
type Refused = { readonly status: number; readonly code: ErrorCode; readonly text: string }

let addresses = 0

/** Sends it, and holds the answer to what every refusal is. */
async function refusalOf(spec: EndpointSpec, { path = pathOf(spec), token = tokenFor(spec), body, headers = {} }: Sent): Promise<Refused> {
  addresses += 1
  const request = new Request(`http://api.waybill.test${path.replace(/^\./, "")}`, {
    method: spec.method.toUpperCase(),
    headers: {
      ...(token === null || spec.access === "public" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      // Sign-in counts by address: each call comes from its own.
      "cf-connecting-ip": `2001:db8:${(addresses >> 16).toString(16)}:${(addresses & 0xffff).toString(16)}::1`,
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const response = await worker.fetch(request, env, createExecutionContext())
  const text = await response.text()
  const about = `${spec.operationId} ${path.slice(0, 200)} ${String(body ?? "").slice(0, 300)} → ${response.status} ${text.slice(0, 500)}`
  expect(response.status, about).toBeGreaterThanOrEqual(400)
  expect(response.status, about).toBeLessThan(500)
  expect(response.headers.get("content-type"), about).toBe("application/problem+json")
  const problem = JSON.parse(text) as { code: ErrorCode; status: number; request_id: string; title: string; type: string }
  expect(errorCodes, about).toContain(problem.code)
  expect(problem, about).toMatchObject({ status: response.status, title: errors[problem.code].title, type: expect.any(String) })
  expect(errors[problem.code].status, about).toBe(response.status)
  expect(problem.request_id, about).toBe(response.headers.get("x-request-id"))
  expect(text.length, "an answer is no echo of ten thousand faults").toBeLessThan(20_000)
  expect(text, about).not.toMatch(/at \w+ \(|\.ts:\d+|SQLITE|D1_ERROR|drizzle|zod/i)
  return { status: response.status, code: problem.code, text }
}

type State = { readonly d1: Record<string, string>; readonly ledger: Record<string, string> }

async function stateNow(): Promise<State> {
  const ledger = await wholeLedgerOf(world.org.id)
  return { d1: await wholeOfD1(tables), ledger: { ...ledger, due: "" } }
}

let known: State | undefined

async function expectNothingWritten(work: () => Promise<unknown>): Promise<void> {
  const before = known ?? (await stateNow())
  await work()
  known = await stateNow()
  expect(known).toEqual(before)
}

/** Text that is trouble somewhere: for databases, encodings, parsers, eyes. */
const troubles = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\u001b[31m",
  "\ud800",
  "\u202eevil",
  "e\u0301".repeat(300),
  "\u{1d54a}".repeat(300),
  "x".repeat(20_000),
  "../../../etc/passwd",
  "%00",
  "%2e%2e%2f",
  "'; drop table users; --",
  '" OR 1=1',
  "<script>alert(1)</script>",
  "${7*7}",
  "null",
  "undefined",
  "NaN",
  "Infinity",
  "-1",
  "-0.5",
  "0.0001",
  "1e400",
  "9".repeat(400),
  "0x10",
  "１２",
  "2026-02-30",
  "0000-00-00",
  "9999999-01-01T00:00:00Z",
  "__proto__",
  "constructor",
  "toString",
  ...Object.values(idPrefixes).map((prefix) => `${prefix}_01jd8x2y3zf4g5h6j7k8m9n0pq`),
  "org_81jd8x2y3zf4g5h6j7k8m9n0pq",
  "prd_01JD8X2Y3ZF4G5H6J7K8M9N0PQ",
  "usr_",
]

const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`)
const protoKeyed: unknown = JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": {"prototype": {"x": 1}}}')

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...troubles) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      -1,
      0,
      -0.5,
      0.0001,
      1e308,
      2 ** 53,
      -(2 ** 53),
      1e21,
      {},
      [],
      [[]],
      [null],
      nested(2_000),
      protoKeyed,
      Array(2_000).fill("x"),
    ),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
)

const without = (value: unknown, path: Place): unknown => {
  const last = path.at(-1)
  return changedAt(value, path.slice(0, -1), (parent) =>
    Array.isArray(parent)
      ? parent.filter((_, index) => index !== last)
      : Object.fromEntries(Object.entries(parent as object).filter(([name]) => name !== last)),
  )
}

/** A good body with something wrong in it: a value replaced, a member gone, a member too many. */
function hostileBody(good: unknown): fc.Arbitrary<unknown> {
  const places = placesIn(good)
  const objects = places.filter((path) => typeof at(good, path) === "object" && !Array.isArray(at(good, path)))
  const place = fc.constantFrom(...places)
  return fc.oneof(
    { weight: 5, arbitrary: fc.tuple(place, hostileValue).map(([path, value]) => changedAt(good, path, () => value)) },
    { weight: 1, arbitrary: place.map((path) => (path.length === 0 ? {} : without(good, path))) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...(objects.length === 0 ? [[]] : objects)),
          fc.constantFrom("id", "org_id", "roles", "is_admin", "constructor", "", "\u0000", "price_minor"),
          hostileValue,
        )
        .map(([path, name, value]) => changedAt(good, path, (old) => ({ ...(old as object), [name]: value }))),
    },
  )
}

const at = (value: unknown, path: Place): unknown =>
  path.reduce<unknown>((part, name) => (part as Record<string | number, unknown>)[name], value)

/** As it arrives: lone surrogates and the like are what JSON makes of them. */
const arrived = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? "null")

const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>, numRuns = runsEach): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, property), { numRuns, interruptAfterTimeLimit: msEach, markInterruptAsFailure: false })

describe("INV-HTTP-3: a body that the operation does not take", () => {
  test.each(cases(withBody))("%s", async (operationId, spec) => {
    const good = examples.get(operationId) ?? {}
    let refused = 0
    await expectNothingWritten(() =>
      check(hostileBody(good), async (wrong) => {
        const body = arrived(wrong)
        // Some of what looks hostile is merely odd: a name may well be a bracket. Odd is not refused here, nor sent.
        if (spec.body?.safeParse(body).success === true) return
        const text = JSON.stringify(body)
        const { code } = await refusalOf(spec, { body: text })
        // A stranger is read less of than somebody known.
        expect(code).toBe(text.length > publicBytesMax && spec.access === "public" ? "PAYLOAD_TOO_LARGE" : "VALIDATION_FAILED")
        refused += 1
      }),
    )
    expect(refused).toBeGreaterThan(0)
  })

  test.each(cases(withBody))("nor is JSON, nor UTF-8, nor said to be either: %s", async (operationId, spec) => {
    const good = JSON.stringify(examples.get(operationId) ?? {})
    await expectNothingWritten(async () => {
      for (const body of [
        "{",
        "{]",
        '{"a":1,}',
        "{'a': 1}",
        `${good}${good}`,
        good.slice(0, -1),
        "\u0000",
        "NaN",
        "undefined",
        '{"a": 01}',
        "[".repeat(5_000),
        "<xml/>",
      ]) {
        expect((await refusalOf(spec, { body })).code, body.slice(0, 40)).toBe("MALFORMED_JSON")
      }
      expect((await refusalOf(spec, { body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]) })).code).toBe("MALFORMED_JSON")
      for (const type of [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-ndjson",
        "application/jsonp",
        "text/json",
        "garbage",
      ]) {
        expect((await refusalOf(spec, { body: good, headers: { "content-type": type } })).code, type).toBe("UNSUPPORTED_MEDIA_TYPE")
      }
      // What calls itself a form and is JSON is JSON, for the sake of curl; what is a form is none of ours, but at sign-in.
      const form = { body: "a=1&b=2", headers: { "content-type": "application/x-www-form-urlencoded" } }
      expect((await refusalOf(spec, form)).code).toBe(spec.bodyType === "json-or-form" ? "VALIDATION_FAILED" : "UNSUPPORTED_MEDIA_TYPE")
    })
  })

  test.each(cases(mutations.filter((spec) => !takesStream(spec))))("is longer than the limit: %s", async (operationId, spec) => {
    const tooLong = `${" ".repeat(configOf(env).BODY_BYTES_MAX)}${JSON.stringify(examples.get(operationId) ?? {})}`
    await expectNothingWritten(async () => {
      const { code } = await refusalOf(spec, { path: `${pathOf(spec)}${requiredQueryOf(spec)}`, body: tooLong })
      expect(code).toBe("PAYLOAD_TOO_LARGE")
    })
  })
})

describe("INV-HTTP-3: a path or query that the operation does not take", () => {
  const hostileText = fc.oneof(
    fc.constantFrom(...troubles.filter((text) => text !== "\ud800")),
    fc.string({ unit: "grapheme", maxLength: 60 }),
  )

  /** Dots and emptiness make another path of it, which is for the router. */
  const staysOnPath = (text: string): boolean => text !== "" && !/^\.{1,2}$|^%2e$/i.test(text)

  test.each(cases(specs.filter(({ params }) => params !== undefined)))("path of %s", async (operationId, spec) => {
    const names = Object.keys(paramsOf(spec))
    await expectNothingWritten(() =>
      check(fc.tuple(fc.constantFrom(...names), hostileText.filter(staysOnPath)), async ([name, text]) => {
        const params = { ...paramsOf(spec), [name]: text }
        if (spec.params?.safeParse(params).success === true) return
        const body = spec.body === undefined ? {} : { body: JSON.stringify(examples.get(operationId) ?? {}) }
        expect(["VALIDATION_FAILED", "NOT_FOUND"]).toContain((await refusalOf(spec, { path: pathOf(spec, params), ...body })).code)
      }),
    )
  })

  test.each(cases(specs))("query of %s", async (operationId, spec) => {
    const known_ = Object.keys(fieldsOf(spec.query))
    const name = fc.constantFrom(...known_, "page", "offset", "org_id", "__proto__", "constructor", "limit[]", "")
    const body = spec.body === undefined ? {} : { body: JSON.stringify(examples.get(operationId) ?? {}) }
    await expectNothingWritten(async () => {
      await check(fc.tuple(name, hostileText), async ([parameter, text]) => {
        const search = new URLSearchParams([[parameter, text]]).toString()
        const given = Object.fromEntries(new URLSearchParams(search))
        const isTaken = spec.query === undefined ? Object.keys(given).length === 0 : spec.query.safeParse(given).success
        // A cursor that is a string and no cursor is found out by the list itself.
        if (isTaken && parameter !== "cursor") return
        expect((await refusalOf(spec, { path: `${pathOf(spec)}?${search}`, ...body })).code).toBe("VALIDATION_FAILED")
      })
      const [twice = "limit"] = known_
      expect((await refusalOf(spec, { path: `${pathOf(spec)}?${twice}=1&${twice}=1`, ...body })).code).toBe("VALIDATION_FAILED")
    })
  })

  test.each(cases(specs.filter(({ isList }) => isList === true)))("limit and cursor of %s", async (_, spec) => {
    const cursors = [
      "x",
      "e30",
      "W10",
      "bnVsbA",
      btoa('["nonsense","x"]').replace(/=+$/, ""),
      btoa(JSON.stringify(["catalog", 1, 2, 3])).replace(/=+$/, ""),
      "A".repeat(5_000),
      "%00",
      "....",
      "",
    ]
    for (const limit of ["0", "-1", "101", "1e9", "1.5", "NaN", "١", "0x10", "1,2", "99999999999999999999"]) {
      expect((await refusalOf(spec, { path: `${pathOf(spec)}?limit=${encodeURIComponent(limit)}` })).code, limit).toBe("VALIDATION_FAILED")
    }
    for (const cursor of cursors)
      expect((await refusalOf(spec, { path: `${pathOf(spec)}?cursor=${encodeURIComponent(cursor)}` })).code, cursor.slice(0, 30)).toBe(
        "VALIDATION_FAILED",
      )
  })
})

describe("INV-HTTP-3: a header that is none", () => {
  const changing = mutations.filter(({ access }) => access !== "public")

  test.each(cases(changing))("If-Match and Idempotency-Key of %s", async (operationId, spec) => {
    const body = spec.body === undefined ? {} : { body: JSON.stringify(examples.get(operationId) ?? {}) }
    await expectNothingWritten(async () => {
      for (const etag of ["x", '"x"', "7", '"7"', '"7.1.q"', 'W/"7.1.o"', '"-1.1.o"', '"7.1.o", "8.1.o"', "''"]) {
        expect(["VERSION_MISMATCH", "NOT_FOUND"], etag).toContain((await refusalOf(spec, { ...body, headers: { "if-match": etag } })).code)
      }
      for (const key of ["a key", "k".repeat(256), "a\tb"]) {
        // What counts as guessing is counted by account too, whatever address it comes from.
        expect(["VALIDATION_FAILED", ...(spec.isSignIn === true ? ["RATE_LIMITED"] : [])], key.slice(0, 20)).toContain(
          (await refusalOf(spec, { ...body, headers: { "idempotency-key": key } })).code,
        )
      }
    })
  })
})

describe("a token that is none of ours, on every guarded operation", () => {
  const [issuer, audience] = ["waybill", "waybill-api"]
  const part = (value: unknown): string => btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")
  const claims = (changes: Readonly<Record<string, unknown>> = {}) => {
    const now = Math.floor(Date.now() / 1000)
    return {
      sub: world.owner.id,
      org: world.org.id,
      slug: world.org.slug,
      sid: newId("ses", Date.now()),
      name: "X",
      roles: ["owner"],
      iss: issuer,
      aud: audience,
      iat: now,
      exp: now + 900,
      ...changes,
    }
  }
  const signed = (
    secret: string,
    header: Readonly<Record<string, unknown>>,
    changes: Readonly<Record<string, unknown>> = {},
  ): Promise<string> =>
    new SignJWT(claims(changes)).setProtectedHeader({ alg: "HS256", typ: "JWT", ...header } as never).sign(new TextEncoder().encode(secret))

  async function forged(): Promise<ReadonlyArray<readonly [string, string]>> {
    const [first] = configOf(env).JWT_KEYS
    if (first === undefined) throw new Error("no key")
    const { kid, secret } = first
    const other = "an-attackers-own-signing-key-of-some-length"
    const [head = "", , tail = ""] = world.token.split(".")
    return [
      ["alg none", `${part({ alg: "none", typ: "JWT", kid })}.${part(claims())}.`],
      ["alg None with our signature", `${part({ alg: "None", typ: "JWT", kid })}.${part(claims())}.${tail}`],
      ["another key under our kid", await signed(other, { kid })],
      ["no kid", await signed(secret, {})],
      ["an unknown kid", await signed(secret, { kid: "k9" })],
      ["a kid that is a path", await signed("", { kid: "../../dev/null" }).catch(() => "x.y.z")],
      ["another of our keys' kid", await signed(secret, { kid: configOf(env).JWT_KEYS[1]?.kid ?? "none" })],
      ["another issuer", await signed(secret, { kid }, { iss: "elsewhere" })],
      ["another audience", await signed(secret, { kid }, { aud: "another-api" })],
      ["another type", await signed(secret, { kid, typ: "at+jwt" })],
      ["another organization's claim, signed anew by another key", await signed(other, { kid }, { org: newId("org", Date.now()) })],
      ["another organization's claim under the old signature", `${head}.${part(claims({ org: newId("org", Date.now()) }))}.${tail}`],
      ["expired a second ago", await signed(secret, { kid }, { iat: 1, exp: Math.floor(Date.now() / 1000) - 1 })],
      ["no expiry", await signed(secret, { kid }, { exp: undefined })],
      ["a subject of another kind", await signed(secret, { kid }, { sub: world.org.id })],
      ["a refresh token", world.owner.refreshToken],
      ["an API key that nobody made", `wbk_${"A".repeat(43)}`],
      ["not a token", "x"],
      ["three dots", "..."],
      ["ten thousand characters", "x".repeat(10_000)],
    ]
  }

  test.each(cases(guarded))("%s", async (_, spec) => {
    await expectNothingWritten(async () => {
      for (const [what, token] of await forged()) {
        const { code } = await refusalOf(spec, { token })
        expect(["UNAUTHENTICATED", "TOKEN_EXPIRED"], what).toContain(code)
        if (what.startsWith("expired")) expect(code).toBe("TOKEN_EXPIRED")
      }
      for (const authorization of [
        "",
        "Bearer",
        "Bearer ",
        "Basic b3duZXI6b3duZXI=",
        `Token ${world.token}`,
        `Bearer ${world.token} extra`,
        world.token,
      ]) {
        expect((await refusalOf(spec, { token: null, headers: { authorization } })).code, authorization.slice(0, 20)).toBe(
          "UNAUTHENTICATED",
        )
      }
    })
  })
})

describe("a path or method that is none", () => {
  test("is 404, or 405 with what there is", async () => {
    const known_ = new Map(
      Map.groupBy(
        specs.filter(({ isDevelopmentOnly }) => isDevelopmentOnly !== true),
        fullPath,
      ),
    )
    for (const [path, there] of known_) {
      const [spec] = there
      if (spec === undefined) continue
      const methods = there.map(({ method }) => method.toUpperCase())
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((one) => !methods.includes(one))) {
        const response = await worker.fetch(
          new Request(`http://api.waybill.test${pathOf(spec).slice(1)}`, { method }),
          env,
          createExecutionContext(),
        )
        const said = (await response.json()) as { code: string }
        // Another operation's pattern may take it: /products/{id} takes /products/catalog.
        if (response.status === 405)
          expect([said.code, response.headers.get("allow")]).toEqual(["METHOD_NOT_ALLOWED", expect.stringContaining(methods[0] ?? "")])
        else expect([path, method, response.status]).toEqual([path, method, 401])
      }
    }
    for (const path of [
      "/",
      "/api",
      "/api/v1",
      "/api/v2/products",
      "/api/v1/nope",
      "/api/v1/products/a/b/c",
      "/api/v1//products",
      "/.env",
      "/api/v1/%2e%2e/health",
      "/api/v1/products%00",
      "/API/V1/PRODUCTS",
    ]) {
      const response = await worker.fetch(new Request(`http://api.waybill.test${path}`), env, createExecutionContext())
      expect([path, response.status, ((await response.json()) as { code: string }).code]).toEqual([path, 404, "NOT_FOUND"])
    }
  })
})
