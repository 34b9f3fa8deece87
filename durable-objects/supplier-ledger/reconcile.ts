import { giveWay } from "../../src/kernel/give-way.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Executor, Row, Statement } from "../../src/platform/db/executor.ts"
import type { ProjectedRow } from "../../src/platform/db/projection.ts"
import type { Outbox } from "../shared/outbox.ts"
import { type ProjectedKind, partsOf, wholeKinds } from "./projections/index.ts"
import type { Kind } from "./projections/kind.ts"
import type { Difference } from "./rpc.ts"
import type { LedgerStore } from "./store/index.ts"

const differencesMax = 1_000
/** Of D1's keys alone, which are short. */
const extraPageRows = limits.reconcilePageRows * 10

type Transaction = <T>(work: () => T) => T

/**
 * Marks every row dirty for a generation, page by page; the relay does the rest. Each page has a seq of its own: what is on
 * its way to D1 meanwhile, as it was before, is not taken for this. What died half-way begins anew. @returns how many things were marked.
 */
export async function markEverything(
  store: LedgerStore,
  outbox: Outbox<ProjectedKind>,
  generation: number,
  transaction: Transaction,
): Promise<number> {
  let count = 0
  for (const [name, kind] of wholeKinds) {
    for await (const ids of pagesOf(store, kind)) {
      transaction(() => {
        const seq = store.next("seq")
        for (const id of ids) outbox.touch(name, id, seq)
      })
      count += ids.length
    }
  }
  // Another rebuild may have begun meanwhile; it marks its own.
  if (store.meta("marking") === generation) transaction(() => store.setMeta("marking", 0))
  return count
}

/** INV-WHS-8: what places are kept to hold, put right where it is not what lies there. @returns how many were not. */
export function recountHoldings(store: LedgerStore, outbox: Outbox<ProjectedKind>, transaction: Transaction): number {
  return transaction(() => {
    const wrong = store.holdings.miscounted()
    if (wrong.length === 0) return 0
    const seq = store.next("seq")
    for (const counted of wrong) {
      store.holdings.table.save({ ...counted, heldSeq: seq })
      outbox.touch("holding", counted.locationId, seq)
    }
    return wrong.length
  })
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
  transaction: Transaction,
): Promise<{ checked: number; differences: Difference[]; truncated: boolean }> {
  const differences: Difference[] = []
  let checked = 0
  for (const [name, kind] of wholeKinds) {
    const onTheWay: readonly ProjectedKind[] = [name, ...partsOf(name)]
    for await (const ids of pagesOf(store, kind)) {
      const isOnItsWay = (id: string) => onTheWay.some((one) => outbox.isDirty(one, id))
      const expected = ids.filter((id) => !isOnItsWay(id)).flatMap((id) => kind.rowsOf(store, id).map((row) => ({ id, row })))
      const actual = await readRows(
        executor,
        kind,
        expected.map(({ row }) => row),
      )
      for (const { id, row } of expected) {
        checked += 1
        // What changed while the page was read is on its way too.
        if (isOnItsWay(id)) continue
        const problem = compare(kind, row, actual.get(keyOf(kind, row)))
        if (problem !== undefined && isStillExpected(store, kind, id, row)) differences.push({ kind: name, id, problem })
      }
      if (differences.length >= differencesMax) break
    }
  }
  differences.push(...(await extraRows(store, executor)))
  if (differences.length > 0) {
    transaction(() => {
      store.next("generation")
      const seq = store.next("seq")
      for (const { kind, id } of differences) outbox.touch(kind, id, seq)
    })
    const extras = differences.filter(({ problem }) => problem === "EXTRA")
    if (extras.length > 0) await deleteExtras(store, executor, extras)
  }
  return { checked, differences: differences.slice(0, differencesMax), truncated: differences.length > differencesMax }
}

/** Deletes what generations before this one left behind, where this ledger is the writer: its own rows, and its buyers' rows about it. */
export async function sweepOlderGenerations(store: LedgerStore, executor: Executor, generation: number): Promise<void> {
  const { id: orgId } = store.organization
  const buyers = JSON.stringify(store.links.all().map(({ buyerId }) => buyerId))
  const statements = wholeKinds.flatMap(([, { table, isTwoParty }]): Statement[] => [
    { sql: `delete from ${table} where org_id = ?1 ${ownSide(isTwoParty)} and generation < ?2`, params: [orgId, generation] },
    ...(isTwoParty
      ? [
          {
            sql: `delete from ${table} where org_id in (select value from json_each(?1)) and side = 'buyer' and counterparty_id = ?2 and generation < ?3`,
            params: [buyers, orgId, generation],
          },
        ]
      : []),
  ])
  await executor.run(statements)
}

/** An organization that buys too has rows of other ledgers beside its own. */
const ownSide = (isTwoParty: boolean): string => (isTwoParty ? "and side = 'supplier'" : "")

/** A kind's keys, with a pause for others between each two pages. */
async function* pagesOf(store: LedgerStore, kind: Kind): AsyncGenerator<readonly string[]> {
  for (let after = ""; ; ) {
    const ids = kind.keysAfter(store, after, limits.reconcilePageRows)
    const last = ids.at(-1)
    if (last === undefined) return
    yield ids
    if (ids.length < limits.reconcilePageRows) return
    await giveWay()
    after = last
  }
}

/** A projected row's key in D1. */
const keyCells = (kind: Kind, row: ProjectedRow): unknown[] => ["org_id", ...kind.key].map((name) => row[kind.columns.indexOf(name)])

const keyOf = (kind: Kind, row: ProjectedRow): string => keyCells(kind, row).join(" ")

async function readRows(executor: Executor, kind: Kind, rows: readonly ProjectedRow[]): Promise<Map<string, Row>> {
  const keys = ["org_id", ...kind.key]
  const on = keys.map((name, index) => `t.${name} = j.value ->> ${index}`).join(" and ")
  const [found = []] = await executor.run([
    {
      sql: `select t.* from json_each(?1) j cross join ${kind.table} t on ${on}`,
      params: [JSON.stringify(rows.map((row) => keyCells(kind, row)))],
    },
  ])
  return new Map(found.map((row) => [keys.map((name) => row[name]).join(" "), row]))
}

function compare({ columns }: Kind, expected: ProjectedRow, actual: Row | undefined): Difference["problem"] | undefined {
  if (actual === undefined) return "MISSING"
  const differs = columns.some((name, index) => name !== "generation" && (expected[index] ?? null) !== (actual[name] ?? null))
  if (!differs) return undefined
  return Number(actual["seq"]) < Number(expected[columns.indexOf("seq")]) ? "STALE" : "DIFFERENT"
}

/** Whether the ledger's row is still the one that was compared; a command may have come between. */
const isStillExpected = (store: LedgerStore, kind: Kind, id: string, row: ProjectedRow): boolean =>
  kind.rowsOf(store, id).some((now) => JSON.stringify(now) === JSON.stringify(row))

/** Rows that D1 shows as this organization's and the ledger does not know. */
async function extraRows(store: LedgerStore, executor: Executor): Promise<Difference[]> {
  const extras: Difference[] = []
  for (const [name, kind] of wholeKinds) {
    const keys = kind.key.join(", ")
    for (let after = ""; ; ) {
      const parts = after.split(" ")
      const [rows = []] = await executor.run([
        {
          sql: `select ${kind.key.join(" || ' ' || ")} as key from ${kind.table} where org_id = ?1 ${ownSide(kind.isTwoParty)}
            and (${keys}) > (${kind.key.map((_, index) => `?${index + 3}`).join(", ")}) order by ${keys} limit ?2`,
          params: [store.organization.id, extraPageRows, ...kind.key.map((_, index) => parts[index] ?? "")],
        },
      ])
      const ids = rows.map((row) => String(row["key"]))
      for (const [index, id] of ids.entries()) {
        if (index > 0 && index % limits.reconcilePageRows === 0) await giveWay()
        if (!kind.exists(store, id)) extras.push({ kind: name, id, problem: "EXTRA" })
      }
      const last = ids.at(-1)
      if (last === undefined || ids.length < extraPageRows || extras.length >= differencesMax) break
      await giveWay()
      after = last
    }
  }
  return extras
}

async function deleteExtras(store: LedgerStore, executor: Executor, extras: readonly Difference[]): Promise<void> {
  const statements = wholeKinds.flatMap(([name, kind]): Statement[] => {
    const ids = extras.filter((extra) => extra.kind === name).map(({ id }) => id.split(" "))
    if (ids.length === 0) return []
    const parts = kind.key.map((_, index) => `value ->> ${index}`).join(", ")
    return [
      {
        sql: `delete from ${kind.table} where org_id = ?1 ${ownSide(kind.isTwoParty)} and (${kind.key.join(", ")}) in (select ${parts} from json_each(?2))`,
        params: [store.organization.id, JSON.stringify(ids)],
      },
    ]
  })
  await executor.run(statements)
}
