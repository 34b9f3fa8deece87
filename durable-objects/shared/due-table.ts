import { type Instant, minute } from "../../src/kernel/time.ts"
import { describeError, log } from "../../src/platform/log/log.ts"

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
    if (rowsWritten > 0) this.#arm()
  }

  /**
   * All that an object's alarm does: hands each kind that is due to `handle`, which returns when it is due again, if ever.
   * What it throws is logged, and that kind is due again in a minute. INV-DUE-2: an alarm that throws is tried six times
   * and then never again, so that nothing may leave this loop.
   */
  async run(handle: (kind: Kind) => Promise<Instant | undefined>): Promise<void> {
    const now = Date.now()
    const retryAt = now + minute
    for (const kind of this.#storage.transactionSync(() => this.#take(now, retryAt))) {
      try {
        const next = await handle(kind)
        this.#storage.transactionSync(() => this.#settle(kind, retryAt, next))
      } catch (error) {
        log.error("alarm failed", { kind, error: describeError(error) })
      }
    }
    this.#arm()
  }

  /** Due no more; the alarm may still come once for nothing. */
  cancel(kind: Kind): void {
    this.#storage.sql.exec("DELETE FROM due WHERE kind = ?", kind)
  }

  /** What is due by now. INV-DUE-1: each stays in the table, put off until `retryAt`, so that an object that dies while it handles one comes back to it. */
  #take(now: Instant, retryAt: Instant): Kind[] {
    const rows = this.#storage.sql.exec<{ kind: Kind }>("UPDATE due SET at = ?2 WHERE at <= ?1 RETURNING kind", now, retryAt).toArray()
    return rows.map(({ kind }) => kind)
  }

  /** Handled: due again at `next`, or no more. What was scheduled meanwhile, for earlier than `retryAt`, stays. */
  #settle(kind: Kind, retryAt: Instant, next: Instant | undefined): void {
    this.#storage.sql.exec("DELETE FROM due WHERE kind = ? AND at = ?", kind, retryAt)
    if (next !== undefined) this.schedule(kind, next)
  }

  /** Sets the alarm to the earliest row; storage keeps it with the writes around it. */
  #arm(): void {
    const [row] = this.#storage.sql.exec<{ at: number | null }>("SELECT min(at) AS at FROM due").toArray()
    if (row === undefined || row.at === null) return
    // The write is gathered with the transaction's own and confirmed by the output gate, so nobody needs to wait for it here.
    void this.#storage.setAlarm(row.at)
  }
}

/** Ten to a hundred and ten percent of the time, so that objects do not all wake at once. */
export const jittered = (ms: number): number => Math.round(ms * (0.1 + Math.random()))
