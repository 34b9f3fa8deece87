import { sql } from "drizzle-orm"
import type { DeliveryId, OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { sendMessages } from "./messages.ts"

/**
 * The sweep: sends the queue messages of deliveries that wait for longer than the queue does, and again those that got
 * lost. Each row is taken in the statement that reads it and stands aside for a while, so that sweeps at once send
 * nothing twice and rows that nothing helps hold up no others. Bounded; how many were woken.
 */
export async function wakeDeliveries(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "deliveries of all organizations become due")
  let woken = 0
  for (let batch = 0; batch < limits.webhookSweepBatchesMax; batch += 1) {
    const [rows = []] = await db.query(
      sql`update webhook_deliveries set due_at = ${now + limits.webhookWakeAgainMs} where (org_id, id) in
        (select org_id, id from webhook_deliveries indexed by webhook_deliveries_due
          where status = 'PENDING' and due_at <= ${now} order by due_at limit ${limits.webhookSweepRows}) returning org_id, id`,
    )
    await sendMessages(
      env,
      rows.map((row) => ({ orgId: row["org_id"] as OrganizationId, deliveryId: row["id"] as DeliveryId })),
    )
    woken += rows.length
    if (rows.length < limits.webhookSweepRows) break
  }
  return woken
}
