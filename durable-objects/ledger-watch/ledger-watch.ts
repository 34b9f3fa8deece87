import { DurableObject } from "cloudflare:workers"
import type { OrganizationId, RoutingNumber } from "../../src/kernel/ids.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { migrate, type SchemaStep } from "../shared/migrate.ts"

/** A ledger whose outbox is late: since when its oldest row waits, and how many rows wait. */
export type LateLedger = {
  readonly routing: RoutingNumber
  readonly orgId: OrganizationId
  readonly since: Instant
  readonly depth: number
}

export type Behind = {
  readonly count: number
  readonly oldestSince: Instant | null
  /** Rows that wait in all of them together. */
  readonly depth: number
  /** The longest late first, at most a hundred. */
  readonly ledgers: ReadonlyArray<LateLedger & { readonly reportedAt: Instant }>
}

const listedMax = 100

const steps: readonly SchemaStep[] = [
  {
    id: 1,
    name: "late ledgers",
    sql: `
      CREATE TABLE late_ledgers (
        routing INTEGER PRIMARY KEY,
        org_id TEXT NOT NULL,
        since INTEGER NOT NULL,
        depth INTEGER NOT NULL,
        reported_at INTEGER NOT NULL
      );
      CREATE INDEX late_ledgers_since ON late_ledgers (since);
    `,
  },
]

/**
 * Which ledgers are behind. There is one such object; a ledger whose outbox is older than `outboxLateMs`
 * reports here, again while it stays late, and leaves once it is drained (INV-WATCH-1).
 */
export class LedgerWatch extends DurableObject<Bindings> {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    ctx.storage.transactionSync(() => migrate(this.#sql, steps))
  }

  /** Repeats and reordered reports do no harm: the newest report stands (INV-WATCH-2). */
  report({ routing, orgId, since, depth }: LateLedger, now: Instant): void {
    this.#sql.exec(
      `INSERT INTO late_ledgers (routing, org_id, since, depth, reported_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (routing) DO UPDATE SET org_id = excluded.org_id, since = excluded.since, depth = excluded.depth, reported_at = excluded.reported_at
       WHERE excluded.reported_at >= late_ledgers.reported_at`,
      routing,
      orgId,
      since,
      depth,
      now,
    )
  }

  leave(routing: RoutingNumber): void {
    this.#sql.exec("DELETE FROM late_ledgers WHERE routing = ?", routing)
  }

  behind(): Behind {
    type Total = { count: number; oldest: number | null; depth: number }
    const total = this.#sql
      .exec<Total>("SELECT count(*) AS count, min(since) AS oldest, coalesce(sum(depth), 0) AS depth FROM late_ledgers")
      .one()
    type Late = { routing: number; org_id: string; since: number; depth: number; reported_at: number }
    const ledgers = this.#sql
      .exec<Late>("SELECT routing, org_id, since, depth, reported_at FROM late_ledgers ORDER BY since, routing LIMIT ?", listedMax)
      .toArray()
      .map((row) => ({
        routing: row.routing,
        orgId: row.org_id as OrganizationId,
        since: row.since,
        depth: row.depth,
        reportedAt: row.reported_at,
      }))
    return { count: total.count, oldestSince: total.oldest, depth: total.depth, ledgers }
  }

  /** Answers, and so shows that objects and their storage do. */
  ping(): "pong" {
    this.#sql.exec("SELECT 1").one()
    return "pong"
  }
}
