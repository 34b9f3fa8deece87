/** One thing that D1 has yet to hear of: a row of state by kind and id, or an appended row. */
export type OutboxItem<Kind extends string> =
  | { readonly type: "state"; readonly kind: Kind; readonly id: string; readonly seq: number }
  | { readonly type: "append"; readonly table: AppendTable; readonly n: number; readonly rowJson: string }

/** A place in the outbox: everything up to it was there when it was taken. */
type OutboxMark = { readonly seq: number; readonly n: number }

export type AppendTable = "audit_logs" | "events"

/**
 * What the object's own writes owe to D1: a dirty set for state (a row changed ten times is sent once, as it is
 * by then) and a list for rows that are only added. Written in the transaction of the change itself.
 */
export class Outbox<Kind extends string> {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  touch(kind: Kind, id: string, seq: number): void {
    this.#sql.exec(
      "INSERT INTO outbox_dirty (kind, id, seq, since, stuck) VALUES (?1, ?2, ?3, ?3, NULL) ON CONFLICT (kind, id) DO UPDATE SET seq = ?3, stuck = NULL",
      kind,
      id,
      seq,
    )
  }

  append(table: AppendTable, row: readonly unknown[]): void {
    this.#sql.exec("INSERT INTO outbox_append (target, row) VALUES (?, ?)", table, JSON.stringify(row))
  }

  mark(): OutboxMark {
    return this.#sql
      .exec<{ seq: number; n: number }>(
        "SELECT coalesce((SELECT max(since) FROM outbox_dirty), 0) AS seq, coalesce((SELECT max(n) FROM outbox_append), 0) AS n",
      )
      .one()
  }

  /** The oldest items up to the mark that are not stuck, at most `max` in all. */
  next(max: number, upTo: OutboxMark): OutboxItem<Kind>[] {
    const state = this.#sql
      .exec<{ kind: Kind; id: string; seq: number }>(
        "SELECT kind, id, seq FROM outbox_dirty WHERE stuck IS NULL AND since <= ? ORDER BY since LIMIT ?",
        upTo.seq,
        max,
      )
      .toArray()
      .map(({ kind, id, seq }) => ({ type: "state", kind, id, seq }) as const)
    const room = max - state.length
    if (room <= 0) return state
    const appended = this.#sql
      .exec<{ n: number; target: AppendTable; row: string }>(
        "SELECT n, target, row FROM outbox_append WHERE stuck IS NULL AND n <= ? ORDER BY n LIMIT ?",
        upTo.n,
        room,
      )
      .toArray()
      .map(({ n, target, row }) => ({ type: "append", table: target, n, rowJson: row }) as const)
    return [...state, ...appended]
  }

  /** D1 has these; a row that changed again meanwhile stays dirty, as of that change. */
  acknowledge(items: readonly OutboxItem<Kind>[]): void {
    for (const item of items) {
      if (item.type === "state") {
        this.#sql.exec("DELETE FROM outbox_dirty WHERE kind = ? AND id = ? AND seq <= ?", item.kind, item.id, item.seq)
        this.#sql.exec("UPDATE outbox_dirty SET since = seq WHERE kind = ? AND id = ? AND since < seq", item.kind, item.id)
      } else this.#sql.exec("DELETE FROM outbox_append WHERE n = ?", item.n)
    }
  }

  /** Sets one item aside that D1 refuses for good, with its error; the rest goes on, and a later change of the row tries again. */
  park(item: OutboxItem<Kind>, error: string): void {
    if (item.type === "state")
      this.#sql.exec("UPDATE outbox_dirty SET stuck = ? WHERE kind = ? AND id = ? AND seq = ?", error, item.kind, item.id, item.seq)
    else this.#sql.exec("UPDATE outbox_append SET stuck = ? WHERE n = ?", error, item.n)
  }

  /** Gives stuck items another try, after what refused them was mended. */
  unpark(): void {
    this.#sql.exec("UPDATE outbox_dirty SET stuck = NULL WHERE stuck IS NOT NULL")
    this.#sql.exec("UPDATE outbox_append SET stuck = NULL WHERE stuck IS NOT NULL")
  }

  get depth(): number {
    return this.#sql
      .exec<{ depth: number }>(
        "SELECT (SELECT count(*) FROM outbox_dirty WHERE stuck IS NULL) + (SELECT count(*) FROM outbox_append WHERE stuck IS NULL) AS depth",
      )
      .one().depth
  }

  get stuck(): ReadonlyArray<{ readonly what: string; readonly error: string }> {
    return this.#sql
      .exec<{ what: string; error: string }>(
        "SELECT kind || ' ' || id AS what, stuck AS error FROM outbox_dirty WHERE stuck IS NOT NULL UNION ALL SELECT target || ' ' || n, stuck FROM outbox_append WHERE stuck IS NOT NULL LIMIT 100",
      )
      .toArray()
  }

  isDirty(kind: Kind, id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM outbox_dirty WHERE kind = ? AND id = ?", kind, id).toArray().length > 0
  }
}
