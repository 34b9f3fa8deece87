import { evictDurableObject, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import type { ImportWork } from "../../../durable-objects/import-job/client.ts"
import { importJobOf } from "../../../durable-objects/import-job/import-job.ts"
import { runImport, sweepImports } from "../../../src/domains/imports/index.ts"
import { type ImportJobId, newId, type OrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { importCsv, importStub, jobOver } from "../../support/imports.ts"
import { quiet } from "../../support/ledger.ts"
import { market } from "../../support/market.ts"
import { api, auditOf, eventsOf, hire, signUp, type World } from "../../support/world.ts"

quiet()
vi.setConfig({ testTimeout: 120_000 })

type Kind = "products" | "orders"

/** An import as it is before its object ever heard of it: its file is there, and its row. */
async function waiting(by: { readonly token: string }, orgId: string, kind: Kind, csv: string, query = ""): Promise<ImportJobId> {
  const [header = ""] = csv.split("\n")
  const { body } = await importCsv(by.token, kind, `${header}\n`, { query })
  await jobOver(by.token, body.id)
  const row = await env.DB.prepare("select file_id from import_jobs where org_id = ? and id = ?")
    .bind(orgId, body.id)
    .first<{ file_id: string }>()
  await env.FILES.put(`${orgId}/import/${row?.file_id}`, csv)
  const id = newId("job", Date.now())
  await env.DB.prepare(
    `insert into import_jobs select org_id, ?3, kind, 'QUEUED', file_id, supplier_id, started_by_kind, started_by, started_by_name, home_org_id, ip_address, user_agent,
       0, 0, 0, null, null, created_at, null, 9e15 from import_jobs where org_id = ?1 and id = ?2`,
  )
    .bind(orgId, body.id, id)
    .run()
  return id
}

/** One alarm of the import's object, with this for its work. */
const work = (id: ImportJobId, orgId: string, how: ImportWork): Promise<void> =>
  runInDurableObject(importStub(id), async (_, state) => {
    const job = new (importJobOf(how))(state, env)
    await job.loadFromStorage()
    job.progress ??= { jobId: id, orgId: orgId as OrganizationId, columns: null, offset: 0, total: 0, done: 0, failed: 0, tries: 0 }
    await job.alarm()
  })

/** Works as it should, until it would keep what it did: then the object is gone. */
const dyingAtSave =
  (nth: number): ImportWork =>
  (desk) => {
    let saves = 0
    return runImport({
      ...desk,
      async save(progress, failed) {
        saves += 1
        if (saves >= nth) throw new Error("the object died")
        await desk.save(progress, failed)
      },
    })
  }

const rows = (count: number): string[] => Array.from({ length: count }, (_, at) => `SKU-${at},Product ${at},1.00,${at % 5}`)
const productsCsv = (count: number): string => ["sku,name,price,stock_quantity", ...rows(count)].join("\n")

const productRows = (orgId: string) =>
  env.DB.prepare("select sku, version, stock_milli from products where org_id = ?")
    .bind(orgId)
    .all<{ sku: string; version: number; stock_milli: number }>()

async function expectAllOnce({ org }: World, count: number): Promise<void> {
  const { results } = await productRows(org.id)
  expect(results).toHaveLength(count)
  expect(results.filter(({ version }) => version !== 1)).toEqual([])
  expect(results.reduce((sum, { stock_milli }) => sum + stock_milli, 0)).toBe(rows(count).reduce((sum, _, at) => sum + (at % 5) * 1_000, 0))
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
    await work(id, by.org.id, dyingAtSave(3))
    expect((await api("DELETE", `/users/${manager.id}`, { token: by.token })).status).toBeLessThan(300)
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
    expect((await productRows(by.org.id)).results).toEqual([])
  })
})
