import { evictAllDurableObjects } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { type LateLedger, ledgerWatchOf } from "../../../durable-objects/ledger-watch/client.ts"
import { newId, newRoutingNumber } from "../../../src/kernel/ids.ts"
import { Meter } from "../../../src/platform/db/meter.ts"

const watch = ledgerWatchOf(env)

const late = (since: number, depth = 1): LateLedger => ({ routing: newRoutingNumber(), orgId: newId("org", since), since, depth })

const forget = async () => {
  for (;;) {
    const { ledgers } = await watch.behind()
    if (ledgers.length === 0) return
    for (const { routing } of ledgers) await watch.leave(routing)
  }
}

describe("LedgerWatch", () => {
  test("INV-WATCH-1: a late ledger is listed until it leaves, an eviction in between or not", async () => {
    const one = late(1_000, 3)
    const other = late(500, 4)
    await watch.report(one, 10_000)
    await watch.report(other, 10_000)
    await evictAllDurableObjects()
    expect(await watch.behind()).toEqual({
      count: 2,
      depth: 7,
      oldestSince: 500,
      ledgers: [
        { ...other, reportedAt: 10_000 },
        { ...one, reportedAt: 10_000 },
      ],
    })
    await watch.leave(other.routing)
    await evictAllDurableObjects()
    expect((await watch.behind()).ledgers.map(({ routing }) => routing)).toEqual([one.routing])
    await watch.leave(one.routing)
    expect(await watch.behind()).toEqual({ count: 0, depth: 0, oldestSince: null, ledgers: [] })
  })

  test("INV-WATCH-2: reports may be repeated and come out of order; the newest stands", async () => {
    const first = late(1_000, 3)
    const newer = { ...first, since: 4_000, depth: 1 }
    await watch.report(newer, 20_000)
    await watch.report(newer, 20_000)
    await watch.report(first, 10_000)
    expect((await watch.behind()).ledgers).toEqual([{ ...newer, reportedAt: 20_000 }])
    await watch.leave(first.routing)
    await watch.leave(first.routing)
    expect((await watch.behind()).count).toBe(0)
  })

  test("INV-WATCH-3: the list is bounded, the count is of all", async () => {
    await Promise.all(Array.from({ length: 120 }, (_, index) => watch.report(late(1_000 + index), 5_000)))
    const behind = await watch.behind()
    expect(behind).toMatchObject({ count: 120, depth: 120, oldestSince: 1_000 })
    expect(behind.ledgers.map(({ since }) => since)).toEqual(Array.from({ length: 100 }, (_, index) => 1_000 + index))
    await forget()
  })

  test("each call is counted as one object call", async () => {
    const meter = new Meter()
    expect(await ledgerWatchOf(env, meter).ping()).toBe("pong")
    await ledgerWatchOf(env, meter).behind()
    expect(meter.cost).toMatchObject({ objectCalls: 2, d1Trips: 0 })
  })
})
