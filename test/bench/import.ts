import { setTimeout as wait } from "node:timers/promises"
import type { BuiltServer } from "../support/server/built-server.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import type { Recording } from "./floor.ts"
import { below, type Goal } from "./goals.ts"
import { cpuMs, type Failed, type Load, percentile, type Volley } from "./measure.ts"
import { benchFileName } from "./names.ts"
import { table } from "./report.ts"
import { type ImportShop, openImportShop, send } from "./stage.ts"

/** Rows of one import, by turns with its floor. */
export const rowsATurn = 1_000

const pollMs = 50
const importMsMax = 600_000

/** New products, each with an opening stock. */
const csvOf = (rows: number): Buffer => {
  const mark = crypto.randomUUID().slice(0, 8)
  const row = (at: number) => `${mark}-${at},Imported ware ${at},${(1 + (at % 900) / 100).toFixed(2)},Imported,${(at % 500) + 1}`
  return Buffer.from(["sku,name,price,category,stock_quantity", ...Array.from({ length: rows }, (_, at) => row(at))].join("\r\n"))
}

type Ended = { readonly status: string; readonly done: number; readonly failed: number; readonly reason: string | null }

/** Imports new products, until D1 says that it is over: asked past the Worker, so that asking is no load on it. */
async function importRows({ url, databaseRows }: BuiltServer, { orgId, token }: ImportShop, rows: number): Promise<Failed> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/csv" }
  const answer = await send(url, { method: "POST", path: `/api/v1/products/import?name=${benchFileName}`, headers, body: csvOf(rows) })
  if (answer.status !== 202) throw new Error(`importing: ${answer.status} ${await answer.text()}`)
  const { id } = (await answer.json()) as { id: string }
  const until = performance.now() + importMsMax
  for (;;) {
    const [ended] = await databaseRows<Ended>(
      `select status, done, failed, reason from import_jobs where org_id = '${orgId}' and id = '${id}' and finished_at is not null`,
    )
    if (ended?.status === "FAILED") throw new Error(`importing: ${ended.reason ?? ""}`)
    if (ended !== undefined) return ended.done === rows ? {} : { "failed row": rows - ended.done }
    if (performance.now() > until) throw new Error("importing: it does not end")
    await wait(pollMs)
  }
}

async function timed(rows: number, { workerdPid }: Load, go: () => Promise<Failed>): Promise<Volley> {
  const [before, began] = [cpuMs(workerdPid), performance.now()]
  const failed = await go()
  const tookMs = performance.now() - began
  return { durationsMs: [tookMs], count: rows, seconds: tookMs / 1000, cpuMs: cpuMs(workerdPid) - before, failed }
}

/** One import through the API, however long the volley was to be. */
export const importing =
  (server: BuiltServer, shop: ImportShop) =>
  (load: Load): Promise<Volley> =>
    timed(rowsATurn, load, () => importRows(server, shop, rowsATurn))

/** What an import asked of database, ledger and bucket: its request, and its object behind that. */
export async function recordImport(server: BuiltServer, shop: ImportShop): Promise<Recording> {
  await fetchAgain(`${server.url}/__floor/listen`, { method: "POST" })
  await importRows(server, shop, rowsATurn)
  const recording = (await (await fetchAgain(`${server.url}/__floor/listen`)).json()) as Recording
  if (recording.calls.length === 0) throw new Error("import: no call of a ledger was heard")
  return recording
}

/** The same calls and statements again in one bare request, which ends with the last of them. */
export const floorImporting =
  (url: string, path: string) =>
  (load: Load): Promise<Volley> => {
    const body = csvOf(rowsATurn)
    return timed(rowsATurn, load, async () => {
      const { status } = await send(url, { method: "POST", path, headers: {}, body })
      return status === 200 ? {} : { [String(status)]: rowsATurn }
    })
  }

/** Orders placed one after the other. */
type Waits = { readonly orders: number; readonly medianMs: number; readonly maxMs: number }

export type ImportBeside = { readonly rows: number; readonly seconds: number; readonly alone: Waits; readonly beside: Waits }

/** The product's goal, and how long orders are placed without an import before. */
const rowsOfGoal = 10_000
const secondsMax = 120
const aloneMs = 5_000

async function ordersUntil(url: string, { order }: ImportShop, over: Promise<unknown>): Promise<Waits> {
  let isOver = false
  const end = (): void => {
    isOver = true
  }
  over.then(end, end)
  const durationsMs: number[] = []
  while (!isOver) {
    const askedAt = performance.now()
    const { status } = await send(url, order)
    if (status !== 201) throw new Error(`ordering beside an import: ${status}`)
    durationsMs.push(performance.now() - askedAt)
  }
  return waitsOf(durationsMs)
}

export function waitsOf(durationsMs: readonly number[]): Waits {
  const sorted = durationsMs.toSorted((a, b) => a - b)
  return { orders: sorted.length, medianMs: percentile(sorted, 0.5), maxMs: percentile(sorted, 1) }
}

/** How long an import of 10,000 new products takes while somebody orders at the same supplier, and how long each order waits. */
export async function importBesideOrders(server: BuiltServer): Promise<ImportBeside> {
  const shop = await openImportShop(server.url)
  const alone = await ordersUntil(server.url, shop, wait(aloneMs))
  const began = performance.now()
  const importingAll = importRows(server, shop, rowsOfGoal).then((failed) => ({ failed, seconds: (performance.now() - began) / 1000 }))
  const [{ failed, seconds }, beside] = await Promise.all([importingAll, ordersUntil(server.url, shop, importingAll)])
  const isWhole = Object.keys(failed).length === 0
  return { rows: rowsOfGoal, seconds: isWhole ? seconds : Number.NaN, alone, beside }
}

export const importGoal = ({ rows, seconds }: ImportBeside): Goal =>
  below(`an import of ${rows} rows, while somebody orders there`, seconds, secondsMax, "s")

export const importTable = ({ rows, seconds, alone, beside }: ImportBeside): string =>
  table(
    ["orders at one supplier, one after the other", "orders", "median ms", "max ms"],
    (
      [
        ["alone", alone],
        [`beside an import of ${rows} rows (${(rows / seconds).toFixed(0)} rows/s)`, beside],
      ] as const
    ).map(([when, { orders, medianMs, maxMs }]) => [when, String(orders), medianMs.toFixed(0), maxMs.toFixed(0)]),
  )
