import type { SQL } from "drizzle-orm"
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core"
import type { Bindings } from "../env.ts"
import type { Meter } from "./meter.ts"

/** A statement ready for D1, with what its failure means where that is known. */
export type Statement = {
  readonly sql: string
  readonly params: readonly unknown[]
}

export type Row = Record<string, unknown>

/** Makes SQL of drizzle's expressions. */
export const dialect = new SQLiteSyncDialect()

export const compile = (query: SQL): Statement => {
  const { sql, params } = dialect.sqlToQuery(query)
  return { sql, params }
}

/**
 * The one place that talks to D1. Every call is one batch, which is one round trip and one
 * transaction, and its cost goes to the meter.
 * @throws the database's own Error; nothing of the batch is kept then.
 */
export class Executor {
  readonly #database: D1Database
  readonly meter: Meter
  readonly #comment: string

  /** `reason` stands as a comment before each statement that no organization's user is behind, for whoever reads the database's query log. */
  constructor({ DB }: Pick<Bindings, "DB">, meter: Meter, reason?: string) {
    this.#database = DB
    this.meter = meter
    this.#comment = reason === undefined ? "" : `/* system: ${reason.replace(/[^\w ,.':-]/g, " ")} */ `
  }

  async run(statements: readonly Statement[]): Promise<Row[][]> {
    if (statements.length === 0) return []
    const started = performance.now()
    try {
      const results = await this.#database.batch<Row>(
        statements.map(({ sql, params }) => this.#database.prepare(this.#comment + sql).bind(...params)),
      )
      let rowsRead = 0
      let rowsWritten = 0
      for (const { meta } of results) {
        rowsRead += meta.rows_read
        rowsWritten += meta.rows_written
      }
      this.meter.add({ d1RowsRead: rowsRead, d1RowsWritten: rowsWritten })
      return results.map((result) => result.results)
    } finally {
      this.meter.add({ d1Trips: 1, d1Ms: performance.now() - started })
    }
  }
}
