import { sql } from "drizzle-orm"
import { inRounds } from "../../kernel/give-way.ts"
import type { Instant } from "../../kernel/time.ts"
import { sealingKid } from "../../platform/auth/sealed.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import { type AcrossDb, acrossTenants } from "../../platform/db/tenant-db.ts"
import { type Bindings, configOf } from "../../platform/env.ts"
import { deleteInBatches } from "../../platform/jobs/clean-up.ts"
import { log } from "../../platform/log/log.ts"
import { sealedAnew } from "./signing.ts"
import { type EndpointRow, webhookEndpoints } from "./tables.ts"

const batchRows = 500

/** Endpoints whose secrets are sealed anew together, from before and from behind the key's name. */
const resealedRows = 100
const resealRoundsMax = 20

/** Deletes deliveries a month after they were finished, and seals secrets anew whose key is on its way out. Bounded: what a run leaves, the next one takes. */
export async function cleanUpWebhooks(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const db = acrossTenants(env, meter, "clean-up of finished deliveries and secrets under old keys")
  let deleted = 0
  for (const status of ["DELIVERED", "FAILED"]) {
    deleted += await deleteInBatches(db, batchRows, [
      sql`delete from webhook_deliveries where (org_id, id) in (select org_id, id from webhook_deliveries indexed by webhook_deliveries_due
        where status = ${status} and due_at <= ${now} order by due_at limit ${batchRows}) returning 1`,
    ])
  }
  for await (const _round of inRounds(resealRoundsMax)) if ((await sealSecretsAnew(env, db)) < resealedRows) break
  return deleted
}

/** So that a key may leave JWT_KEYS some nights after another took its place, and no secret with it. How many endpoints had others. */
async function sealSecretsAnew(env: Bindings, db: AcrossDb): Promise<number> {
  const keys = configOf(env).JWT_KEYS
  const kid = sealingKid(keys)
  const stale = await db.query(
    ...["<", ">"].map(
      (side) => sql`select * from webhook_endpoints indexed by webhook_endpoints_sealed_by
        where ${side === "<" ? sql`sealed_by < ${kid}` : sql`sealed_by > ${kid}`} limit ${resealedRows}`,
    ),
  )
  const endpoints = stale.flat().map((row): EndpointRow => decodeRow(webhookEndpoints, row))
  if (endpoints.length === 0) return 0
  const renewed = await Promise.all(
    endpoints.map(async (endpoint) => {
      const secrets = await sealedAnew(keys, endpoint, endpoint.secrets)
      // What its key took along stays as it is: the next delivery says so by disabling the endpoint.
      const isReadable = secrets.length === endpoint.secrets.length
      if (!isReadable)
        log.error("a webhook's secret was sealed by a key that is gone", { organization: endpoint.orgId, webhook: endpoint.id })
      return { endpoint, secrets: isReadable ? secrets : endpoint.secrets }
    }),
  )
  await db.run(
    renewed.map(({ endpoint, secrets }) =>
      db.statement(
        sql`update webhook_endpoints set secrets = ${JSON.stringify(secrets)}, sealed_by = ${kid}
          where org_id = ${endpoint.orgId} and id = ${endpoint.id} and version = ${endpoint.version}`,
      ),
    ),
  )
  return endpoints.length
}
