import { sql } from "drizzle-orm"
import type { Instant } from "../../kernel/time.ts"
import type { Statement } from "../db/executor.ts"
import type { TenantDb } from "../db/tenant-db.ts"
import type { StoredEvent } from "./subscriber.ts"

/** To be given again to one subscriber, from `at` on; the sweep looks after the organization until it was. */
export const setAside = (db: TenantDb, eventId: StoredEvent["id"], subscriber: string, at: Instant): readonly Statement[] => [
  db.statement(
    (orgId) => sql`insert into event_retries (org_id, event_id, subscriber, failures, error, retry_at)
      values (${orgId}, ${eventId}, ${subscriber}, 0, null, ${at}) on conflict do nothing`,
  ),
  db.statement(
    (orgId) => sql`insert into event_laggards (org_id, look_at) values (${orgId}, ${at})
      on conflict (org_id) do update set look_at = min(look_at, excluded.look_at)`,
  ),
]
