import { beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import { api, type Person, platformStaff, signUp, type World } from "../support/world.ts"
import { exampleFor, pathTo, send, withBody, withoutBody } from "./mutations.ts"

/** Input that is small to send and would be large to read: regular-expression bombs, deep and wide JSON, endless headers. */

let world: World
let staff: Person

beforeAll(async () => {
  world = await signUp(["supplier", "buyer"])
  staff = await platformStaff()
})

describe("a bomb does little", () => {
  /** The runtime's clock moves with I/O alone. */
  const now = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 0))
    return performance.now()
  }
  const msMax = 2_000

  /** Work that is quadratic in these lengths takes many seconds each time; a busy machine is slow but once or twice. */
  async function isQuick(work: () => unknown): Promise<boolean> {
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const started = await now()
      await work()
      if ((await now()) - started < msMax) return true
    }
    return false
  }

  const length = 100_000
  const bombs = [
    "a".repeat(length),
    " ".repeat(length),
    "-".repeat(length),
    "\r\n".repeat(length / 2),
    "0.".repeat(length / 2),
    `${"a".repeat(length)}@`,
    `a@${"a.".repeat(length / 2)}`,
    `a@${"a-".repeat(length / 2)}`,
    `${"a.".repeat(length / 2)}@a.a`,
    `2026-01-01T00:00:00.${"0".repeat(length)}`,
    `${" ".repeat(length)}x`,
    `org_${"0".repeat(length)}`,
    "e\u0301".repeat(length / 2),
    "\u0300".repeat(length),
    `-${"1".repeat(length)}.${"1".repeat(length)}`,
  ]
  /** What passes every limit on length, and is as bad as it can be for a pattern. */
  const short = bombs.flatMap((bomb) => [254, 64].map((chars) => bomb.slice(0, chars)))

  /** The example with one of its strings after the other replaced. */
  function replaced(value: unknown, text: string): unknown[] {
    if (typeof value === "string") return [text]
    if (Array.isArray(value)) return value.flatMap((member, n) => replaced(member, text).map((other) => value.with(n, other)))
    if (typeof value !== "object" || value === null) return []
    return Object.entries(value).flatMap(([name, member]) => replaced(member, text).map((other) => ({ ...value, [name]: other })))
  }

  test.each(withBody.map((spec) => [spec.operationId, spec] as const))(
    "%s parses no string of a hundred thousand characters slowly",
    async (_, spec) => {
      for (const bomb of [...bombs, ...short]) {
        const quick = await isQuick(() => {
          for (const body of replaced(exampleFor(spec), bomb)) spec.body?.safeParse(body)
        })
        expect([bomb.slice(0, 10), quick]).toEqual([bomb.slice(0, 10), true])
      }
    },
  )

  test("no query or path parameter is parsed slowly", async () => {
    for (const { spec } of endpoints) {
      for (const schema of [spec.query, spec.params]) {
        const names = Object.keys(fieldsOf(schema))
        const quick = await isQuick(() => {
          for (const name of names) for (const bomb of [...bombs, ...short]) schema?.safeParse({ [name]: bomb })
        })
        expect([spec.operationId, quick]).toEqual([spec.operationId, true])
      }
    }
  })

  test("no header is read slowly", async () => {
    const longest = 12_000
    const values = ["a", " ", "+", ",", '"1', ":"].map((part) => part.repeat(longest / part.length))
    for (const name of [
      "authorization",
      "if-match",
      "if-none-match",
      "idempotency-key",
      "x-request-id",
      "content-type",
      "x-tenant-id",
      "cf-connecting-ip",
    ]) {
      for (const value of values) {
        const text = name === "authorization" ? `Bearer ${value}x y` : name === "content-type" ? `application/${value}` : `${value}x`
        const quick = await isQuick(async () => {
          const { status } = await api("PATCH", "/auth/me", { token: world.token, headers: { [name]: text }, body: {} })
          expect(status).toBeLessThan(500)
        })
        expect([name, quick]).toEqual([name, true])
      }
    }
  })

  test("a stranger's body is read up to 16 KiB, whatever a member of staff may send", async () => {
    const bodies = ["[".repeat(20_000), `{"email":"${"x".repeat(17_000)}"}`]
    for (const spec of withBody.filter(({ access }) => access === "public")) {
      for (const body of bodies) {
        const answer = await api("POST", pathTo(spec), { body })
        expect([spec.operationId, answer.status, answer.body.code]).toEqual([spec.operationId, 413, "PAYLOAD_TOO_LARGE"])
      }
    }
  })

  test("depth, a hundred thousand members, long names and long lists are refused with a short answer", async () => {
    const many = (part: string, count: number) => Array.from({ length: count }, () => part).join(",")
    const bodies = [
      "[".repeat(250_000) + "]".repeat(250_000),
      `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
      `{${Array.from({ length: 80_000 }, (_, n) => `"k${n}":1`).join(",")}}`,
      `{"${"k".repeat(900_000)}":1}`,
      `{"supplier_id":"x","items":[${many("{}", 300_000)}]}`,
      `{"supplier_id":"x","items":[${many("1", 450_000)}]}`,
      `{"supplier_id":${"9".repeat(900_000)},"items":[]}`,
      `{"items":[{"quantity":1e${"9".repeat(1_000)}}]}`,
    ]
    for (const body of bodies) {
      const quick = await isQuick(async () => {
        const answer = await api("POST", "/orders", { token: world.token, body })
        expect([400, 422]).toContain(answer.status)
        expect(JSON.stringify(answer.body).length).toBeLessThan(10_000)
      })
      expect([body.slice(0, 10), quick]).toEqual([body.slice(0, 10), true])
    }
  })

  test("every mutation that takes no body reads one within the limit, and no further", async () => {
    expect(withoutBody.length).toBeGreaterThan(3)
    for (const spec of withoutBody) {
      const answer = await send(spec, "[".repeat(1_100_000), { owner: world.token, staff: staff.token })
      expect([spec.operationId, answer.status]).toEqual([spec.operationId, 413])
    }
  })
})
