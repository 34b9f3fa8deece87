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
    const { rowsWritten } = this.#storage.sql.exec("INSERT INTO due (kind, at) VALUES (?1, ?2) ON CONFLICT (kind) DO UPDATE SET at = ?2 WHERE at > ?2", kind, at)
    if (rowsWritten > 0) this.arm()
  }

  /** What is due by now; each is taken off, and whoever handles it schedules the next. */
  take(now: Instant): Kind[] {
    const rows = this.#storage.sql.exec<{ kind: Kind }>("DELETE FROM due WHERE at <= ? RETURNING kind", now).toArray()
    return rows.map(({ kind }) => kind)
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
