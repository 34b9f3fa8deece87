import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { tags } from "../../src/domains/tags.ts"
import { type ErrorCode, errors } from "../../src/kernel/errors.ts"
import { type EndpointSpec, isMutation } from "../../src/platform/http/endpoint.ts"
import { exampleBodies, pathOf } from "../support/requests.ts"
import { furnished, linked, ordered, tablesOfD1, type Tenant, wholeOfD1 } from "../support/tenants.ts"
import { type Answer, api, type CallOptions, type Person, platformStaff } from "../support/world.ts"

/**
 * Hostile input to every operation there is. Whatever is certainly wrong is refused with a 4xx problem that says so, and
 * nothing is written; whatever chance makes of a good request is never answered by a 500. A failing run prints its seed.
 */

const specs = endpoints.map(({ spec }) => spec).filter((spec) => spec.isDevelopmentOnly !== true && !spec.path.startsWith("./"))
const mutations = specs.filter(isMutation)
const withBody = mutations.filter((spec) => spec.body !== undefined)
const examples = exampleBodies(endpoints, tags)

let supplier: Tenant
let staff: Person
let tables: readonly string[]
const realIds = new Map<string, string>()

beforeAll(async () => {
  supplier = await furnished("fuzzed", ["supplier", "buyer"])
  const buyer = await furnished("fuzzing", ["buyer"])
  staff = await platformStaff()
  const linkId = await linked(supplier, buyer)
  const order = await ordered(supplier, buyer, "For the fuzz")
  for (const id of ["getOrder", "setOrderStatus", "reorder"]) realIds.set(id, order.id)
  for (const id of ["getProduct", "updateProduct"]) realIds.set(id, supplier.productId)
  for (const id of ["getLink", "setLinkStatus"]) realIds.set(id, linkId)
  tables = await tablesOfD1()
}, 120_000)

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

function ask(spec: EndpointSpec, options: CallOptions & { query?: string; id?: string } = {}): Promise<Answer> {
  const { query = "", id = realIds.get(spec.operationId), ...rest } = options
  const token = String(spec.access).startsWith("platform.") ? staff.token : supplier.token
  return api(spec.method.toUpperCase() as Method, pathOf(spec, id === undefined ? {} : { id }) + query, { ...(spec.access === "public" ? {} : { token }), ...rest })
}

/** INV-HTTP-3: a refusal is a problem document with a code of the closed list, its status and the request's id. */
function expectProblem({ status, headers, body }: Answer): void {
  expect(status, JSON.stringify(body)).toBeGreaterThanOrEqual(400)
  expect(status, JSON.stringify(body)).toBeLessThan(500)
  expect(headers.get("content-type")).toBe("application/problem+json")
  expect(errors[body.code as ErrorCode].status).toBe(status)
  expect(body.request_id).toMatch(/^req_/)
}

/** Asks, and holds that D1 is to the letter what it was. */
async function expectRefused(requests: ReadonlyArray<readonly [codes: readonly ErrorCode[], answer: () => Promise<Answer>]>): Promise<void> {
  const before = await wholeOfD1(tables)
  for (const [codes, request] of requests) {
    const answer = await request()
    expectProblem(answer)
    expect([...codes, "RATE_LIMITED"], JSON.stringify(answer.body)).toContain(answer.body.code)
  }
  expect(await wholeOfD1(tables)).toEqual(before)
}

const deep = `${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`

describe("what is certainly wrong", () => {
  test.each(withBody.map((spec) => [spec.operationId, spec] as const))("%s refuses a body that is no body of its own, and writes nothing", async (_id, spec) => {
    const raw = (body: string, headers: Record<string, string> = {}) => ask(spec, { body, headers: { "content-type": "application/json", ...headers } })
    const invalid = ["VALIDATION_FAILED"] as const
    await expectRefused([
      ...['{"a":', "{'a':1}", "nonsense", "\u0000", '{"a":NaN}', '"\ud800'].map((text) => [["MALFORMED_JSON"] as const, () => raw(text)] as const),
      ...["[]", "1", '"text"', "true", '{"no_such_field":1}', '{"__proto__":{"is_admin":true}}', '{"constructor":{"prototype":{}}}', deep].map((text) => [invalid, () => raw(text)] as const),
      [["UNSUPPORTED_MEDIA_TYPE"], () => raw("<a/>", { "content-type": "application/xml" })],
      [["UNSUPPORTED_MEDIA_TYPE"], () => raw("{}", { "content-type": "text/plain" })],
      [["PAYLOAD_TOO_LARGE"], () => raw(JSON.stringify({ a: "x".repeat(1_100_000) }))],
    ])
  })

  const withParams = specs.filter((spec) => spec.path.includes("{id}"))
  test.each(withParams.map((spec) => [spec.operationId, spec] as const))("%s refuses what is no id, and an id of another kind", async (_id, spec) => {
    const body = examples.get(spec.operationId)
    const given = body === undefined ? {} : { body }
    const kind = pathOf(spec).match(/\/([a-z]{3})_/)?.[1]
    const other = kind === "usr" ? "ord_01jd8x2y3zf4g5h6j7k8m9n0pq" : "usr_01jd8x2y3zf4g5h6j7k8m9n0pq"
    const bad = ["1", "-1", "null", "undefined", "' or 1=1 --", "..%2f..", `${kind}_`, `${kind}_81jd8x2y3zf4g5h6j7k8m9n0pq`, `${kind}_01JD8X2Y3ZF4G5H6J7K8M9N0PQ`, "x".repeat(2_000), other]
    await expectRefused(bad.map((id) => [["VALIDATION_FAILED"] as const, () => ask(spec, { id, ...given })] as const))
  })

  const lists = specs.filter((spec) => spec.isList === true)
  test.each(lists.map((spec) => [spec.operationId, spec] as const))("%s refuses absurd limits, made-up cursors, and parameters it does not take or takes once", async (_id, spec) => {
    const cursor = (value: unknown) => encodeURIComponent(btoa(JSON.stringify(value)).replaceAll("=", ""))
    const queries = [
      "?limit=0",
      "?limit=-1",
      "?limit=101",
      "?limit=1e9",
      "?limit=1.5",
      "?limit=ten",
      "?limit=5&limit=6",
      "?no_such_parameter=1",
      "?cursor=nonsense",
      "?cursor=%00",
      `?cursor=${"A".repeat(5_000)}`,
      `?cursor=${cursor(["another-list", "x"])}`,
      `?cursor=${cursor({ a: 1 })}`,
      `?cursor=${cursor([])}`,
      "?__proto__=1",
    ]
    await expectRefused(queries.map((query) => [["VALIDATION_FAILED"] as const, () => ask(spec, { query })] as const))
  })

  test.each(mutations.map((spec) => [spec.operationId, spec] as const))("%s refuses an Idempotency-Key that is none", async (_id, spec) => {
    const body = examples.get(spec.operationId)
    const given = body === undefined ? {} : { body }
    await expectRefused(
      ["two words", "ü", "x".repeat(256)].map((key) => [["VALIDATION_FAILED"] as const, () => ask(spec, { ...given, headers: { "idempotency-key": key } })] as const),
    )
  })

  const signedIn = specs.filter((spec) => spec.access !== "public")
  test.each(signedIn.map((spec) => [spec.operationId, spec] as const))("%s refuses whoever cannot say who they are", async (_id, spec) => {
    const body = examples.get(spec.operationId)
    const given = body === undefined ? {} : { body }
    const tokens = ["", "Bearer", "Bearer a.b.c", "Bearer wbk_made-up", "Basic dXNlcjpwYXNz", `Bearer ${"x".repeat(8_000)}`]
    await expectRefused(tokens.map((authorization) => [["UNAUTHENTICATED"] as const, () => ask(spec, { ...given, headers: { authorization } })] as const))
  })

  test("quantities off the step, below zero, too fine or too large are refused one by one", async () => {
    const place = specs.find(({ operationId }) => operationId === "placeOrder")
    if (place === undefined) throw new Error("placeOrder is gone")
    const buy = (quantity: unknown) => ({ supplier_id: supplier.org.id, items: [{ product_id: supplier.productId, quantity }] })
    const quantities = [0, -1, -0.5, 0.0001, 1e300, "1e3", "", "1,5", "Infinity", null, true, [1], { n: 1 }, 1_000_000_001]
    await expectRefused(quantities.map((quantity) => [["VALIDATION_FAILED"] as const, () => ask(place, { body: buy(quantity) })] as const))
  })
})

describe("what chance makes of a good request", () => {
  const hostile = fc.oneof(
    fc.constantFrom<unknown>(
      null, true, -1, 0, 0.5, 1e308, -1e-7, "", " ", "\u0000", "\ud800", "💣".repeat(300), "x".repeat(5_000), "' OR 1=1 --", '"*" NEAR(', "{{7*7}}", "%00", "../../etc", "\r\nSet-Cookie: a=b",
      [], {}, [[]], { $ne: null }, "ord_01jd8x2y3zf4g5h6j7k8m9n0pq", "2026-02-30", "9".repeat(400),
    ),
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.jsonValue(),
  )

  /** The value with one place in it replaced. */
  function replaced(value: unknown, path: readonly number[], by: unknown): unknown {
    const [step, ...rest] = path
    if (step === undefined || value === null || typeof value !== "object") return by
    if (Array.isArray(value)) return value.length === 0 ? [by] : value.map((item, index) => (index === step % value.length ? replaced(item, rest, by) : item))
    const names = Object.keys(value)
    if (names.length === 0) return by
    const chosen = names[step % names.length]
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, name === chosen ? replaced(member, rest, by) : member]))
  }

  /** Operations whose success would end the test's own session or organization. */
  const spared = new Set(["signOut", "changePassword", "deactivateOrganization", "updateOrganization"])

  test("no body, query or header is ever answered by a 500", async () => {
    const bodies = withBody.filter(({ operationId }) => !spared.has(operationId))
    const queried = specs.filter((spec) => spec.method === "get" && spec.query !== undefined)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.record({ spec: fc.constantFrom(...bodies), path: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), by: hostile }),
          fc.record({ spec: fc.constantFrom(...queried), name: fc.constantFrom("q", "status", "from", "to", "cursor", "category", "min_price", "sort", "side", "supplier_id", "entity", "prefix"), by: hostile }),
        ),
        async (shot) => {
          const text = "name" in shot ? (typeof shot.by === "string" ? shot.by : (JSON.stringify(shot.by) ?? "")) : ""
          const answer = await ("name" in shot
            ? ask(shot.spec, { query: `?${shot.name}=${encodeURIComponent(text.isWellFormed() ? text : "\ufffd")}` })
            : ask(shot.spec, { body: replaced(examples.get(shot.spec.operationId), shot.path, shot.by) ?? null }))
          if (answer.status >= 400) expectProblem(answer)
        },
      ),
      { numRuns: 400 },
    )
  }, 120_000)
})
