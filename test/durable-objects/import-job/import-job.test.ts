import { evictDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import { runImport, sweepImports } from "../../../src/domains/imports/index.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { dyingAtSave, importStub, jobOver, productRows, productsCsv, undisturbed, waiting, work } from "../../support/imports.ts"
import { quiet } from "../../support/ledger.ts"
import { market } from "../../support/market.ts"
import { api, auditOf, eventsOf, hire, platformStaff, signUp, type World } from "../../support/world.ts"

quiet()
vi.setConfig({ testTimeout: 120_000 })

const keptProducts = (orgId: string) =>
  env.DB.prepare("select sku, version, stock_milli from products where org_id = ?")
    .bind(orgId)
    .all<{ sku: string; version: number; stock_milli: number }>()

async function expectAllOnce({ org }: World, count: number): Promise<void> {
  const { results } = await keptProducts(org.id)
  expect(results).toHaveLength(count)
  expect(results.filter(({ version }) => version !== 1)).toEqual([])
  expect(results.reduce((sum, { stock_milli }) => sum + stock_milli, 0)).toBe(
    productRows(count).reduce((sum, _, at) => sum + (at % 5) * 1_000, 0),
  )
  expect((await auditOf(org.id)).filter(({ action }) => action === "catalog.product.create")).toHaveLength(count)
  expect((await eventsOf(org.id)).filter((type) => type === "product.created")).toHaveLength(count)
}

describe("an import that dies", () => {
  test.each([1, 2, 4])("INV-JOB-1, INV-IMP-2: comes back by its alarm and does nothing twice (before keeping %i)", async (nth) => {
    const by = await signUp()
    const count = limits.importBatchRows * 3 + 7
    const id = await waiting(by, by.org.id, "products", productsCsv(count))
    await work(id, by.org.id, dyingAtSave(nth))
    await evictDurableObject(importStub(id))
    expect(await jobOver(by.token, id)).toMatchObject({ status: "DONE", total: count, done: count, failed: 0 })
    await expectAllOnce(by, count)
  })

  test("INV-IMP-4: in its end ends once, with one file of failed rows", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", "sku,name,price\nA,Apples,1\nB,Bread,much\n")
    // All is done, and nobody heard of it.
    await work(id, by.org.id, async (desk) => {
      await runImport(desk)
      throw new Error("the object died")
    })
    const first = await jobOver(by.token, id)
    await evictDurableObject(importStub(id))
    await work(id, by.org.id, runImport)
    expect(await jobOver(by.token, id)).toEqual(first)
    expect((await eventsOf(by.org.id)).filter((type) => type === "import.finished")).toHaveLength(2)
    const { results } = await env.DB.prepare("select id from files where org_id = ? and name like '%failed%'").bind(by.org.id).all()
    expect(results).toHaveLength(1)
  })

  test("places no order twice", async () => {
    const { supplier, buyer } = await market()
    const lines = Array.from({ length: 25 }, (_, at) => `r${at},TOM-001,${at + 1}`)
    const id = await waiting(
      buyer,
      buyer.org.id,
      "orders",
      ["reference,sku,quantity", ...lines].join("\n"),
      `?supplier_id=${supplier.org.id}`,
    )
    await work(id, buyer.org.id, dyingAtSave(3))
    await evictDurableObject(importStub(id))
    expect(await jobOver(buyer.token, id)).toMatchObject({ status: "DONE", done: 25, failed: 0 })
    const { body } = await api("GET", "/orders/my-orders?limit=100", { token: buyer.token })
    expect(body.data).toHaveLength(25)
  })
})

describe("an import that nobody began", () => {
  test("is begun by the sweep", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", productsCsv(3))
    await env.DB.prepare("update import_jobs set due_at = 0 where id = ?").bind(id).run()
    expect(await sweepImports(env, new Meter(), Date.now())).toBeGreaterThan(0)
    expect(await jobOver(by.token, id)).toMatchObject({ status: "DONE", done: 3 })
  })

  test("is begun by whoever looks at it", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", productsCsv(2))
    expect(await jobOver(by.token, id)).toMatchObject({ status: "DONE", done: 2 })
  })
})

describe("INV-IMP-5: an import stops", () => {
  test("when who started it may not sign in any more", async () => {
    const by = await signUp()
    const manager = await hire(by.token, "manager")
    const id = await waiting(manager, by.org.id, "products", productsCsv(limits.importBatchRows + 5))
    await work(id, by.org.id, dyingAtSave(3), undisturbed)
    expect((await api("DELETE", `/users/${manager.id}`, { token: by.token })).status).toBeLessThan(300)
    await evictDurableObject(importStub(id))
    await work(id, by.org.id, runImport)
    const job = await env.DB.prepare("select status, reason, done from import_jobs where id = ?").bind(id).first()
    expect(job).toEqual({ status: "FAILED", reason: "Who started it may not do this any more.", done: limits.importBatchRows })
  })

  test("when who started it came from the platform, and may not come in any more", async () => {
    const by = await signUp()
    const staff = await platformStaff()
    const visitor = { token: staff.token, headers: { "x-tenant-id": by.org.id } }
    const id = await waiting(visitor, by.org.id, "products", productsCsv(limits.importBatchRows + 5))
    await work(id, by.org.id, dyingAtSave(3), undisturbed)
    await env.DB.prepare("update users set roles = '[\"staff\"]' where id = ?").bind(staff.id).run()
    await evictDurableObject(importStub(id))
    await work(id, by.org.id, runImport)
    const job = await env.DB.prepare("select status, reason, done from import_jobs where id = ?").bind(id).first()
    expect(job).toEqual({ status: "FAILED", reason: "Who started it may not do this any more.", done: limits.importBatchRows })
  })

  test("when its file is gone, before anything is done", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", productsCsv(2))
    const row = await env.DB.prepare("select file_id from import_jobs where id = ?").bind(id).first<{ file_id: string }>()
    expect((await api("DELETE", `/files/${row?.file_id}`, { token: by.token })).status).toBe(204)
    expect(await jobOver(by.token, id)).toMatchObject({ status: "FAILED", reason: "The file is gone.", done: 0 })
  })

  test("INV-IMP-6: when it has too many rows, before anything is done", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", `sku\n${"X\n".repeat(limits.importRowsMax + 1)}`)
    expect(await jobOver(by.token, id)).toMatchObject({ status: "FAILED", done: 0, failed: 0 })
    expect((await keptProducts(by.org.id)).results).toEqual([])
  })
})
