import { and, Column, eq, getTableColumns, type InferInsertModel, type InferSelectModel, type SQL, sql } from "drizzle-orm"
import type { SQLiteTable } from "drizzle-orm/sqlite-core"
import { drizzle } from "drizzle-orm/sqlite-proxy"
import type { OrganizationId } from "../../kernel/ids.ts"
import type { Bindings } from "../env.ts"
import { compile, Executor, type Row, type Statement } from "./executor.ts"
import type { Meter } from "./meter.ts"
import type { Condition, LinkedTable, PlatformTable, TenantTable } from "./tables.ts"

/** Builds SQL and never runs it: every statement goes through the Executor. */
const build = drizzle(async () => {
  throw new Error("statements run through the Executor")
})

export type PageOptions = {
  readonly where?: Condition
  readonly orderBy?: readonly SQL[]
  readonly limit?: number
  /** The index to walk. D1 keeps no statistics, and without them SQLite takes the primary key of the organization over a better one. */
  readonly indexedBy?: string
}
type NewRow<T extends SQLiteTable> = Omit<InferInsertModel<T>, "orgId">
type Changes<T extends SQLiteTable> = Partial<{ [K in keyof Omit<InferInsertModel<T>, "orgId">]: InferInsertModel<T>[K] | SQL }>

type Decode = (value: unknown) => unknown
type Shape = { readonly columns: SQL; readonly decoders: ReadonlyArray<readonly [key: string, column: string, decode: Decode | undefined]> }

const shapes = new WeakMap<SQLiteTable, Shape>()

/** What is the same for every query of a table, worked out once: its list of columns, and how each value is read. */
function shapeOf(table: SQLiteTable): Shape {
  const known = shapes.get(table)
  if (known !== undefined) return known
  const columns = Object.entries(getTableColumns(table))
  const isAsStored = (column: Column) => column.mapFromDriverValue === Column.prototype.mapFromDriverValue
  const shape: Shape = {
    columns: sql.raw(columns.map(([, column]) => `"${column.name}"`).join(", ")),
    decoders: columns.map(([key, column]) => [
      key,
      column.name,
      isAsStored(column) ? undefined : (value) => column.mapFromDriverValue(value),
    ]),
  }
  shapes.set(table, shape)
  return shape
}

/** A table's row from D1's column names and values. */
export function decodeRow<T extends SQLiteTable>(table: T, row: Row): InferSelectModel<T> {
  const decoded: Record<string, unknown> = {}
  for (const [key, column, decode] of shapeOf(table).decoders) {
    const value = row[column] ?? null
    decoded[key] = value === null || decode === undefined ? value : decode(value)
  }
  return decoded as InferSelectModel<T>
}

const none = sql.empty()

/** drizzle's own select builder makes the same text at several times the cost, a query and a column. */
const select = (table: SQLiteTable, { where, orderBy = [], limit, indexedBy }: PageOptions): Statement =>
  compile(
    sql`select ${shapeOf(table).columns} from ${table}${indexedBy === undefined ? none : sql` indexed by ${sql.identifier(indexedBy)}`}${where === undefined ? none : sql` where ${where}`}${orderBy.length === 0 ? none : sql` order by ${sql.join([...orderBy], sql`, `)}`}${limit === undefined ? none : sql` limit ${limit}`}`,
  )

/**
 * The handle on one organization's rows. Authentication mints it, stores take nothing else, and every
 * statement it makes names the organization. Tables of the platform's own do not type-check here.
 */
export class TenantDb {
  readonly orgId: OrganizationId
  readonly #executor: Executor

  constructor(executor: Executor, orgId: OrganizationId) {
    this.#executor = executor
    this.orgId = orgId
  }

  /** The escape for work that no user's token stands behind: relay, cron, queues, registration. `reason` is for the reader and the allow-list. */
  static forSystem(env: Pick<Bindings, "DB">, meter: Meter, orgId: OrganizationId, reason: string): TenantDb {
    return new TenantDb(new Executor(env, meter, reason), orgId)
  }

  async one<T extends TenantTable>(table: T, where?: Condition): Promise<InferSelectModel<T> | undefined> {
    const [row] = await this.many(table, { where, limit: 1 })
    return row
  }

  async many<T extends TenantTable>(table: T, options: PageOptions = {}): Promise<InferSelectModel<T>[]> {
    const [rows = []] = await this.#executor.run([select(table, { ...options, where: this.#own(table, options.where) })])
    return rows.map((row) => decodeRow(table, row))
  }

  /** Own rows of a table that partners may read too. */
  async ownMany<T extends LinkedTable>(table: T, options: PageOptions = {}): Promise<InferSelectModel<T>[]> {
    const [rows = []] = await this.#executor.run([select(table, { ...options, where: this.#own(table, options.where) })])
    return rows.map((row) => decodeRow(table, row))
  }

  /**
   * Statements that the builder cannot say, in one round trip. Each gets the organization's id and must
   * bind it: the suite's D1 spy fails any statement on a tenant or linked table that does not.
   */
  async query(...statements: ReadonlyArray<(orgId: OrganizationId) => SQL>): Promise<Row[][]> {
    return this.#executor.run(statements.map((statement) => compile(statement(this.orgId))))
  }

  insert<T extends TenantTable>(table: T, row: NewRow<T>): Statement {
    return build
      .insert(table)
      .values({ ...row, orgId: this.orgId } as InferInsertModel<T>)
      .toSQL()
  }

  update<T extends TenantTable>(table: T, where: Condition, changes: Changes<T>): Statement {
    return build
      .update(table)
      .set(changes as never)
      .where(this.#own(table, where))
      .toSQL()
  }

  delete<T extends TenantTable>(table: T, where: Condition): Statement {
    return build.delete(table).where(this.#own(table, where)).toSQL()
  }

  /** A statement for a batch that the builder cannot say; it must bind the organization's id. */
  statement(make: (orgId: OrganizationId) => SQL): Statement {
    return compile(make(this.orgId))
  }

  /** One transaction, one round trip. */
  async run(statements: readonly Statement[]): Promise<Row[][]> {
    return this.#executor.run(statements)
  }

  #own(table: TenantTable | LinkedTable, where: Condition): Condition {
    return and(eq(table.orgId, this.orgId), where)
  }
}

/** The handle on rows of all organizations, for what cannot know one: sign-in by address, cron, the platform's own routes. */
export class AcrossDb {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  async one<T extends TenantTable | LinkedTable | PlatformTable>(table: T, where: Condition): Promise<InferSelectModel<T> | undefined> {
    const [row] = await this.many(table, { where, limit: 1 })
    return row
  }

  async many<T extends TenantTable | LinkedTable | PlatformTable>(table: T, options: PageOptions = {}): Promise<InferSelectModel<T>[]> {
    const [rows = []] = await this.#executor.run([select(table, options)])
    return rows.map((row) => decodeRow(table, row))
  }

  async query(...statements: readonly SQL[]): Promise<Row[][]> {
    return this.#executor.run(statements.map(compile))
  }

  insert<T extends PlatformTable>(table: T, row: InferInsertModel<T>): Statement {
    return build.insert(table).values(row).toSQL()
  }

  update<T extends PlatformTable>(
    table: T,
    where: Condition,
    changes: Partial<{ [K in keyof InferInsertModel<T>]: InferInsertModel<T>[K] | SQL }>,
  ): Statement {
    return build
      .update(table)
      .set(changes as never)
      .where(where)
      .toSQL()
  }

  delete<T extends PlatformTable>(table: T, where: Condition): Statement {
    return build.delete(table).where(where).toSQL()
  }

  statement(query: SQL): Statement {
    return compile(query)
  }

  async run(statements: readonly Statement[]): Promise<Row[][]> {
    return this.#executor.run(statements)
  }
}

/** The escape from tenancy; `reason` is for the reader, and test/architecture counts its uses against an allow-list. */
export const acrossTenants = (env: Pick<Bindings, "DB">, meter: Meter, reason: string): AcrossDb =>
  new AcrossDb(new Executor(env, meter, reason))

/** A condition that no row meets, for lists that are empty by rule. */
export const nothing: SQL = sql`0`
