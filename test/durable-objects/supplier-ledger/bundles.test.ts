import { runInDurableObject } from "cloudflare:test"
import { beforeAll, describe, expect, test } from "vitest"
import { demandFor } from "../../../durable-objects/supplier-ledger/commands/bundles.ts"
import { LedgerStore } from "../../../durable-objects/supplier-ledger/store/index.ts"
import type { IdentityId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { adopted, d1, linkedBuyer, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

const adding = (parent: { id: ProductId }, child: { id: ProductId }, units = 1) =>
  ({ parentId: parent.id, childId: child.id, quantityMilli: units * 1000, role: "PRIMARY" }) as const

const add = (ledger: TestLedger, ...given: Parameters<typeof adding>) => ledger.must(ledger.owner, "addComponent", adding(...given))

describe("what bundles are made of", () => {
  test("INV-PRJ-1: shows in D1, also what was taken out, and variants with what they are variants of", async () => {
    const ledger = await adopted()
    const variant = { identityId: "idn_01jd8x2y3zf4g5h6j7k8m9n0pq" as IdentityId, color: "WY", size: null, condition: "N" } as const
    const kit = await ledger.must(ledger.owner, "createProduct", { sku: "00845-K-WY-N", name: "Kit", price: "9", variant })
    expect(kit).toMatchObject(variant)
    const [screw, nut] = [await stocked(ledger, 10), await stocked(ledger, 10)]
    const [first] = [await add(ledger, kit, screw, 4), await add(ledger, kit, nut)]
    await ledger.must(ledger.owner, "removeComponent", { componentId: first.id })
    await expectProjected(ledger, [])
    expect(await ledger.rpc.reconcile()).toMatchObject({ differences: [], stuck: [] })
    expect(await d1("select child_id from bundle_components where org_id = ? and removed_at is null", ledger.owner.id)).toEqual([
      { child_id: nut.id },
    ])
  })

  test("INV-PRJ-4: comes back by a rebuild, and what D1 made up goes", async () => {
    const ledger = await adopted()
    const [kit, screw] = [await stocked(ledger, 0), await stocked(ledger, 10)]
    const { id } = await add(ledger, kit, screw)
    await d1("delete from bundle_components where id = ?", id)
    await d1(
      "insert into bundle_components (org_id, id, parent_id, child_id, quantity_milli, role, created_at, version, seq, generation) values (?, 'bcp_madeup', 'prd_a', 'prd_b', 1, 'PRIMARY', 1, 1, 1, 0)",
      ledger.owner.id,
    )
    expect((await ledger.rpc.reconcile()).differences.map(({ kind, problem }) => `${kind} ${problem}`).sort()).toEqual([
      "component EXTRA",
      "component MISSING",
    ])
    await ledger.comeDue("relay")
    await ledger.rpc.rebuild()
    await ledger.comeDue("relay", "rebuild")
    await expectProjected(ledger, [])
  })

  test("is its supplier's alone to say", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    const [kit, screw] = [await stocked(ledger, 0), await stocked(ledger, 10)]
    expect(await ledger.codeOf(buyer, "addComponent", adding(kit, screw))).toBe("NOT_FOUND")
    const { id } = await add(ledger, kit, screw)
    expect(await ledger.codeOf(buyer, "removeComponent", { componentId: id })).toBe("NOT_FOUND")
  })

  test("is at most so many components of one bundle", async () => {
    const ledger = await adopted()
    const kit = await stocked(ledger, 0)
    for (let made = 0; made < limits.bundleComponentsMax; made += 1) await add(ledger, kit, await stocked(ledger, 0))
    const { result } = await ledger.give(ledger.owner, "addComponent", adding(kit, await stocked(ledger, 0)))
    expect(result).toMatchObject({ ok: false, error: { code: "CONFLICT", errors: [{ code: "TOO_MANY_COMPONENTS" }] } })
  }, 120_000)

  test("says what a sale takes: a kit its leaves, a leaf itself", async () => {
    const ledger = await adopted()
    const [kit, half, screw] = [await stocked(ledger, 0), await stocked(ledger, 0), await stocked(ledger, 10)]
    await add(ledger, kit, half, 2)
    await add(ledger, half, screw, 3)
    await add(ledger, kit, screw, 1)
    const demands = await runInDurableObject(ledger.stub, (_, { storage }) => {
      const store = new LedgerStore(storage.sql)
      return [demandFor(store, kit.id, 5_000), demandFor(store, screw.id, 5_000)]
    })
    expect(demands).toEqual([
      { ok: true, value: [{ productId: screw.id, quantityMilli: 35_000 }] },
      { ok: true, value: [{ productId: screw.id, quantityMilli: 5_000 }] },
    ])
  })
})
