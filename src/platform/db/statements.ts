import { Column, eq, getTableColumns, type InferSelectModel, is, Param, Placeholder, SQL, sql } from "drizzle-orm"
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core"
import { compile, dialect, type Row, type Statement } from "./executor.ts"
import type { Condition, TenantTable } from "./tables.ts"

export type PageOptions = {
  readonly where?: Condition
  readonly orderBy?: readonly SQL[]
  readonly limit?: number
  /** The index to walk. D1 keeps no statistics, and without them SQLite takes the primary key of the organization over a better one. */
  readonly indexedBy?: string
}

type Decode = (value: unknown) => unknown
type Shape = {
  readonly columns: SQL
  readonly decoders: ReadonlyArray<{ readonly key: string; readonly column: string; readonly decode: Decode | undefined }>
}

const shapes = new WeakMap<SQLiteTable, Shape>()

/** What is the same for every query of a table, worked out once: its list of columns, and how each value is read. */
function shapeOf(table: SQLiteTable): Shape {
  const known = shapes.get(table)
  if (known !== undefined) return known
  const columns = Object.entries(getTableColumns(table))
  const isAsStored = (column: Column) => column.mapFromDriverValue === Column.prototype.mapFromDriverValue
  const shape: Shape = {
    columns: sql.raw(columns.map(([, column]) => `"${column.name}"`).join(", ")),
    decoders: columns.map(([key, column]) => ({
      key,
      column: column.name,
      decode: isAsStored(column) ? undefined : (value) => column.mapFromDriverValue(value),
    })),
  }
  shapes.set(table, shape)
  return shape
}

/** A table's row from D1's column names and values. */
export function decodeRow<T extends SQLiteTable>(table: T, row: Row): InferSelectModel<T> {
  const decoded: Record<string, unknown> = {}
  for (const { key, column, decode } of shapeOf(table).decoders) {
    const value = row[column] ?? null
    decoded[key] = value === null || decode === undefined ? value : decode(value)
  }
  return decoded as InferSelectModel<T>
}

const none = sql.empty()

/** drizzle's own select builder makes the same text at several times the cost, a query and a column. */
export const select = (table: SQLiteTable, { where, orderBy = [], limit, indexedBy }: PageOptions): Statement =>
  compile(
    sql`select ${shapeOf(table).columns} from ${table}${indexedBy === undefined ? none : sql` indexed by ${sql.identifier(indexedBy)}`}${where === undefined ? none : sql` where ${where}`}${orderBy.length === 0 ? none : sql` order by ${sql.join([...orderBy], sql`, `)}`}${limit === undefined ? none : sql` limit ${limit}`}`,
  )

type Values = Readonly<Record<string, string | number | null>>

/**
 * A query that is asked often: its text is made once an isolate, and each time only bound anew. `make` names what differs
 * by `slot`; a value is bound as it is given, whatever column it is held against.
 */
export function prepared<V extends Values>(make: (slot: (name: keyof V & string) => Placeholder) => SQL): (values: V) => Statement {
  let made: Statement | undefined
  return (values: Values) => {
    made ??= compile(make((name) => sql.placeholder(name)))
    return { sql: made.sql, params: made.params.map((param) => (param instanceof Placeholder ? values[param.name] : param)) }
  }
}

/** A tenant table whose rows have ids. */
export type Identified = TenantTable & { readonly id: SQLiteColumn }

const selectsById = new WeakMap<Identified, (values: { orgId: string; id: string }) => Statement>()

/** One row of one organization, by its id. */
export function selectById(table: Identified, orgId: string, id: string): Statement {
  let statement = selectsById.get(table)
  if (statement === undefined) {
    const { columns } = shapeOf(table)
    statement = prepared(
      (slot) => sql`select ${columns} from ${table} where ${eq(table.orgId, slot("orgId"))} and ${eq(table.id, slot("id"))} limit 1`,
    )
    selectsById.set(table, statement)
  }
  return statement({ orgId, id })
}

/** Each value as its column writes it. What is undefined is left out: a row's default, or as it was. */
function written(table: SQLiteTable, values: Readonly<Record<string, unknown>>): Record<string, Param | SQL> {
  const columns: Readonly<Record<string, Column>> = getTableColumns(table)
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([key, value]) => [key, is(value, SQL) ? value : new Param(value, columns[key])]))
}

export const insertion = (table: SQLiteTable, row: Readonly<Record<string, unknown>>): Statement =>
  compile(dialect.buildInsertQuery({ table, values: [written(table, row)] }))

export const update = (table: SQLiteTable, where: Condition, changes: Readonly<Record<string, unknown>>): Statement =>
  compile(dialect.buildUpdateQuery({ table, set: written(table, changes), where, joins: [] }))

export const removal = (table: SQLiteTable, where: Condition): Statement => compile(dialect.buildDeleteQuery({ table, where }))
