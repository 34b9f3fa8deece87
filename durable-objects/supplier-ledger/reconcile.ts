import { getTableColumns, getTableName } from "drizzle-orm"
import { limits } from "../../src/kernel/limits.ts"
import type { Executor, Row } from "../../src/platform/db/executor.ts"
import type { ProjectedRow } from "../../src/platform/db/projection.ts"
import type { Outbox } from "../shared/outbox.ts"
import { type ProjectedKind, type ProjectedTable, projections, rowsOf } from "./projections.ts"
import type { Difference } from "./rpc.ts"
import type { LedgerStore } from "./store.ts"

/** The kinds that stand for whole rows, and how to walk all of each; a product's row holds its stock too. */
const walks: ReadonlyArray<{
  kind: Exclude<ProjectedKind, "stock">
  table: ProjectedTable
  idsAfter: (store: LedgerStore, after: string, limit: number) => string[]
}> = [
  { kind: "location", table: "locations", idsAfter: (store, after, limit) => store.idsAfter("locations", after, limit) },
  { kind: "product", table: "products", idsAfter: (store, after, limit) => store.idsAfter("products", after, limit) },
  { kind: "level", table: "stock_levels", idsAfter: (store, after, limit) => store.levelKeysAfter(after, limit) },
  { kind: "movement", table: "stock_movements", idsAfter: (store, after, limit) => store.idsAfter("stock_movements", after, limit) },
  { kind: "link", table: "links", idsAfter: (store, after, limit) => store.idsAfter("links", after, limit) },
  { kind: "order", table: "orders", idsAfter: (store, after, limit) => store.idsAfter("orders", after, limit) },
  { kind: "component", table: "bundle_components", idsAfter: (store, after, limit) => store.idsAfter("bundle_components", after, limit) },
]

const differencesMax = 1_000

/** Marks every row dirty; the relay does the rest. @returns how many things were marked. */
export function markEverything(store: LedgerStore, outbox: Outbox<ProjectedKind>): number {
  const seq = store.next("seq")
  let count = 0
  for (const { kind, idsAfter } of walks) {
    for (const id of allIds(store, idsAfter)) {
      outbox.touch(kind, id, seq)
      count += 1
    }
  }
  return count
}

/**
 * Compares D1 with the ledger, page by page. A thing that is dirty before or after its page is read is on its way
 * and is left out; what differs is put under a new generation's guard, so that the relay overwrites even a row whose
 * seq looks newer.
 */
export async function reconcileLedger(
  store: LedgerStore,
  outbox: Outbox<ProjectedKind>,
  executor: Executor,
  transaction: <T>(work: () => T) => T,
): Promise<{ checked: number; differences: Difference[]; truncated: boolean }> {
  const differences: Difference[] = []
  let checked = 0
  for (const { kind, table, idsAfter } of walks) {
    for (let after = ""; ; ) {
      const ids = idsAfter(store, after, limits.reconcilePageRows)
      const last = ids.at(-1)
      if (last === undefined) break
      const isOnItsWay = (id: string) => outbox.isDirty(kind, id) || (kind === "product" && outbox.isDirty("stock", id))
      const expected = ids.filter((id) => !isOnItsWay(id)).flatMap((id) => rowsOf(store, kind, id).map(({ row }) => ({ id, row })))
      const actual = await readRows(
        executor,
        table,
        expected.map(({ row }) => row),
      )
      for (const { id, row } of expected) {
        checked += 1
        // What changed while the page was read is on its way too.
        if (isOnItsWay(id)) continue
        const problem = compare(table, row, actual.get(keyOf(table, row)))
        if (problem !== undefined && isStillExpected(store, kind, id, row)) differences.push({ kind, id, problem })
      }
      if (differences.length >= differencesMax) break
      after = last
    }
  }
  differences.push(...(await extraRows(store, executor)))
  if (differences.length > 0) {
    transaction(() => {
      store.next("generation")
      const seq = store.next("seq")
      for (const { kind, id } of differences) outbox.touch(kind as ProjectedKind, id, seq)
    })
    const extras = differences.filter(({ problem }) => problem === "EXTRA")
    if (extras.length > 0) await deleteExtras(store, executor, extras)
  }
  return { checked, differences: differences.slice(0, differencesMax), truncated: differences.length > differencesMax }
}

/** Deletes what generations before this one left behind, where this ledger is the writer: its own rows, and its buyers' rows about it. */
export async function sweepOlderGenerations(store: LedgerStore, executor: Executor, generation: number): Promise<void> {
  const { id: orgId } = store.organization
  const own = ["locations", "products", "stock_levels", "stock_movements", "bundle_components"].map((table) => ({
    sql: `delete from ${table} where org_id = ?1 and generation < ?2`,
    params: [orgId, generation],
  }))
  const twoParty = ["links", "orders"].map((table) => ({
    sql: `delete from ${table} where org_id = ?1 and side = 'supplier' and generation < ?2`,
    params: [orgId, generation],
  }))
  const buyers = JSON.stringify(store.links().map(({ buyerId }) => buyerId))
  const ofBuyers = ["links", "orders"].map((table) => ({
    sql: `delete from ${table} where org_id in (select value from json_each(?1)) and side = 'buyer' and counterparty_id = ?2 and generation < ?3`,
    params: [buyers, orgId, generation],
  }))
  await executor.run([...own, ...twoParty, ...ofBuyers])
}

function* allIds(store: LedgerStore, idsAfter: (store: LedgerStore, after: string, limit: number) => string[]): Generator<string> {
  for (let after = ""; ; ) {
    const ids = idsAfter(store, after, limits.reconcilePageRows)
    yield* ids
    const last = ids.at(-1)
    if (last === undefined) return
    after = last
  }
}

const keyColumns = (table: ProjectedTable): readonly string[] =>
  table === "stock_levels" ? ["org_id", "product_id", "location_id"] : ["org_id", "id"]

const columnIndex = (table: ProjectedTable, name: string): number => projections[table].columns.findIndex((column) => column.name === name)

const keyOf = (table: ProjectedTable, row: ProjectedRow): string =>
  keyColumns(table)
    .map((name) => row[columnIndex(table, name)])
    .join(" ")

async function readRows(executor: Executor, table: ProjectedTable, rows: readonly ProjectedRow[]): Promise<Map<string, Row>> {
  const keys = keyColumns(table)
  const wanted = rows.map((row) => keys.map((name) => row[columnIndex(table, name)]))
  const on = keys.map((name, index) => `t.${name} = j.value ->> ${index}`).join(" and ")
  const [found = []] = await executor.run([
    {
      sql: `select t.* from json_each(?1) j cross join ${getTableName(projections[table].table)} t on ${on}`,
      params: [JSON.stringify(wanted)],
    },
  ])
  return new Map(found.map((row) => [keys.map((name) => row[name]).join(" "), row]))
}

function compare(table: ProjectedTable, expected: ProjectedRow, actual: Row | undefined): Difference["problem"] | undefined {
  if (actual === undefined) return "MISSING"
  const names = Object.values(getTableColumns(projections[table].table))
    .map((column) => column.name)
    .filter((name) => name !== "row")
  const differs = names.some((name, index) => name !== "generation" && (expected[index] ?? null) !== (actual[name] ?? null))
  if (!differs) return undefined
  return Number(actual["seq"]) < Number(expected[columnIndex(table, "seq")]) ? "STALE" : "DIFFERENT"
}

/** Whether the ledger's row is still the one that was compared; a command may have come between. */
const isStillExpected = (store: LedgerStore, kind: ProjectedKind, id: string, row: ProjectedRow): boolean =>
  rowsOf(store, kind, id).some((now) => JSON.stringify(now.row) === JSON.stringify(row))

const extraTables = [
  { kind: "product", table: "products", exists: (store: LedgerStore, id: string) => store.product(id as never) !== undefined },
  { kind: "order", table: "orders", exists: (store: LedgerStore, id: string) => store.order(id as never) !== undefined },
  { kind: "link", table: "links", exists: (store: LedgerStore, id: string) => store.link(id as never) !== undefined },
  { kind: "movement", table: "stock_movements", exists: (store: LedgerStore, id: string) => store.movement(id) !== undefined },
  {
    kind: "component",
    table: "bundle_components",
    exists: (store: LedgerStore, id: string) => store.hub.component(id as never) !== undefined,
  },
] as const

/** Rows that D1 shows as this organization's and the ledger does not know. */
async function extraRows(store: LedgerStore, executor: Executor): Promise<Difference[]> {
  const extras: Difference[] = []
  for (const { kind, table, exists } of extraTables) {
    const side = table === "orders" || table === "links" ? "and side = 'supplier'" : ""
    for (let after = ""; ; ) {
      const [rows = []] = await executor.run([
        {
          sql: `select id from ${table} where org_id = ?1 ${side} and id > ?2 order by id limit ?3`,
          params: [store.organization.id, after, limits.reconcilePageRows * 10],
        },
      ])
      const ids = rows.map((row) => String(row["id"]))
      for (const id of ids) if (!exists(store, id)) extras.push({ kind, id, problem: "EXTRA" })
      const last = ids.at(-1)
      if (last === undefined || extras.length >= differencesMax) break
      after = last
    }
  }
  return extras
}

async function deleteExtras(store: LedgerStore, executor: Executor, extras: readonly Difference[]): Promise<void> {
  const statements = extraTables.flatMap(({ kind, table }) => {
    const ids = extras.filter((extra) => extra.kind === kind).map(({ id }) => id)
    return ids.length === 0
      ? []
      : [
          {
            sql: `delete from ${table} where org_id = ?1 and id in (select value from json_each(?2))`,
            params: [store.organization.id, JSON.stringify(ids)],
          },
        ]
  })
  await executor.run(statements)
}
