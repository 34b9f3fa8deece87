import { getTableColumns, getTableName, type InferSelectModel } from "drizzle-orm"
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core"
import type { OrganizationId } from "../../kernel/ids.ts"
import type { Statement } from "./executor.ts"

/** A row as a projection sends it: the table's columns in their declared order, as D1 stores them. */
export type ProjectedRow = readonly unknown[]

type Projected<T extends SQLiteTable> = Omit<InferSelectModel<T>, "row">

/**
 * How rows of one D1 table are written from a ledger: many rows in one statement from one JSON parameter,
 * each guarded by its generation and seq, so that replay and reordering do no harm.
 */
export type Projection<T extends SQLiteTable> = {
  readonly table: T
  readonly columns: readonly SQLiteColumn[]
  encode(row: Projected<T>): ProjectedRow
  /** Rows are JSON arrays, as `encode` makes them. */
  upsert(rows: readonly string[]): Statement
  /** The same for rows of which these columns change alone as a rule: they alone are written then, and no index of the others is. */
  upsertApart(often: readonly string[], rows: readonly string[]): Statement[]
  /** The same, but a row that is there already changes these columns alone, so that no index of the others is rewritten. */
  upsertOnly(columns: readonly string[], guard: string, rows: readonly string[]): Statement
}

/** Above this, the text of a statement nears D1's 100 KB. */
const cellsInValuesMax = 4_000

/**
 * The rows of one JSON parameter as a row source. VALUES with a path a cell costs no rows read, where
 * json_each counts one for each; it is the form for all but the largest batches.
 */
function rowSource(columns: number, rows: readonly string[]): { readonly sql: string; readonly params: readonly [string] } {
  const params = [`[${rows.join(",")}]`] as const
  const cells = Array.from({ length: columns }, (_, column) => column)
  if (rows.length * columns > cellsInValuesMax)
    return { sql: `select ${cells.map((column) => `value ->> ${column}`).join(", ")} from json_each(?1) where true`, params }
  return {
    sql: `values ${rows.map((_, row) => `(${cells.map((column) => `?1 ->> '$[${row}][${column}]'`).join(", ")})`).join(", ")}`,
    params,
  }
}

/** `key` names the primary key's columns; a `row` column is D1's own rowid and is never sent. */
export function projection<T extends SQLiteTable>(table: T, key: readonly string[]): Projection<T> {
  const byProperty = Object.entries(getTableColumns(table)).filter(([property]) => property !== "row")
  const columns = byProperty.map(([, column]) => column)
  const name = getTableName(table)
  const names = columns.map((column) => column.name)
  const changing = names.filter((column) => !key.includes(column))
  const insert = `insert into ${name} (${names.join(", ")})`
  const conflict = `on conflict (${key.join(", ")}) do update set`
  const write = (rows: readonly string[], change: string): Statement => {
    const source = rowSource(names.length, rows)
    return { sql: `${insert} ${source.sql} ${conflict} ${change}`, params: source.params }
  }
  const set = (changed: readonly string[]) => changed.map((column) => `${column} = excluded.${column}`).join(", ")
  const isNewer = `(excluded.generation, excluded.seq) > (${name}.generation, ${name}.seq)`
  return {
    table,
    columns,
    encode: (row) => byProperty.map(([property, column]) => encodeValue(column, (row as Record<string, unknown>)[property])),
    upsert: (rows) => write(rows, `${set(changing)} where ${isNewer}`),
    upsertApart: (often, rows) => {
      const always = [...often, "seq", "generation"]
      const seldom = changing.filter((column) => !always.includes(column))
      const differs = seldom.map((column) => `excluded.${column} is not ${name}.${column}`).join(" or ")
      // SQLite rewrites the indexes of every column that a statement names, changed or not.
      return [write(rows, `${set(changing)} where ${isNewer} and (${differs})`), write(rows, `${set(always)} where ${isNewer}`)]
    },
    // A row from before the guard's column was added has none.
    upsertOnly: (only, guard, rows) => write(rows, `${set(only)} where excluded.${guard} > coalesce(${name}.${guard}, -1)`),
  }
}

/** Rows that are only ever added: a row that is there already is left alone. */
export function appendOnly<T extends SQLiteTable>(table: T, key: readonly string[]) {
  const byProperty = Object.entries(getTableColumns(table)).filter(([, column]) => column.name !== "seq")
  const names = byProperty.map(([, column]) => column.name)
  return {
    encode: (row: Omit<InferSelectModel<T>, "seq">): ProjectedRow =>
      byProperty.map(([property, column]) => encodeValue(column, (row as Record<string, unknown>)[property])),
    /** Whose row it is, of one that `encode` made. */
    organizationOf: (rowJson: string): OrganizationId =>
      (JSON.parse(rowJson) as OrganizationId[])[names.indexOf("org_id")] as OrganizationId,
    insert: (rows: readonly string[]): Statement => {
      const source = rowSource(names.length, rows)
      return {
        sql: `insert into ${getTableName(table)} (${names.join(", ")}) ${source.sql} on conflict (${key.join(", ")}) do nothing`,
        params: source.params,
      }
    },
  }
}

/** A value as D1 stores it, through the column's own encoder (booleans as 0 and 1, JSON as text). */
const encodeValue = (column: SQLiteColumn, value: unknown): unknown =>
  value === null || value === undefined ? null : column.mapToDriverValue(value)
