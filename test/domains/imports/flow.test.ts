import { afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { SupplierLedger } from "../../../durable-objects/supplier-ledger/supplier-ledger.ts"
import { importFlow } from "../../../src/domains/imports/rules.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { expectSound } from "../../support/flows.ts"
import { imported } from "../../support/imports.ts"
import { quiet } from "../../support/ledger.ts"
import { signUp } from "../../support/world.ts"

vi.setConfig({ testTimeout: 120_000 })
beforeAll(quiet)
afterEach(() => {
  vi.restoreAllMocks()
  quiet()
})

describe("an import", () => {
  test("comes to every state from QUEUED, and stays where it is over", () => {
    expectSound(importFlow, "QUEUED", ["DONE", "FAILED"])
  })

  test("INV-IMP-7: gives its ledger so many rows at once and no more", async () => {
    const { token } = await signUp()
    const calls = vi.spyOn(SupplierLedger.prototype, "executeAll")
    const rows = Array.from({ length: limits.importBatchRows * 2 + 1 }, (_, at) => `SKU-${at},Product ${at},1.00`)
    expect(await imported(token, "products", ["sku,name,price", ...rows].join("\n"))).toMatchObject({ status: "DONE", failed: 0 })
    expect(calls.mock.calls.map(([envelopes]) => envelopes.length)).toEqual([limits.importBatchRows, limits.importBatchRows, 1])
  })
})
