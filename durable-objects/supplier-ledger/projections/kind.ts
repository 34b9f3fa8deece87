import { getTableName } from "drizzle-orm"
import type { OrganizationId } from "../../../src/kernel/ids.ts"
import type { Statement } from "../../../src/platform/db/executor.ts"
import { type ProjectedRow, type Projection, projection } from "../../../src/platform/db/projection.ts"
import type { LinkedTable, TenantTable } from "../../../src/platform/db/tables.ts"
import type { LedgerStore } from "../store/index.ts"

/** The ledger's own rows of a kind, each under its key with spaces between the parts. */
type Source<Fact> = {
  byKey(key: string): Fact | undefined
  keysAfter(after: string, limit: number): string[]
}

/** What every projected row of a ledger says. */
type Common = { readonly orgId: OrganizationId; readonly generation: number }

type Definition<T extends TenantTable | LinkedTable, Fact> = {
  /** D1's table; `org_id` says whose row each is. */
  readonly table: T
  /** Its key's columns after `org_id`, in the order of the ledger's own key; `id` unless said. */
  readonly key?: readonly string[]
  /** Whether the other party has a row of it too; such a table has the columns `side` and `counterparty_id`. */
  readonly isTwoParty?: boolean
  /** Columns that mostly change alone: an index of the others is then left as it is. */
  readonly often?: readonly string[]
  readonly source: (store: LedgerStore) => Source<Fact>
  readonly rows: (fact: Fact, common: Common, store: LedgerStore) => ReadonlyArray<Parameters<Projection<T>["encode"]>[0]>
}

/** A kind of thing that D1 shows, as rows of one table: all that relay, comparison and rebuild need to know of it. */
export type Kind = {
  readonly table: string
  /** In the order of a projected row's cells. */
  readonly columns: readonly string[]
  readonly key: readonly string[]
  readonly isTwoParty: boolean
  /** The rows that D1 should hold of a thing as the ledger has it now. */
  rowsOf(store: LedgerStore, key: string): ProjectedRow[]
  keysAfter(store: LedgerStore, after: string, limit: number): string[]
  exists(store: LedgerStore, key: string): boolean
  upsert(rows: readonly string[]): readonly Statement[]
  upsertOnly(columns: readonly string[], guard: string, rows: readonly string[]): Statement
}

export function kindOf<T extends TenantTable | LinkedTable, Fact>({
  table,
  key = ["id"],
  isTwoParty = false,
  often,
  source,
  rows,
}: Definition<T, Fact>): Kind {
  const projected = projection(table, ["org_id", ...key])
  return {
    table: getTableName(table),
    columns: projected.columns.map(({ name }) => name),
    key,
    isTwoParty,
    rowsOf: (store, id) => {
      const fact = source(store).byKey(id)
      if (fact === undefined) return []
      return rows(fact, { orgId: store.organization.id, generation: store.meta("generation") }, store).map((row) => projected.encode(row))
    },
    keysAfter: (store, after, limit) => source(store).keysAfter(after, limit),
    exists: (store, id) => source(store).byKey(id) !== undefined,
    upsert: (list) => (often === undefined ? [projected.upsert(list)] : projected.upsertApart(often, list)),
    upsertOnly: (only, guard, list) => projected.upsertOnly(only, guard, list),
  }
}
