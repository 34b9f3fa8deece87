import type { Instant } from "../../src/kernel/time.ts"

/**
 * The results of commands already carried out, so that a retry gets the first answer and does nothing again.
 * It is read and written in the command's own transaction.
 */
export class CommandLog {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The stored result of this very request, 'REUSED' when the id belongs to another one, or undefined. */
  find(id: string, requestHash: string): { readonly result: string } | "REUSED" | undefined {
    const [row] = this.#sql
      .exec<{ request_hash: string; result: string }>("SELECT request_hash, result FROM commands WHERE id = ?", id)
      .toArray()
    if (row === undefined) return undefined
    return row.request_hash === requestHash ? { result: row.result } : "REUSED"
  }

  keep(id: string, requestHash: string, result: string, at: Instant): void {
    this.#sql.exec("INSERT INTO commands (id, request_hash, result, at) VALUES (?, ?, ?, ?)", id, requestHash, result, at)
  }

  /** Deletes at most `rowsMax` results kept before the instant; says whether there are more. */
  forget(before: Instant, rowsMax: number): boolean {
    const { rowsWritten } = this.#sql.exec(
      "DELETE FROM commands WHERE id IN (SELECT id FROM commands WHERE at < ? ORDER BY at LIMIT ?)",
      before,
      rowsMax,
    )
    return rowsWritten >= rowsMax
  }
}
