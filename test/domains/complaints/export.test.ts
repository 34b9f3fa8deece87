import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { csvDownload, csvLines } from "../../../src/platform/http/csv.ts"
import worker from "../../../src/worker.ts"
import { complain, type Shop, shop, step } from "../../support/complaints.ts"
import { D1Spy, strays } from "../../support/d1-spy.ts"
import { quiet } from "../../support/ledger.ts"
import { api, hire, must, signUp } from "../../support/world.ts"

quiet()

/** Fields of RFC 4180, written for the tests alone. */
function parsed(csv: string): string[][] {
  const lines: string[][] = []
  let fields: string[] = []
  const pattern = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/y
  while (pattern.lastIndex < csv.length) {
    const [, raw = "", end] = pattern.exec(csv) ?? []
    if (end === undefined) throw new Error("no RFC 4180")
    fields.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw)
    if (end === ",") continue
    lines.push(fields)
    fields = []
  }
  return lines
}

const download = (token: string, query = "") => api("GET", `/complaints/export${query}`, { token })

const fill = async (at: Shop, id: string, count: number): Promise<void> => {
  await env.DB.prepare(
    `insert into complaints (org_id, id, side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, opened_by, evidence, history, reopen_count, created_at, updated_at, version)
     with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1)
     select org_id, 'cmp_0' || printf('%025d', i), iif(i % 5, 'supplier', 'buyer'), counterparty_id, supplier_name, buyer_name, order_id, order_number, 'Bulk ' || i, description, status, level, opened_by, evidence, history, 0, 0, 0, 1
     from complaints, n where org_id = ?2 and id = ?3`,
  )
    .bind(count, at.supplier.org.id, id)
    .run()
}

describe("the incident log", () => {
  test("is a CSV file of what the organization sold, with what was done about it", async () => {
    const at = await shop()
    const description = 'First line, with a comma\nand "quotes" on the second'
    const made = await complain(at, { description })
    await must(200, step(at.rep.token, made.id, "assign"))
    await must(200, step(at.rep.token, made.id, "resolve"))
    const answer = await download(at.rep.token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get("content-type")).toContain("text/csv; charset=utf-8")
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="complaints-\d{4}-\d\d-\d\d\.csv"$/)
    expect(answer.headers.get("cache-control")).toBe("no-store")
    const [header = [], row = [], ...rest] = parsed(answer.body)
    expect(rest).toEqual([])
    expect(Object.fromEntries(header.map((name, index) => [name, row[index]]))).toMatchObject({
      id: made.id,
      order_number: at.order.number,
      buyer_name: at.buyer.org.name,
      description,
      status: "RESOLVED",
      level: "SALES",
      assignee_name: "Cleo Colleague",
      opened_by: "Olga Owner",
      opened_by_side: "buyer",
      resolution_kind: "CREDIT",
      closed_at: "",
      reopen_count: "0",
    })
  })

  test("INV-CMP-8: no cell begins a formula, whoever wrote it", async () => {
    const at = await shop()
    for (const title of ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", '=HYPERLINK("http://evil.example")']) {
      const made = await complain(at, { title, description: `${title}\tx` })
      await must(200, step(at.rep.token, made.id, "resolve", { kind: "NONE", text: title }))
    }
    const [, ...rows] = parsed((await download(at.rep.token)).body)
    expect(rows).toHaveLength(5)
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
    expect(rows.flat().filter((cell) => cell.startsWith("'"))).toHaveLength(15)
    expect(csvLines([["one\ntwo", "x"]])).toBe('"one\ntwo",x\r\n')
    expect(csvLines([["\tx", "\rx", "-5", -5, null, ""]])).toBe("'\tx,\"'\rx\",'-5,-5,,\r\n")
  })

  test("is for the supplier's staff: refused by role, and empty of what the organization bought", async () => {
    const at = await shop()
    await complain(at)
    for (const role of ["buyer", "warehouse_op", "staff"]) {
      const person = await hire(at.supplier.token, role)
      expect((await download(person.token)).body.code, role).toBe("FORBIDDEN")
    }
    const bought = await download(at.buyer.token)
    expect([bought.status, parsed(bought.body).length]).toEqual([200, 1])
    const stranger = await signUp(["supplier"])
    expect(parsed((await download(stranger.token)).body)).toHaveLength(1)
    expect((await download(at.rep.token, "?side=buyer")).status).toBe(422)
  })

  test("has bounds in time", async () => {
    const at = await shop()
    await complain(at)
    const count = async (query: string) => parsed((await download(at.rep.token, query)).body).length - 1
    expect(await count("?from=2020-01-01")).toBe(1)
    expect(await count("?to=2020-01-01")).toBe(0)
    expect(await count(`?from=${encodeURIComponent(new Date(Date.now() + 60_000).toISOString())}`)).toBe(0)
  })

  test("INV-CMP-8: is read page by page as the client takes it, each row once and in order, and no further when it leaves", async () => {
    const at = await shop()
    const made = await complain(at)
    await fill(at, made.id, 1_250)
    const [header, ...rows] = parsed((await download(at.rep.token)).body)
    expect(header?.[0]).toBe("id")
    expect(rows).toHaveLength(1_001)
    const ids = rows.map(([id = ""]) => id)
    expect(ids).toEqual([...ids].sort())

    using spy = new D1Spy()
    const response = await worker.fetch(
      new Request("http://api.waybill.test/api/v1/complaints/export", { headers: { authorization: `Bearer ${at.rep.token}` } }),
      env,
      createExecutionContext(),
    )
    const reader = response.body?.getReader()
    const reads = () => spy.take().filter(({ tables }) => tables.includes("complaints"))
    await reader?.read()
    expect(reads().length).toBeLessThanOrEqual(1)
    await reader?.read()
    await reader?.cancel()
    const heard = reads()
    expect(heard.length).toBeLessThanOrEqual(1)
    expect(strays(heard, at.supplier.org.id)).toEqual([])
    expect(limits.exportPageRows).toBe(500)
  })

  test("breaks off when it fails midway, so that nobody takes a part for the whole", async () => {
    async function* failing() {
      yield [["one"]]
      throw new Error("the database went away")
    }
    await expect(csvDownload("x.csv", ["word"], failing()).text()).rejects.toThrow()
  })
})
