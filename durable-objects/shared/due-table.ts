import type { Instant } from "../../src/kernel/time.ts"

/**
 * An object has one alarm and several things that fall due. Each has a row; the alarm stands at the earliest.
 * `schedule` belongs inside the transaction that causes it.
 */
export class DueTable<Kind extends string> {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** At this time, or earlier where it is due earlier already. */
  schedule(kind: Kind, at: Instant): void {
    const { rowsWritten } = this.#storage.sql.exec(
      "INSERT INTO due (kind, at) VALUES (?1, ?2) ON CONFLICT (kind) DO UPDATE SET at = ?2 WHERE at > ?2",
      kind,
      at,
    )
    if (rowsWritten > 0) this.arm()
  }

  /**
   * What is due by now. Each stays in the table, put off until `retryAt`, so that an object that dies while it
   * handles one comes back to it (INV-DUE-1); whoever has handled it says so with `settle`.
   */
  take(now: Instant, retryAt: Instant): Kind[] {
    const rows = this.#storage.sql.exec<{ kind: Kind }>("UPDATE due SET at = ?2 WHERE at <= ?1 RETURNING kind", now, retryAt).toArray()
    return rows.map(({ kind }) => kind)
  }

  /** Handled: due again at `next`, or no more. What was scheduled meanwhile, for earlier than `retryAt`, stays. */
  settle(kind: Kind, retryAt: Instant, next: Instant | undefined): void {
    this.#storage.sql.exec("DELETE FROM due WHERE kind = ? AND at = ?", kind, retryAt)
    if (next !== undefined) this.schedule(kind, next)
  }

  cancel(kind: Kind): void {
    this.#storage.sql.exec("DELETE FROM due WHERE kind = ?", kind)
  }

  /** Sets the alarm to the earliest row; storage keeps it with the writes around it. */
  arm(): void {
    const [row] = this.#storage.sql.exec<{ at: number | null }>("SELECT min(at) AS at FROM due").toArray()
    if (row === undefined || row.at === null) return
    // The write is gathered with the transaction's own and confirmed by the output gate, so nobody needs to wait for it here.
    void this.#storage.setAlarm(row.at)
  }
}

/** Ten to a hundred and ten percent of the time, so that objects do not all wake at once. */
export const jittered = (ms: number): number => Math.round(ms * (0.1 + Math.random()))
