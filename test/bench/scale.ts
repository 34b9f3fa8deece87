import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type OrganizationId, platformOrganizationId } from "../../src/kernel/ids.ts"
import type { BuiltServer } from "../support/server/built-server.ts"
import { signingKeys, startBenchServer } from "./bench-server.ts"
import { below, type Goal } from "./goals.ts"
import { percentile, type Shot } from "./measure.ts"
import { type Series, svgOf } from "./plot.ts"
import { costOf, type RequestCost, table } from "./report.ts"
import { buyerId, fillsOf, linksEach, orderId, partnerId, perSize, productId, usersOfBuyer } from "./scale-world.ts"
import { get, random } from "./scenarios.ts"
import { send } from "./stage.ts"
import type { Tell } from "./tell.ts"
import { Wallet } from "./wallet.ts"

export const sizes = [1, 10, 100] as const

export type Point = { readonly size: number; readonly rowsRead: number; readonly d1Trips: number; readonly p50Ms: number }
export type Line = { readonly scenario: string; readonly points: readonly Point[] }
export type World = { readonly size: number; readonly organizations: number; readonly rows: number; readonly filledInSeconds: number }
export type Scale = { readonly worlds: readonly World[]; readonly lines: readonly Line[]; readonly goals: readonly Goal[] }

type Read = { readonly name: string; readonly next: (size: number) => Shot }

const samples = 200
const warmUpRequests = 20

/** Every read whose cost might grow with the world, as the organization that feels it. */
function readsOf(wallet: Wallet): Read[] {
  const roll = random(1)
  const oneOf = (count: number): number => 1 + Math.floor(roll() * count)
  const as = (orgId: OrganizationId, path: string) => (): Shot => get(path, wallet.of(orgId))
  const partner = partnerId(1)
  return [
    { name: "catalog page", next: as(buyerId, "/products/catalog?limit=50") },
    { name: "catalog by category", next: as(buyerId, "/products/catalog?limit=50&category=Even") },
    { name: "catalog by price", next: as(buyerId, "/products/catalog?limit=50&sort=price") },
    { name: "catalog search", next: as(buyerId, "/products/catalog?limit=50&q=tomato") },
    {
      name: "product",
      next: (size) => get(`/products/${productId(oneOf(linksEach), oneOf(size * perSize.productsOfPartner))}`, wallet.of(buyerId)),
    },
    { name: "my orders", next: as(buyerId, "/orders/my-orders?limit=50") },
    { name: "my orders by state", next: as(buyerId, "/orders/my-orders?limit=50&status=PENDING") },
    { name: "one order", next: (size) => get(`/orders/${orderId(oneOf(size * perSize.ordersOfBuyer))}`, wallet.of(buyerId)) },
    { name: "my links", next: as(buyerId, "/links/my-links?limit=10") },
    { name: "users", next: as(buyerId, "/users?limit=50") },
    { name: "audit log", next: as(buyerId, "/audit-logs?limit=50") },
    { name: "supplier's products", next: as(partner, "/products?limit=50") },
    { name: "supplier's orders", next: as(partner, "/orders/my-orders?limit=50") },
    { name: "directory", next: as(buyerId, "/organizations/directory?limit=40") },
    { name: "organizations", next: as(platformOrganizationId, "/organizations?limit=50") },
  ]
}

/** The same reads on one world that grows: what they cost must not grow with it. */
export async function scale(tell: Tell): Promise<Scale> {
  const state = mkdtempSync(join(tmpdir(), "waybill-scale-"))
  const server = await startBenchServer(state, tell)
  try {
    const wallet = new Wallet(signingKeys)
    await Promise.all([wallet.add(buyerId), wallet.add(partnerId(1)), wallet.add(platformOrganizationId, ["super_admin"])])
    const reads = readsOf(wallet)
    const worlds: World[] = []
    const points = new Map<string, Point[]>(reads.map(({ name }) => [name, []]))
    for (const [index, size] of sizes.entries()) {
      worlds.push(await grow(server, sizes[index - 1] ?? 0, size, tell))
      await wallet.renew()
      for (const [done, read] of reads.entries()) {
        tell.step(`${size}×: ${done + 1}/${reads.length} ${read.name}`)
        points.get(read.name)?.push(await measureRead(server.url, read, size))
      }
    }
    const lines = [...points].map(([scenario, list]) => ({ scenario, points: list }))
    return { worlds, lines, goals: [flatGoal(lines)] }
  } finally {
    await server.stop()
    rmSync(state, { recursive: true, force: true })
  }
}

const countedTables = ["organizations", "users", "links", "products", "orders", "audit_logs"] as const

async function grow(server: BuiltServer, from: number, to: number, tell: Tell): Promise<World> {
  const began = performance.now()
  const fills = fillsOf(from, to)
  for (const [index, { what, sql }] of fills.entries()) {
    tell.step(`${to}×: filling, ${index + 1}/${fills.length} ${what}`)
    await server.databaseRows(sql)
  }
  const filledInSeconds = (performance.now() - began) / 1000
  const counts = countedTables.map((name) => `(select count(*) from ${name}) as ${name}`)
  const [row = {}] = await server.databaseRows(`select ${counts.join(", ")}`)
  const rows = Object.values(row).reduce<number>((sum, count) => sum + Number(count), 0)
  tell.line(`${to}×: ${grouped(rows)} rows, filled in ${filledInSeconds.toFixed(0)} s`)
  return { size: to, organizations: Number(row["organizations"]), rows, filledInSeconds }
}

/** One request after the other. What it costs is the most that any request did which made no trip beyond the fewest: once in ten seconds one also asks what was revoked. */
async function measureRead(url: string, { name, next }: Read, size: number): Promise<Point> {
  const seen: Array<{ readonly tookMs: number; readonly cost: RequestCost }> = []
  for (let index = 0; index < warmUpRequests + samples; index += 1) {
    const began = performance.now()
    const answer = await send(url, next(size))
    const body = await answer.text()
    if (!answer.ok) throw new Error(`${name} at ${size}×: ${answer.status} ${body}`)
    if (index >= warmUpRequests) seen.push({ tookMs: performance.now() - began, cost: costOf(answer.headers.get("server-timing")) })
  }
  const d1Trips = Math.min(...seen.map(({ cost }) => cost.d1Trips))
  const rowsRead = Math.max(...seen.filter(({ cost }) => cost.d1Trips === d1Trips).map(({ cost }) => cost.rowsRead))
  const sorted = seen.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  return { size, rowsRead, d1Trips, p50Ms: percentile(sorted, 0.5) }
}

/** Flat: not one row and not one trip more in a larger world than in the smallest. */
export const isFlat = ({ points }: Line): boolean =>
  points.every(({ rowsRead, d1Trips }) => rowsRead <= (points[0]?.rowsRead ?? 0) && d1Trips <= (points[0]?.d1Trips ?? 0))

/** Names the reads that grow. */
export function flatGoal(lines: readonly Line[]): Goal {
  const growing = lines.filter((line) => !isFlat(line)).map(({ scenario }) => scenario)
  return below(["reads that take more rows or trips in a larger world", ...growing].join(": "), growing.length, 1, "")
}

const grouped = (count: number): string => count.toLocaleString("en-US")

export function scaleTable({ worlds, lines }: Scale): string {
  const each = (of: (world: World) => string): string[] => worlds.map(of)
  const world = table(
    ["world", ...each(({ size }) => `${size}×`)],
    [
      ["organizations", ...each(({ organizations }) => grouped(organizations))],
      ["rows", ...each(({ rows }) => grouped(rows))],
    ],
  )
  const head = ["", ...sizes.map((size) => `rows ${size}×`), "trips", ...sizes.map((size) => `p50 ms ${size}×`)]
  const cells = lines.map(({ scenario, points }) => [
    scenario,
    ...points.map(({ rowsRead }) => grouped(rowsRead)),
    [...new Set(points.map(({ d1Trips }) => d1Trips))].join(", "),
    ...points.map(({ p50Ms }) => p50Ms.toFixed(1)),
  ])
  return `${world}\n\n${table(head, cells)}`
}

/** The page that is kept beside the plot. */
export const scalePage = (result: Scale): string =>
  `# Rows read, on worlds of 1×, 10× and 100×

Made by \`npm run bench -- --scale\`. The buyer that asks has ${linksEach} suppliers and ${usersOfBuyer} people in every world; its orders, its log and its suppliers' products grow with everything else. Rows and trips are exact, by Server-Timing; milliseconds are those of one client after the other on the machine it ran on.

${scaleTable(result)}

![Rows read and time of each read, on worlds of growing size](scale.svg)
`

export function scalePlot({ lines }: Scale): string {
  const series = (of: (point: Point) => number): Series[] =>
    lines.map(({ scenario, points }) => ({ name: scenario, points: points.map((point) => ({ x: point.size, y: of(point) })) }))
  return svgOf([
    { title: "rows read a request", series: series(({ rowsRead }) => rowsRead), reference: "in proportion to the world" },
    { title: "p50 in milliseconds, one client", series: series(({ p50Ms }) => p50Ms), reference: "in proportion to the world" },
  ])
}
