import { describe, expect, test, vi } from "vitest"
import { failedRowsOf, importCsv, imported, jobOver } from "../../support/imports.ts"
import { quiet } from "../../support/ledger.ts"
import { market } from "../../support/market.ts"
import { api, hire, signUp } from "../../support/world.ts"

quiet()
vi.setConfig({ testTimeout: 120_000 })

const ordersOf = async (token: string) =>
  (await api("GET", "/orders/my-orders?limit=100", { token })).body.data as Array<{ id: string; note: string | null }>

describe("POST /orders/import", () => {
  test("places an order of the rows that stand together", async () => {
    const { supplier, buyer } = await market()
    await api("POST", "/products", { token: supplier.token, body: { sku: "SALT", name: "Salt", price: "0.50" } })
    const csv = [
      "supplier_slug,reference,sku,quantity,note",
      `${supplier.org.slug},first,TOM-001,2,For Monday`,
      `${supplier.org.slug},first,SALT,10,`,
      `${supplier.org.slug},second,SALT,1,`,
    ].join("\n")
    expect(await imported(buyer.token, "orders", csv)).toMatchObject({ status: "DONE", total: 3, done: 3, failed: 0 })
    const orders = await ordersOf(buyer.token)
    expect(orders.map(({ note }) => note)).toEqual([null, "For Monday"])
    const { body } = await api("GET", `/orders/${orders[1]?.id}`, { token: buyer.token })
    expect(body.items.map(({ sku, quantity }: { sku: string; quantity: number }) => [sku, quantity])).toEqual([
      ["TOM-001", 2],
      ["SALT", 10],
    ])
    expect(body.history[0].by).toMatchObject({ id: buyer.owner.id, organization_id: buyer.org.id })
  })

  test("INV-IMP-3: an order is placed whole or not at all, and every row of it says why", async () => {
    const { supplier, buyer } = await market()
    const csv = [
      "reference,sku,quantity",
      "a,TOM-001,1",
      "a,NOPE,1",
      "b,TOM-001,1,what",
      "b,TOM-001,1",
      "c,TOM-001,none",
      "c,TOM-001,3",
      "d,TOM-001,4",
    ].join("\n")
    const job = await imported(buyer.token, "orders", csv, `?supplier_id=${supplier.org.id}`)
    expect(job).toMatchObject({ status: "DONE", total: 7, done: 1, failed: 6 })
    expect(await ordersOf(buyer.token)).toHaveLength(1)
    const [, ...lines] = (await failedRowsOf(buyer.token, job.errors_file_id)).trim().split("\r\n")
    expect(lines.map((line) => line.split(",")[0])).toEqual(["1", "2", "3", "4", "5", "6"])
    expect(lines[0]).toContain("see row 3")
    expect(lines[3]).toContain("may be one of its lines")
    expect(lines[4]).toContain("quantity")
    expect(lines[5]).toContain("see row 5")
  })

  test("counts in packs where a row names one", async () => {
    const { supplier, buyer } = await market()
    const eggs = { sku: "EGG", name: "Eggs", price: "0.30", packs: [{ unit: "box", quantity: 12 }] }
    expect((await api("POST", "/products", { token: supplier.token, body: eggs })).status).toBe(201)
    const csv = "reference,sku,quantity,unit\na,EGG,5,box\nb,EGG,7,piece\nc,EGG,3,\nd,EGG,1.5,box\ne,EGG,1,crate\n"
    const job = await imported(buyer.token, "orders", csv, `?supplier_id=${supplier.org.id}`)
    expect(job).toMatchObject({ status: "DONE", done: 3, failed: 2 })
    const [, broken, unknown] = (await failedRowsOf(buyer.token, job.errors_file_id)).split("\r\n")
    expect(broken).toContain("row 4 quantity: A box of 12 piece is not broken")
    expect(unknown).toContain("row 5 unit: The product is counted in: piece, box.")
    const ordered = []
    for (const { id } of await ordersOf(buyer.token))
      ordered.push((await api("GET", `/orders/${id}`, { token: buyer.token })).body.items[0])
    expect(
      ordered
        .map(({ quantity, ordered_unit, ordered_unit_quantity }) => [quantity, ordered_unit, ordered_unit_quantity])
        .sort(([a], [b]) => a - b),
    ).toEqual([
      [3, "piece", 3],
      [7, "piece", 7],
      [60, "box", 5],
    ])
    const exported = String((await api("GET", "/orders/export?side=buyer", { token: buyer.token })).body)
    expect(exported).toContain(",60,piece,")
    expect(await imported(buyer.token, "orders", exported)).toMatchObject({ done: 3, failed: 0 })
  })

  test("names the row of a line that the supplier does not sell", async () => {
    const { supplier, buyer } = await market()
    const job = await imported(buyer.token, "orders", "reference,sku,quantity\na,TOM-001,1\na,NOPE,1\n", `?supplier_id=${supplier.org.id}`)
    expect(job).toMatchObject({ done: 0, failed: 2 })
    expect(await failedRowsOf(buyer.token, job.errors_file_id)).toContain("row 2 sku: The supplier sells no such product.")
  })

  test("a supplier without an approved link is as unknown as none", async () => {
    const { buyer } = await market()
    const stranger = await signUp()
    const csv = `supplier_id,supplier_slug,sku,quantity\n${stranger.org.id},,X,1\n,nobody-here,X,1\n,${stranger.org.slug},X,1\n`
    const job = await imported(buyer.token, "orders", csv)
    expect(job).toMatchObject({ done: 0, failed: 3 })
    const file = await failedRowsOf(buyer.token, job.errors_file_id)
    expect(file.match(/There is no approved link with this supplier/g)).toHaveLength(3)
  })

  test("is for those who may place orders, and wants to know of whom", async () => {
    const { buyer } = await market()
    const rep = await hire(buyer.token, "sales_rep")
    expect((await importCsv(rep.token, "orders", "sku,quantity\n")).status).toBe(403)
    expect((await importCsv(buyer.token, "orders", "sku,quantity\nTOM-001,1\n")).body.errors).toMatchObject([
      { pointer: "/columns", code: "REQUIRED" },
    ])
  })

  test("a repeat under one Idempotency-Key places no second order", async () => {
    const { supplier, buyer } = await market()
    const options = { query: `?supplier_id=${supplier.org.id}`, headers: { "idempotency-key": "orders-once" } }
    const first = await importCsv(buyer.token, "orders", "sku,quantity\nTOM-001,1\n", options)
    const second = await importCsv(buyer.token, "orders", "sku,quantity\nTOM-001,1\n", options)
    expect(second.body.id).toBe(first.body.id)
    await jobOver(buyer.token, first.body.id)
    expect(await ordersOf(buyer.token)).toHaveLength(1)
  })
})

describe("GET /orders/export", () => {
  test("shows either side its orders, a line each, by state and time", async () => {
    const { supplier, buyer, body } = await market()
    const { body: order } = await api("POST", "/orders", { token: buyer.token, body: { ...body, note: "=1+1" } })
    for (const token of [supplier.token, buyer.token]) {
      const { status, body: text } = await api("GET", "/orders/export?status=pending&from=2020-01-01", { token })
      expect(status).toBe(200)
      const [header, line, ...rest] = String(text).split("\r\n")
      expect(header).toContain("order_id,reference,status,side,supplier_id")
      expect(line).toContain(`${order.id},${order.number},PENDING,`)
      expect(line).toContain("'=1+1")
      expect(rest).toEqual([""])
    }
    const empty = await api("GET", "/orders/export?status=COMPLETED", { token: buyer.token })
    expect(String(empty.body).trim().split("\r\n")).toHaveLength(1)
    expect((await api("GET", "/orders/export?side=supplier", { token: buyer.token })).body).not.toContain(order.id)
    const again = await api("GET", "/orders/export?side=buyer", { token: buyer.token })
    expect(await imported(buyer.token, "orders", String(again.body))).toMatchObject({ done: 1, failed: 0 })
    expect((await ordersOf(buyer.token)).map(({ note }) => note)).toEqual(["=1+1", "=1+1"])
  })
})
