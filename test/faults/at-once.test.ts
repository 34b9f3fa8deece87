import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { configOf } from "../../src/platform/env.ts"
import { D1Faults } from "../support/d1-faults.ts"
import { d1, order, pause, quiet, stocked, trading } from "../support/ledger.ts"
import { market } from "../support/market.ts"
import { expectProjected } from "../support/projection.ts"
import { api, signIn, signUp, unique } from "../support/world.ts"

beforeAll(quiet)

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))

describe("the same command many times at once", () => {
  test("INV-CMD-1: twenty times at once under one id make one order, and all get the same answer", async () => {
    const { ledger, buyer, product } = await trading(100)
    const commandId = crypto.randomUUID()
    const replies = await Promise.all(times(20, () => ledger.give(buyer, "placeOrder", order(buyer, [product.id, 1]), { commandId })))
    for (const { result } of replies) expect(result).toEqual(replies[0]?.result)
    expect(replies[0]?.result).toMatchObject({ ok: true, value: { number: "SO-00001" } })
    expect(await ledger.count("orders")).toBe(1)
    expect(await d1("select action from audit_logs where org_id = ? and entity = 'order'", buyer.id)).toHaveLength(1)
    await expectProjected(ledger, [buyer])
  })

  test("twenty requests at once with one Idempotency-Key make one order", async () => {
    const { buyer, body } = await market()
    const headers = { "idempotency-key": "one-order-please" }
    const answers = await Promise.all(times(20, () => api("POST", "/orders", { token: buyer.token, body, headers })))
    expect(answers.map(({ status }) => status)).toEqual(times(20, () => 201))
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
    const { body: list } = await api("GET", "/orders/my-orders", { token: buyer.token })
    expect(list.data).toHaveLength(1)
    const other = await api("POST", "/orders", { token: buyer.token, body: { ...body, note: "another" }, headers })
    expect({ status: other.status, code: other.body.code }).toEqual({ status: 409, code: "IDEMPOTENCY_KEY_REUSED" })
  })

  test.each<[path: string, body: (n: number) => object]>([
    [
      "/users",
      (n) => ({ email: `${unique(`twice${n}`)}@example.test`, password: "correct horse battery", full_name: "Twice", roles: ["staff"] }),
    ],
    ["/roles", (n) => ({ name: `twice_${n}`, permissions: ["orders.order.read"] })],
    ["/invitations", (n) => ({ email: `${unique(`asked${n}`)}@example.test`, roles: ["staff"] })],
    ["/families", (n) => ({ code: 845 + n, name: "Twice" })],
  ])("INV-HTTP-2: of two POST %s under one key, both get the first's answer, wherever it overtakes the second", async (path, bodyOf) => {
    const { token } = await signUp()
    let overtakings = 0
    for (const [key, nth] of times(6, (index) => [`overtaken-${index}`, index + 1] as const)) {
      using faults = new D1Faults()
      const body = bodyOf(nth)
      const ask = () => api("POST", path, { token, body, headers: { "idempotency-key": key } })
      let overtaking: Awaited<ReturnType<typeof ask>> | undefined
      faults.before(nth, async () => {
        overtaking = await ask()
        overtakings += 1
      })
      const overtaken = await ask()
      expect(overtaken.status, JSON.stringify(overtaken.body)).toBe(201)
      if (overtaking !== undefined) expect(overtaken.body).toEqual(overtaking.body)
    }
    // Before it looks for a kept answer, and before its own batch.
    expect(overtakings).toBeGreaterThanOrEqual(2)
  })

  test("INV-HTTP-2, INV-ID-2: a refresh under one key that overtakes its repeat is no theft: its tokens stay good", async () => {
    let overtakings = 0
    for (const nth of times(6, (index) => index + 1)) {
      const { owner } = await signUp()
      const { refreshToken } = await signIn(owner.email)
      using faults = new D1Faults()
      const ask = () =>
        api("POST", "/auth/refresh", { body: { refresh_token: refreshToken }, headers: { "idempotency-key": `refreshed-${nth}` } })
      let first: Awaited<ReturnType<typeof ask>> | undefined
      faults.before(nth, async () => {
        first = await ask()
        overtakings += 1
      })
      const second = await ask()
      expect(second.status, JSON.stringify(second.body)).toBe(200)
      const { body: tokens } = first ?? second
      expect((await api("POST", "/auth/refresh", { body: { refresh_token: tokens.refresh_token as string } })).status).toBe(200)
    }
    expect(overtakings).toBeGreaterThanOrEqual(3)
  })

  test("INV-CMD-1: another request under the same id is IDEMPOTENCY_KEY_REUSED, and does nothing", async () => {
    const { ledger, buyer, product } = await trading(100)
    const commandId = crypto.randomUUID()
    await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]), { commandId, requestHash: "first" })
    const before = await ledger.count("outbox_append")
    expect(await ledger.codeOf(buyer, "placeOrder", order(buyer, [product.id, 2]), { commandId, requestHash: "second" })).toBe(
      "IDEMPOTENCY_KEY_REUSED",
    )
    expect(await ledger.count("orders")).toBe(1)
    expect(await ledger.count("outbox_append")).toBe(before)
  })

  test("INV-CMD-1: a kept refusal is repeated; STOCK_INSUFFICIENT is not kept, since a retry may succeed", async () => {
    const { ledger, buyer, product } = await trading(1)
    const dear = { ...order(buyer, [product.id, 1]), expectedTotal: "1.00" }
    expect(await ledger.codeOf(buyer, "placeOrder", dear, { commandId: "dear" })).toBe("PRICE_CHANGED")
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, price: "1.00" })
    expect(await ledger.codeOf(buyer, "placeOrder", dear, { commandId: "dear" })).toBe("PRICE_CHANGED")
    expect(await ledger.codeOf(buyer, "placeOrder", dear, { commandId: "again" })).toBe("OK")

    const large = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 5]))
    const accept = { orderId: large.id, status: "ACCEPTED", reason: null } as const
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", accept, { commandId: "accept" })).toBe("STOCK_INSUFFICIENT")
    await ledger.must(ledger.owner, "updateProduct", { productId: product.id, stockMilli: 5_000 })
    expect(await ledger.codeOf(ledger.owner, "setOrderStatus", accept, { commandId: "accept" })).toBe("OK")
  })
})

describe("more orders than stock", () => {
  test("of 100 PENDING orders of one unit on a stock of 50, all accepted at once, exactly 50 are; the rest stay PENDING; the books add up", async () => {
    const { ledger, buyer, product } = await trading(50)
    const placed = await Promise.all(times(100, () => ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))))
    const replies = await Promise.all(
      placed.map(({ id }) => ledger.give(ledger.owner, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null })),
    )
    const codes = replies.map(({ result }) => (result.ok ? result.value.status : result.error.code))
    expect(codes.filter((code) => code === "ACCEPTED")).toHaveLength(50)
    expect(codes.filter((code) => code === "STOCK_INSUFFICIENT")).toHaveLength(50)
    const refused = replies.find(({ result }) => !result.ok)?.result
    expect(refused?.ok === false ? refused.error.extra : undefined).toEqual({
      shortages: [{ product_id: product.id, sku: product.sku, asked: 1, available: 0 }],
    })
    expect(await d1("select status, count(*) as n from orders where org_id = ? group by status order by status", ledger.owner.id)).toEqual([
      { status: "ACCEPTED", n: 50 },
      { status: "PENDING", n: 50 },
    ])
    expect(await d1("select stock_milli from products where org_id = ?", ledger.owner.id)).toEqual([{ stock_milli: 0 }])
    expect(await d1("select sum(quantity_milli) as sum, count(*) as n from stock_movements where org_id = ?", ledger.owner.id)).toEqual([
      { sum: 0, n: 51 },
    ])
    await expectProjected(ledger, [buyer])
  })
})

describe("more kits than components", () => {
  test("of 64 orders for kits that share a component, accepted or amended all at once, none is sold that is not there", async () => {
    const { ledger, buyer, product: screw } = await trading(100)
    const kits = await Promise.all(
      [2, 3].map(async (screws) => {
        const [kit, own] = [await stocked(ledger, 0), await stocked(ledger, 1_000)]
        for (const [child, units] of [[screw, screws] as const, [own, 1] as const]) {
          const component = { parentId: kit.id, childId: child.id, quantityMilli: units * 1_000, role: "PRIMARY" } as const
          await ledger.must(ledger.owner, "addComponent", component)
        }
        return { kit, screws }
      }),
    )
    const placed = await Promise.all(
      times(64, async (index) => {
        const [{ kit, screws }] = kits.slice(index % 2) as [(typeof kits)[number]]
        // Each third order has a second line that takes of the same component.
        const lines = [[kit.id, 2] as const, ...(index % 3 === 0 ? [[screw.id, 1] as const] : [])]
        const { id, lines: made } = await ledger.must(buyer, "placeOrder", order(buyer, ...lines))
        return { id, line: made[0]?.id ?? "oln_00000000000000000000000000", screws, more: lines.length - 1, isAmended: index % 4 === 1 }
      }),
    )
    const replies = await Promise.all(
      placed.map(({ id, line, isAmended }) =>
        ledger.give(ledger.owner, "setOrderStatus", {
          orderId: id,
          status: "ACCEPTED",
          reason: null,
          ...(isAmended ? { amendment: { items: [{ itemId: line, quantityMilli: 1_000 }], answerWithinMs: 3_600_000 } } : {}),
        }),
      ),
    )
    const codes = replies.map(({ result }) => (result.ok ? result.value.status : result.error.code))
    expect(new Set(codes)).toEqual(new Set(["ACCEPTED", "AMENDED", "STOCK_INSUFFICIENT"]))
    const sum = (status: string) =>
      placed.reduce(
        (total, { screws, more, isAmended }, index) => total + (codes[index] === status ? screws * (isAmended ? 1 : 2) + more : 0),
        0,
      )
    const [sold, kept] = [sum("ACCEPTED"), sum("AMENDED")]
    expect(sold + kept).toBeLessThanOrEqual(100)
    // What is left is less than the smallest order that was refused asked for.
    const refused = placed.filter((_, index) => codes[index] === "STOCK_INSUFFICIENT")
    for (const { screws, more, isAmended } of refused) expect(screws * (isAmended ? 1 : 2) + more).toBeGreaterThan(100 - sold - kept)
    expect(await d1("select on_hand_milli, reserved_milli from stock_levels where product_id = ?", screw.id)).toEqual([
      { on_hand_milli: (100 - sold) * 1_000, reserved_milli: kept * 1_000 },
    ])
    const answers = await Promise.all(
      placed
        .filter((_, index) => codes[index] === "AMENDED")
        .map(({ id }) => ledger.codeOf(buyer, "setOrderStatus", { orderId: id, status: "ACCEPTED", reason: null })),
    )
    expect(new Set(answers)).toEqual(new Set(["OK"]))
    expect(await d1("select on_hand_milli, reserved_milli from stock_levels where product_id = ?", screw.id)).toEqual([
      { on_hand_milli: (100 - sold - kept) * 1_000, reserved_milli: 0 },
    ])
    await expectProjected(ledger, [buyer])
  })
})

describe("orders placed at once", () => {
  test("leave no time limit running, in the Worker or in an object: an isolate may have ten thousand timers", async () => {
    const { buyer, body } = await market()
    const set = vi.spyOn(globalThis, "setTimeout")
    const cleared = vi.spyOn(globalThis, "clearTimeout")
    try {
      for (const { status } of await Promise.all(times(10, () => api("POST", "/orders", { token: buyer.token, body }))))
        expect(status).toBe(201)
      const over = () => new Set(cleared.mock.calls.map(([timer]) => timer as unknown))
      const bounds = [limits.objectCallMsMax, limits.hubPokeMsMax, configOf(env).PROJECTION_WAIT_MS_MAX]
      const long = set.mock.calls.flatMap(([, ms = 0], index) => (bounds.includes(ms) ? [set.mock.results[index]?.value as unknown] : []))
      expect(long.length).toBeGreaterThan(10)
      await vi.waitFor(() => expect(long.filter((timer) => !over().has(timer))).toEqual([]), 20_000)
    } finally {
      vi.restoreAllMocks()
    }
  })
})

describe("group commit", () => {
  test("commands that arrive together share D1's trips, and each counts one", async () => {
    const { ledger, buyer, product } = await trading(100)
    using faults = new D1Faults()
    const replies = await Promise.all(times(64, () => ledger.give(buyer, "placeOrder", order(buyer, [product.id, 1]))))
    expect(replies.every(({ projection }) => projection === "done")).toBe(true)
    // Handing out the events goes on beside it, and has batches of its own.
    expect(faults.batches).toBeLessThanOrEqual(24)
    for (const { cost } of replies) expect(cost.d1Trips).toBe(1)
    const written = replies.reduce((sum, { cost }) => sum + cost.d1RowsWritten, 0)
    expect(written / 64).toBeLessThanOrEqual(12)
    await expectProjected(ledger, [buyer])
  })

  test("INV-PRJ-2: a row that changes while its batch is under way is sent again, as it is by then", async () => {
    const { ledger, buyer, product } = await trading(100)
    const { id: orderId } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    using faults = new D1Faults()
    faults.delay(60)
    const first = ledger.must(ledger.owner, "updateProduct", { productId: product.id, name: "First" })
    const moved = ledger.must(ledger.owner, "setOrderStatus", { orderId, status: "ACCEPTED", reason: null })
    await pause(20)
    const second = ledger.give(ledger.owner, "updateProduct", { productId: product.id, name: "Second" })
    const back = ledger.give(buyer, "setOrderStatus", { orderId, status: "CANCELLED", reason: null })
    await Promise.all([first, moved])
    const replies = await Promise.all([second, back])
    expect(replies.map(({ result, projection }) => [result.ok, projection])).toEqual([
      [true, "done"],
      [true, "done"],
    ])
    expect(await d1("select name, stock_milli from products where org_id = ?", ledger.owner.id)).toEqual([
      { name: "Second", stock_milli: 100_000 },
    ])
    await expectProjected(ledger, [buyer])
  })
})
