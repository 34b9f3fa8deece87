import { type SQL, sql } from "drizzle-orm"
import { inRounds } from "../../kernel/give-way.ts"
import type { DeliveryId, OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { takeDue } from "../../platform/db/take-due.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { sendMessages } from "./messages.ts"

/** Until when the row's endpoint is left alone; null where it is not. */
const restsUntil = (now: Instant): SQL => sql`(select e.paused_until from webhook_endpoints e
  where e.org_id = webhook_deliveries.org_id and e.id = webhook_deliveries.webhook_id and e.status = 'ACTIVE' and e.paused_until > ${now})`

/**
 * The sweep: sends the queue messages of deliveries that wait for longer than the queue does, and again those that got
 * lost. Each row is taken in the statement that reads it and stands aside for a while, so that sweeps at once send
 * nothing twice and rows that nothing helps hold up no others; INV-WHK-6: those whose endpoint rests stand aside until it
 * has, without a message. Bounded; how many were woken.
 */
export async function wakeDeliveries(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "deliveries of all organizations become due")
  let woken = 0
  for await (const _batch of inRounds(limits.webhookSweepBatchesMax)) {
    const [rows = []] = await db.query(
      takeDue({
        table: "webhook_deliveries",
        key: ["org_id", "id"],
        index: "webhook_deliveries_due",
        where: sql`status = 'PENDING'`,
        now,
        rowsMax: limits.webhookSweepRows,
        set: sql`next_attempt_at = max(next_attempt_at, coalesce(${restsUntil(now)}, 0)),
          due_at = coalesce(${restsUntil(now)}, ${now + limits.webhookWakeAgainMs})`,
        returning: sql`org_id, id, next_attempt_at`,
      }),
    )
    const due = rows
      .filter((row) => Number(row["next_attempt_at"]) <= now)
      .map((row) => ({ orgId: row["org_id"] as OrganizationId, deliveryId: row["id"] as DeliveryId }))
    await sendMessages(env, due)
    woken += due.length
    if (rows.length < limits.webhookSweepRows) break
  }
  return woken
}
