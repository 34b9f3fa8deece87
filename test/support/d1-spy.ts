import { env } from "cloudflare:workers"
// Declares every table, as a side effect: also those that no endpoint reads yet.
import "../../durable-objects/supplier-ledger/projections/index.ts"
import { declaredTables } from "../../src/platform/db/tables.ts"

type Spied = {
  readonly sql: string
  readonly params: readonly unknown[]
  /** Why no organization's user stands behind it, where that is so: the comment that the Executor sets before it. */
  readonly reason: string | undefined
  /** Tables of organizations' rows that it names. */
  readonly tables: readonly string[]
}

type Batch = D1Database["batch"]
type Prepared = { readonly statement: string; readonly params: readonly unknown[] }

/** The full-text index holds what products hold. */
const ownedTables = [...[...declaredTables].filter(([, { kind }]) => kind !== "platform").map(([name]) => name), "products_fts"]
const namesOwned = new RegExp(`(?<![\\w.])"?(${ownedTables.join("|")})"?(?!\\w)`, "g")

/** Text that a statement quotes names no table. */
const withoutStrings = (sql: string): string => sql.replace(/'(?:[^']|'')*'/g, "''")

/**
 * Hears every statement that reaches D1 from this isolate, the objects' too: `batch` is the Executor's one call, and
 * test/node/architecture holds it to be the only way there.
 */
export class D1Spy implements Disposable {
  readonly #prototype: { batch: Batch }
  readonly #batch: Batch
  #heard: Spied[] = []

  constructor() {
    this.#prototype = Object.getPrototypeOf(env.DB) as { batch: Batch }
    const real = this.#prototype.batch
    this.#batch = real
    const hear = (statements: readonly D1PreparedStatement[]): void => {
      for (const { statement, params } of statements as unknown as readonly Prepared[]) this.#heard.push(spied(statement, params))
    }
    this.#prototype.batch = function <T>(this: D1Database, statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
      hear(statements)
      return real.call(this, statements) as Promise<D1Result<T>[]>
    }
  }

  /** What was heard since the last call. */
  take(): Spied[] {
    const heard = this.#heard
    this.#heard = []
    return heard
  }

  [Symbol.dispose](): void {
    this.#prototype.batch = this.#batch
  }
}

function spied(statement: string, params: readonly unknown[]): Spied {
  const [, reason, rest] = /^\/\* system: (.*?) \*\/ ([\s\S]*)$/.exec(statement) ?? [undefined, undefined, statement]
  const sql = rest ?? statement
  return { sql, params, reason, tables: [...new Set([...withoutStrings(sql).matchAll(namesOwned)].map(([, name = ""]) => name))] }
}

/** INV-TEN-1: statements on organizations' rows that do not bind the caller's organization. */
export const strays = (heard: readonly Spied[], orgId: string): Spied[] =>
  heard.filter(({ reason, tables, params }) => reason === undefined && tables.length > 0 && !params.includes(orgId))
