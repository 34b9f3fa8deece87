import { getTableColumns, getTableName, type InferSelectModel } from "drizzle-orm"
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core"
import type { Statement } from "./executor.ts"

/** A row as a projection sends it: the table's columns in their declared order, as D1 stores them. */
export type ProjectedRow = readonly unknown[]

type Projected<T extends SQLiteTable> = Omit<InferSelectModel<T>, "row">

/**
 * How rows of one D1 table are written from a ledger: many rows in one statement by json_each of one
 * parameter, each guarded by its generation and seq, so that replay and reordering do no harm.
 */
export type Projection<T extends SQLiteTable> = {
  readonly table: T
  readonly columns: readonly SQLiteColumn[]
  encode(row: Projected<T>): ProjectedRow
  upsert(rowsJson: string): Statement
}

/** `key` names the primary key's columns; a `row` column is D1's own rowid and is never sent. */
export function projection<T extends SQLiteTable>(table: T, key: readonly string[]): Projection<T> {
  const byProperty = Object.entries(getTableColumns(table)).filter(([property]) => property !== "row")
  const columns = byProperty.map(([, column]) => column)
  const name = getTableName(table)
  const names = columns.map((column) => column.name)
  const updates = names.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`)
  const sql =
    `insert into ${name} (${names.join(", ")}) select ${names.map((_, index) => `value ->> ${index}`).join(", ")} from json_each(?1) where true ` +
    `on conflict (${key.join(", ")}) do update set ${updates.join(", ")} ` +
    `where (excluded.generation, excluded.seq) > (${name}.generation, ${name}.seq)`
  return {
    table,
    columns,
    encode: (row) => byProperty.map(([property, column]) => encodeValue(column, (row as Record<string, unknown>)[property])),
    upsert: (rowsJson) => ({ sql, params: [rowsJson] }),
  }
}

/** Rows that are only ever added: a row that is there already is left alone. */
export function appendOnly<T extends SQLiteTable>(table: T, key: readonly string[]) {
  const byProperty = Object.entries(getTableColumns(table)).filter(([, column]) => column.name !== "seq")
  const names = byProperty.map(([, column]) => column.name)
  const sql =
    `insert into ${getTableName(table)} (${names.join(", ")}) select ${names.map((_, index) => `value ->> ${index}`).join(", ")} from json_each(?1) where true ` +
    `on conflict (${key.join(", ")}) do nothing`
  return {
    encode: (row: Omit<InferSelectModel<T>, "seq">): ProjectedRow => byProperty.map(([property, column]) => encodeValue(column, (row as Record<string, unknown>)[property])),
    insert: (rowsJson: string): Statement => ({ sql, params: [rowsJson] }),
  }
}

/** A value as D1 stores it, through the column's own encoder (booleans as 0 and 1, JSON as text). */
const encodeValue = (column: SQLiteColumn, value: unknown): unknown => (value === null || value === undefined ? null : column.mapToDriverValue(value))
