import { evictDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import type { ImportNext, ImportProgress, ImportWork } from "../../../durable-objects/import-job/client.ts"
import { sweepFiles } from "../../../src/domains/files/index.ts"
import { runImport } from "../../../src/domains/imports/index.ts"
import type { OrganizationId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { day, hour } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { aroundDatabase, aroundObjects } from "../../bench/bindings.ts"
import { nothingStored, stored } from "../../support/files.ts"
import { fileKey, importStub, jobOver, productsCsv, undisturbed, waiting, work, workingWith } from "../../support/imports.ts"
import { order, organization, quiet } from "../../support/ledger.ts"
import { market } from "../../support/market.ts"
import { signUp } from "../../support/world.ts"

quiet()
vi.setConfig({ testTimeout: 120_000 })

const jobRow = (id: string) =>
  env.DB.prepare("select status, reason, done, failed, errors_file_id from import_jobs where id = ?").bind(id).first()

const ordersCsv = (count: number): string =>
  ["reference,sku,quantity", ...Array.from({ length: count }, (_, at) => `r${at},TOM-001,1`)].join("\n")

const ordersThere = async (buyerId: string): Promise<number> => {
  const row = await env.DB.prepare("select count(*) as n from orders where org_id = ?").bind(buyerId).first<{ n: number }>()
  return row?.n ?? 0
}

describe("INV-IMP-10: an import of orders", () => {
  test("rests once who started it has placed as many as they might make requests, and goes on later", async () => {
    const { supplier, buyer } = await market()
    const count = limits.importBatchOrders * 2 + 5
    const id = await waiting(buyer, buyer.org.id, "orders", ordersCsv(count), `?supplier_id=${supplier.org.id}`)
    const asked: string[] = []
    const limiter: RateLimit = {
      limit: ({ key }) => {
        asked.push(key)
        return Promise.resolve({ success: asked.length <= 1 })
      },
    }
    let next: ImportNext | undefined
    let kept: ImportProgress | undefined
    await work(
      id,
      buyer.org.id,
      async (desk) => {
        const saving = {
          ...desk,
          save: async (progress: ImportProgress, failed: Parameters<typeof desk.save>[1]) => {
            kept = progress
            await desk.save(progress, failed)
          },
        }
        next = await workingWith({ RATE_PRINCIPAL: limiter })(saving)
        return next
      },
      undisturbed,
    )
    expect(next).toEqual({ afterMs: limits.importRestMs })
    expect(kept).toMatchObject({ total: count, done: limits.importBatchOrders, failed: 0 })
    expect(new Set(asked)).toEqual(new Set([`${buyer.owner.id} imports`]))
    await evictDurableObject(importStub(id))
    expect(await jobOver(buyer.token, id)).toMatchObject({ status: "DONE", done: count, failed: 0 })
    expect(await ordersThere(buyer.org.id)).toBe(count)
  })

  test("comes back when its rest is over, and has not failed", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", productsCsv(1))
    const began = Date.now()
    const resting = () => Promise.resolve({ afterMs: hour })
    expect(await work(id, by.org.id, resting)).toBeGreaterThanOrEqual(began + hour)
    const tries: number[] = []
    await work(id, by.org.id, ({ progress }) => {
      tries.push(progress.tries)
      return resting()
    })
    expect(tries).toEqual([0])
  })

  test("of too many ends before any is placed", async () => {
    const { supplier, buyer } = await market()
    const csv = ordersCsv(limits.importOrdersMax + 1)
    const id = await waiting(buyer, buyer.org.id, "orders", csv, `?supplier_id=${supplier.org.id}`)
    await work(id, buyer.org.id, runImport, undisturbed)
    expect(await jobRow(id)).toMatchObject({
      status: "FAILED",
      done: 0,
      reason: expect.stringContaining(`more than ${limits.importOrdersMax} orders`),
    })
    expect(await ordersThere(buyer.org.id)).toBe(0)
  })

  test.each([
    ["one order", (at: number) => `same,TOM-001,${at + 1}`],
    ["rows between which some cannot be read", (at: number) => (at % 2 === 0 ? `r${at},TOM-001,1` : "broken")],
  ])("INV-IMP-6: holds no more rows at once than it may: %s", async (_, row) => {
    const { supplier, buyer } = await market()
    const rows = Array.from({ length: limits.importRowsTogetherMax + 2 }, (_row, at) => row(at))
    const csv = ["reference,sku,quantity", ...rows].join("\n")
    const id = await waiting(buyer, buyer.org.id, "orders", csv, `?supplier_id=${supplier.org.id}`)
    await work(id, buyer.org.id, runImport, undisturbed)
    expect(await jobRow(id)).toMatchObject({ status: "FAILED", done: 0, reason: expect.stringContaining("are one order, or hide") })
  })
})

test("INV-IMP-7: what others tell a ledger is decided between the batches of an import", async () => {
  const { supplier, buyer, ledger, body } = await market()
  const batches = 6
  const id = await waiting(supplier, supplier.org.id, "products", productsCsv(limits.importBatchRows * batches))
  const by = { ...organization(buyer.org.name), id: buyer.org.id as OrganizationId }
  const envelope = ledger.envelope(by, "placeOrder", order(by, [body.items[0]?.product_id as ProductId, 1]))
  const sizes: number[] = []
  await work(
    id,
    supplier.org.id,
    async (desk) => {
      let placed: Promise<{ readonly result: { readonly ok: boolean } }> | undefined
      const SUPPLIER_LEDGER = aroundObjects(desk.env.SUPPLIER_LEDGER, ({ method, args }, go) => {
        const answer = go()
        if (method === "executeAll") sizes.push((args[0] as readonly unknown[]).length)
        // The ledger has just got this batch, and the next is not sent before it answers.
        if (sizes.length === 2) placed ??= ledger.rpc.execute(envelope)
        return answer
      })
      const next = await workingWith({ SUPPLIER_LEDGER })(desk)
      expect((await placed)?.result.ok).toBe(true)
      return next
    },
    undisturbed,
  )
  expect(sizes).toEqual(Array.from({ length: batches }, () => limits.importBatchRows))
  const [before] = await ledger.rows<{ n: number }>(
    "SELECT count(*) AS n FROM products WHERE sku LIKE 'SKU-%' AND seq < (SELECT max(seq) FROM orders)",
  )
  // One batch came before it was sent, and it waited for the one that was under way: never for all.
  expect(before?.n).toBeGreaterThanOrEqual(limits.importBatchRows)
  expect(before?.n).toBeLessThanOrEqual(limits.importBatchRows * 3)
})

describe("INV-IMP-12: an import ends", () => {
  const oneFails = "sku,name,price\nA,Apples,1\nB,Bread,much\n"

  test("when its time is over, though D1 fails at first and its file is gone", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", oneFails)
    await env.DB.prepare("update import_jobs set created_at = created_at - ? where id = ?")
      .bind((limits.importHoursMax + 1) * hour, id)
      .run()
    await env.FILES.delete(await fileKey(by.org.id, id))
    const DB = aroundDatabase(env.DB, (said, go) =>
      said.some(({ sql }) => sql.includes("update import_jobs") || sql.includes('update "import_jobs"'))
        ? Promise.reject(new Error("D1 is out of order"))
        : go(),
    )
    let failures = 0
    await work(id, by.org.id, (desk) =>
      workingWith({ DB })(desk).catch((error: unknown) => {
        failures += 1
        throw error
      }),
    )
    expect(failures).toBe(1)
    await evictDurableObject(importStub(id))
    expect(await jobOver(by.token, id)).toMatchObject({
      status: "FAILED",
      reason: `It was not done within ${limits.importHoursMax} hours.`,
      errors_file_id: null,
    })
  })

  test("without the file of its failed rows where that cannot be written, after some tries", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", oneFails)
    const broken = () => Promise.reject(new Error("the bucket is out of order"))
    const FILES = { get: env.FILES.get.bind(env.FILES), put: broken, createMultipartUpload: broken } as unknown as R2Bucket
    let failures = 0
    const failing: ImportWork = (desk) =>
      workingWith({ FILES })(desk).catch((error: unknown) => {
        failures += 1
        throw error
      })
    // Each time a new instance over what the one before it kept.
    for (let tries = 0; tries <= limits.importErrorsFileTriesMax; tries += 1) await work(id, by.org.id, failing, undisturbed)
    expect(failures).toBe(limits.importErrorsFileTriesMax)
    expect(await jobRow(id)).toEqual({
      status: "DONE",
      reason: "The file of its failed rows could not be written.",
      done: 1,
      failed: 1,
      errors_file_id: null,
    })
  })

  test("without that file, too, where writing it is what the object dies of, so that nobody counts the failure", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", oneFails)
    const noted: Array<number | undefined> = []
    const watched: ImportWork = (desk) =>
      runImport({
        ...desk,
        note: async (progress) => {
          noted.push(progress.errorsFileTries)
          await desk.note(progress)
          throw new Error("the object died")
        },
      })
    for (let tries = 0; tries <= limits.importErrorsFileTriesMax; tries += 1) await work(id, by.org.id, watched, undisturbed)
    expect(noted).toEqual(Array.from({ length: limits.importErrorsFileTriesMax }, (_, tries) => tries + 1))
    expect(await jobRow(id)).toMatchObject({ status: "DONE", reason: "The file of its failed rows could not be written." })
  })

  test("with the file of its failed rows, however long D1 was down before the bucket failed for once", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", oneFails)
    const down = () => Promise.reject(new Error("D1 is out of order"))
    const broken = () => Promise.reject(new Error("the bucket is out of order"))
    const DB = aroundDatabase(env.DB, down)
    const FILES = { get: env.FILES.get.bind(env.FILES), put: broken, createMultipartUpload: broken } as unknown as R2Bucket
    for (let tries = 0; tries < limits.importErrorsFileTriesMax * 2; tries += 1) await work(id, by.org.id, workingWith({ DB }), undisturbed)
    await work(id, by.org.id, workingWith({ FILES }), undisturbed)
    for (let tries = 0; tries < limits.importErrorsFileTriesMax * 2; tries += 1) await work(id, by.org.id, workingWith({ DB }), undisturbed)
    expect(await jobRow(id)).toMatchObject({ status: "QUEUED" })
    expect(await work(id, by.org.id, runImport, undisturbed)).toBeNull()
    expect(await jobRow(id)).toMatchObject({ status: "DONE", reason: null, done: 1, failed: 1, errors_file_id: expect.any(String) })
  })

  test("INV-FIL-3: without the file of its failed rows where there is no room for it", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", oneFails)
    const before = await stored(by.org.id)
    await work(id, by.org.id, workingWith({ FILE_QUOTA_BYTES: String(before.usage) }), undisturbed)
    expect(await jobRow(id)).toEqual({
      status: "DONE",
      reason: "There was no room for the file of its failed rows.",
      done: 1,
      failed: 1,
      errors_file_id: null,
    })
    expect(await stored(by.org.id)).toEqual(before)
  })

  test("INV-FIL-3: with a file of its failed rows that counts until the sweep takes it", async () => {
    const by = await signUp()
    const id = await waiting(by, by.org.id, "products", oneFails)
    const before = await stored(by.org.id)
    await work(id, by.org.id, runImport, undisturbed)
    const row = await jobRow(id)
    const file = await env.DB.prepare("select size_bytes from files where id = ?")
      .bind(row?.["errors_file_id"])
      .first<{ size_bytes: number }>()
    expect(file?.size_bytes).toBeGreaterThan(0)
    expect((await stored(by.org.id)).usage).toBe(before.usage + (file?.size_bytes ?? 0))
    await sweepFiles(env, new Meter(), Date.now() + (limits.importFileDaysKept + 1) * day)
    expect(await stored(by.org.id)).toEqual(nothingStored)
  })
})
