import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { concat, textBytes, uploaded } from "../../support/files.ts"
import { failedRowsOf, importCsv, imported, jobOver } from "../../support/imports.ts"
import { quiet } from "../../support/ledger.ts"
import { market } from "../../support/market.ts"
import { api, auditOf, eventsOf, hire, signUp } from "../../support/world.ts"

quiet()
vi.setConfig({ testTimeout: 120_000 })

const header = "sku,name,price,currency,unit,quantity_step,min_order_qty,min_stock_level,stock_quantity,category,description,is_active"

const productsOf = async (token: string) => {
  const { body } = await api("GET", "/products?limit=100", { token })
  return new Map<string, Record<string, unknown>>(body.data.map((product: { sku: string }) => [product.sku, product]))
}

describe("POST /products/import", () => {
  test("creates products and changes those whose SKU is there", async () => {
    const { token, org, owner } = await signUp()
    await api("POST", "/products", { token, body: { sku: "A-1", name: "Old name", price: "1.00", stock_quantity: 7 } })
    const csv = [header, 'A-1,"New, ""quoted"" name",2.50,,,,,,,,,', "B-2,Flour,0.99,EUR,kg,0.5,5,20,100,Dry goods,Fine,false", ""].join(
      "\r\n",
    )
    const started = await importCsv(token, "products", csv)
    expect(started.status).toBe(202)
    expect(started.headers.get("location")).toBe(`/api/v1/jobs/${started.body.id}`)
    expect(started.body).toMatchObject({ kind: "products", status: "QUEUED", failed: 0, finished_at: null })
    const job = await jobOver(token, started.body.id)
    expect(job).toMatchObject({ status: "DONE", total: 2, done: 2, failed: 0, errors_file_id: null, reason: null })
    const products = await productsOf(token)
    expect(products.get("A-1")).toMatchObject({ name: 'New, "quoted" name', price: "2.50", stock_quantity: 7, version: 2 })
    expect(products.get("B-2")).toMatchObject({
      name: "Flour",
      price: "0.99",
      currency: "EUR",
      unit: "kg",
      quantity_step: 0.5,
      min_order_qty: 5,
      stock_quantity: 100,
      category: "Dry goods",
      is_active: false,
    })
    const audit = await auditOf(org.id)
    expect(audit.filter(({ action }) => action.startsWith("imports.")).map(({ action, actor_id }) => [action, actor_id])).toEqual([
      ["imports.products.start", owner.id],
      ["imports.products.finish", owner.id],
    ])
    expect(audit.filter(({ action, actor_id }) => action.startsWith("catalog.product.") && actor_id === owner.id)).toHaveLength(3)
    expect((await eventsOf(org.id)).filter((type) => type.startsWith("import."))).toEqual(["import.started", "import.finished"])
  })

  test.each([
    ["a byte order mark and LF", "\u{feff}sku,name,price\nA,Änne,1\nB,Bo,2\n"],
    ["CR alone and no last line break", "sku,name,price\rA,Änne,1\rB,Bo,2"],
    ["a quoted header behind a byte order mark", '\u{feff}"sku","name","price"\r\nA,Änne,1\r\n\r\nB,Bo,2\r\n'],
  ])("takes %s", async (_, csv) => {
    const { token } = await signUp()
    expect(await imported(token, "products", csv)).toMatchObject({ status: "DONE", total: 2, done: 2 })
    expect((await productsOf(token)).get("A")).toMatchObject({ name: "Änne" })
  })

  test("ends with a file of the failed rows, which can be mended and imported again", async () => {
    const { token, org } = await signUp()
    const colleague = await hire(token, "manager")
    const csv = `sku,name,price\nA,Apples,1.00\nB,,2.00\nC,Cherries,cheap\nD,Dates\n"E,"x",1\nF,Figs,1.999\nG,"Grapes,1`
    const job = await imported(token, "products", csv)
    expect(job).toMatchObject({ status: "DONE", total: 7, done: 1, failed: 6 })
    const lines = (await failedRowsOf(token, job.errors_file_id)).split("\r\n")
    expect(lines[0]).toBe("row,reason,sku,name,price")
    expect(lines[1]).toContain("2,name: A new product needs it.,B,,2.00")
    expect(lines[2]).toMatch(/^3,.*price.*,C,Cherries,cheap$/)
    expect(lines[3]).toMatch(/^4,The row has 2 cells, and the header 3\.,D,Dates,$|^4,"The row has 2 cells, and the header 3\.",D,Dates,$/)
    expect(lines[4]).toContain("A quote stands where none may")
    expect(lines[5]).toMatch(/^6,.*decimal places/)
    expect(lines[6]).toContain("The file ends within a quoted cell")
    const seen = await api("GET", `/files/${job.errors_file_id}`, { token })
    expect(seen.body).toMatchObject({ content_type: "text/csv", name: "products-import-failed-rows.csv" })
    expect((await api("GET", `/files/${job.errors_file_id}`, { token: colleague.token })).status).toBe(404)
    const mended = `${lines[0]}\r\n${lines[2]?.replace("cheap", "3.00")}\r\n`
    expect(await imported(token, "products", mended)).toMatchObject({ status: "DONE", done: 1, failed: 0 })
    expect([...(await productsOf(token)).keys()].sort()).toEqual(["A", "C"])
    const usage = await env.DB.prepare(
      "select (select bytes from file_usage where org_id = ?1) as kept, (select sum(size_bytes) from files where org_id = ?1) as there",
    )
      .bind(org.id)
      .first<{ kept: number; there: number }>()
    expect(usage?.kept).toBe(usage?.there)
  })

  test("takes a file that was uploaded before, of its uploader alone", async () => {
    const { token } = await signUp()
    const colleague = await hire(token, "manager")
    const file = await uploaded(token, "import", textBytes("sku,name,price\nA,Apples,1\n"), "products.csv")
    const body = { file_id: file.id }
    expect((await api("POST", "/products/import", { token: colleague.token, body })).body).toMatchObject({
      code: "VALIDATION_FAILED",
      errors: [{ pointer: "/file_id", code: "UNKNOWN_FILE" }],
    })
    const started = await api("POST", "/products/import", { token, body })
    expect(started.status).toBe(202)
    expect(await jobOver(token, started.body.id)).toMatchObject({ status: "DONE", done: 1 })
  })

  test("refuses a header that is none, and changes nothing", async () => {
    const { token, org } = await signUp()
    const refused = await importCsv(token, "products", "sku,naem,price,sku\nA,Apples,1,A\n")
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toMatchObject([
      { pointer: "/columns/1", code: "UNKNOWN_COLUMN" },
      { pointer: "/columns/3", code: "DUPLICATE" },
    ])
    expect((await importCsv(token, "products", "name,price\nApples,1\n")).body.errors).toMatchObject([{ code: "REQUIRED" }])
    expect((await importCsv(token, "products", concat(textBytes("sku\n"), new Uint8Array([0xff, 0xfe, 0x41])))).status).toBe(415)
    const { results } = await env.DB.prepare("select id from import_jobs where org_id = ? union all select id from files where org_id = ?1")
      .bind(org.id)
      .all()
    expect(results).toEqual([])
  })

  test("INV-IMP-9: refuses more than some at once, and keeps nothing of it", async () => {
    const { token, org } = await signUp()
    const csv = "sku,name,price\nA,Apples,1\n"
    const first = await importCsv(token, "products", csv)
    await jobOver(token, first.body.id)
    await env.DB.prepare(
      `with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1)
       insert into import_jobs select org_id, id || i, kind, 'QUEUED', file_id, null, started_by_kind, started_by, started_by_name, home_org_id, null, null, 0, 0, 0, null, null,
         created_at, null, 9e15 from import_jobs, n where org_id = ?2`,
    )
      .bind(limits.importsAtOnceMax, org.id)
      .run()
    expect(await importCsv(token, "products", csv)).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
    const { results } = await env.DB.prepare("select id from files where org_id = ?").bind(org.id).all()
    expect(results).toHaveLength(1)
  })

  test("is for those who may edit products", async () => {
    const { token } = await signUp()
    const rep = await hire(token, "sales_rep")
    expect((await importCsv(rep.token, "products", "sku,name,price\n")).status).toBe(403)
  })

  test("a repeat under one Idempotency-Key is the same job", async () => {
    const { token, org } = await signUp()
    const headers = { "idempotency-key": "import-once" }
    const csv = "sku,name,price,stock_quantity\nA,Apples,1,5\n"
    const first = await importCsv(token, "products", csv, { headers })
    const second = await importCsv(token, "products", csv, { headers })
    expect(second).toMatchObject({ status: 202, body: { id: first.body.id } })
    expect((await importCsv(token, "products", `${csv}B,Bo,1,1\n`, { headers })).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    await jobOver(token, first.body.id)
    const { results } = await env.DB.prepare("select id from import_jobs where org_id = ?").bind(org.id).all()
    expect(results).toHaveLength(1)
  })
})

describe("GET /jobs/{id}", () => {
  test("INV-IMP-1: is seen by who started it and by nobody else", async () => {
    const [{ token }, stranger] = await Promise.all([signUp(), signUp()])
    const colleague = await hire(token, "owner")
    const { body } = await importCsv(token, "products", "sku,name,price\nA,Apples,1\n")
    await jobOver(token, body.id)
    expect((await api("GET", `/jobs/${body.id}`, { token: stranger.token })).status).toBe(404)
    expect((await api("GET", `/jobs/${body.id}`, { token: colleague.token })).status).toBe(404)
  })
})

describe("GET /products/export", () => {
  test("INV-IMP-8: comes back as it went: an import of an export changes nothing", async () => {
    const { token } = await signUp()
    const rows = ['=A1,"=HYPERLINK(""x"")",5.99', "-B,'tis,1.00", "C,@home,2.50"]
    expect(await imported(token, "products", ["sku,name,price", ...rows].join("\n"))).toMatchObject({ done: 3, failed: 0 })
    const before = await productsOf(token)
    expect(before.get("=A1")).toMatchObject({ name: '=HYPERLINK("x")' })
    const file = await api("GET", "/products/export", { token })
    expect(file.status).toBe(200)
    expect(file.headers.get("content-type")).toContain("text/csv")
    expect(String(file.body).split("\r\n")).toHaveLength(5)
    expect(file.body).toContain("'=A1,\"'=HYPERLINK(")
    expect(await imported(token, "products", String(file.body))).toMatchObject({ status: "DONE", total: 3, done: 3, failed: 0 })
    expect(await productsOf(token)).toEqual(before)
  })

  test("INV-IMP-11: leaves stock alone when it is imported after goods were sold", async () => {
    const { supplier, buyer, body } = await market(100)
    const { token } = supplier
    const before = String((await api("GET", "/products/export", { token })).body)
    const [columns = "", line = ""] = before.split("\r\n")
    expect(columns.split(",")).not.toContain("stock_quantity")
    expect(line.split(",")[columns.split(",").indexOf("on_hand_at_export")]).toBe("100")
    const items = [{ ...body.items[0], quantity: 30 }]
    const order = await api("POST", "/orders", { token: buyer.token, body: { ...body, items } })
    expect((await api("PUT", `/orders/${order.body.id}/status`, { token, body: { status: "ACCEPTED" } })).status).toBe(200)
    const dearer = before.replace("5.99", "6.49")
    expect(await imported(token, "products", dearer)).toMatchObject({ status: "DONE", done: 1, failed: 0 })
    expect((await productsOf(token)).get("TOM-001")).toMatchObject({ price: "6.49", stock_quantity: 70 })
    // Whoever has counted says so.
    expect(await imported(token, "products", "sku,stock_quantity\nTOM-001,64\n")).toMatchObject({ done: 1 })
    expect((await productsOf(token)).get("TOM-001")).toMatchObject({ price: "6.49", stock_quantity: 64 })
  })

  test("is for owners and managers, and of the own organization alone", async () => {
    const [{ token }, other] = await Promise.all([signUp(), signUp()])
    const rep = await hire(token, "sales_rep")
    await api("POST", "/products", { token, body: { sku: "MINE", name: "Mine", price: "1.00" } })
    expect((await api("GET", "/products/export", { token: rep.token })).status).toBe(403)
    expect(String((await api("GET", "/products/export", { token: other.token })).body)).not.toContain("MINE")
  })
})
