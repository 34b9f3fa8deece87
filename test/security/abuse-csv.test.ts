import { beforeAll, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { cellsOf, csvRecords, piecesOf } from "../../src/platform/files/csv-records.ts"
import { fullPath } from "../../src/platform/http/endpoint.ts"
import { failedRowsOf, imported } from "../support/imports.ts"
import { quiet } from "../support/ledger.ts"
import { api, must, signUp, type World } from "../support/world.ts"

/** Words that a spreadsheet would take for a formula, wherever somebody's words come to stand in a CSV file: every one that is written. */

quiet()

const formulas = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example","x")', "＝1+1", "＠SUM(A1)"]

let supplier: World
let buyer: World

/** Both sides' words are formulas, in every field that takes words. */
beforeAll(async () => {
  supplier = await signUp(["supplier", "buyer"], "=supplier()")
  buyer = await signUp(["supplier", "buyer"], "@buyer")
  const link = await must(201, api("POST", "/links/request", { token: buyer.token, body: { supplier_id: supplier.org.id } }))
  await must(200, api("PUT", `/links/${link.id}/status`, { token: supplier.token, body: { status: "APPROVED" } }))
  for (const [n, text] of formulas.entries()) {
    const product = await must(
      201,
      api("POST", "/products", {
        token: supplier.token,
        body: {
          sku: `${text}${n}`,
          name: text,
          description: text,
          category: text,
          unit: text.slice(0, 8),
          price: "1.00",
          stock_quantity: 9,
        },
      }),
    )
    const items = [{ product_id: product.id, quantity: 1 }]
    const order = await must(201, api("POST", "/orders", { token: buyer.token, body: { supplier_id: supplier.org.id, items, note: text } }))
    const complaint = await must(
      201,
      api("POST", "/complaints", { token: buyer.token, body: { order_id: order.id, title: text, description: text } }),
    )
    const resolution = { kind: "NONE", text }
    await must(200, api("PUT", `/complaints/${complaint.id}/resolve`, { token: supplier.token, body: resolution }))
  }
}, 120_000)

async function cellsIn(csv: string): Promise<string[]> {
  const cells: string[] = []
  for await (const record of csvRecords(piecesOf(new Blob([csv]).stream()), 0, 100_000)) {
    const row = cellsOf(record)
    if (typeof row === "string") throw new Error(`no CSV: ${row}`)
    cells.push(...row)
  }
  return cells
}

/** As OWASP has it, and the full-width signs that spreadsheets read alike. A number is a number. */
const isFormula = (cell: string): boolean => /^[=+\-@\t\r\n＝＋－＠]/.test(cell) && !/^-?\d+(\.\d+)?$/.test(cell)

async function expectHarmless(csv: string): Promise<void> {
  const cells = await cellsIn(csv)
  expect(cells.filter(isFormula)).toEqual([])
  // They are there, as text.
  for (const text of formulas)
    expect(
      cells.filter((cell) => cell.startsWith(`'${text}`)),
      text,
    ).not.toEqual([])
}

const written = endpoints.map(({ spec }) => spec).filter(({ success }) => success.contentType === "text/csv")

test("three operations write CSV, and each is tried", () => {
  expect(written.map(({ operationId }) => operationId).sort()).toEqual(["exportComplaints", "exportOrders", "exportProducts"])
})

test.each(written.map((spec) => [spec.operationId, spec] as const))("%s writes nobody's words as a formula", async (operationId, spec) => {
  for (const { token } of operationId === "exportOrders" ? [supplier, buyer] : [supplier]) {
    const { status, headers, body } = await api("GET", `./${fullPath(spec).slice(1)}`, { token })
    expect(status).toBe(200)
    expect(headers.get("content-disposition")).toMatch(/^attachment/)
    await expectHarmless(body)
  }
})

test("the file of an import's failed rows writes nobody's words as a formula, in what was sent or in what is said of it", async () => {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
  const rows = formulas.map((text) => [text, text, text, text].map(quoted).join(","))
  const job = await imported(supplier.token, "products", `sku,name,price,category\n${rows.join("\n")}\n`)
  expect([job.status, job.failed]).toEqual(["DONE", formulas.length])
  await expectHarmless(await failedRowsOf(supplier.token, job.errors_file_id))
})
