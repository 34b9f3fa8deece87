import { and, eq, type InferInsertModel, type InferSelectModel, SQL, sql } from "drizzle-orm"
import type { SQLiteTable } from "drizzle-orm/sqlite-core"
import type { OrganizationId } from "../../kernel/ids.ts"
import type { Bindings } from "../env.ts"
import { compile, Executor, type Row, type Statement } from "./executor.ts"
import type { Meter } from "./meter.ts"
import { decodeRow, type Identified, insertion, type PageOptions, removal, select, selectById, update } from "./statements.ts"
import type { Condition, LinkedTable, PlatformTable, TenantTable } from "./tables.ts"

type NewRow<T extends SQLiteTable> = Omit<InferInsertModel<T>, "orgId">
type Changes<T extends SQLiteTable> = Partial<{ [K in keyof Omit<InferInsertModel<T>, "orgId">]: InferInsertModel<T>[K] | SQL }>

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

  /** The organization's row of this id, by a query that is compiled once. */
  async byId<T extends Identified>(table: T, id: string): Promise<InferSelectModel<T> | undefined> {
    const [[row] = []] = await this.#executor.run([selectById(table, this.orgId, id)])
    return row === undefined ? undefined : decodeRow(table, row)
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
  async query(...queries: ReadonlyArray<(orgId: OrganizationId) => SQL | Statement>): Promise<Row[][]> {
    return this.#executor.run(
      queries.map((query) => {
        const made = query(this.orgId)
        return made instanceof SQL ? compile(made) : made
      }),
    )
  }

  insert<T extends TenantTable>(table: T, row: NewRow<T>): Statement {
    return insertion(table, { ...row, orgId: this.orgId })
  }

  update<T extends TenantTable>(table: T, where: Condition, changes: Changes<T>): Statement {
    return update(table, this.#own(table, where), changes)
  }

  delete<T extends TenantTable>(table: T, where: Condition): Statement {
    return removal(table, this.#own(table, where))
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
    return insertion(table, row)
  }

  update<T extends PlatformTable>(
    table: T,
    where: Condition,
    changes: Partial<{ [K in keyof InferInsertModel<T>]: InferInsertModel<T>[K] | SQL }>,
  ): Statement {
    return update(table, where, changes)
  }

  delete<T extends PlatformTable>(table: T, where: Condition): Statement {
    return removal(table, where)
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
