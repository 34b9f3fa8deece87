import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { stubOf } from "../../durable-objects/supplier-ledger/client.ts"
import type { LocationKind } from "../../src/domains/warehouses/rules.ts"
import { type LocationId, newId, type OrganizationId, routingOf } from "../../src/kernel/ids.ts"

/** One more place in an organization's ledger, written straight into its own table. */
export async function placeOf(orgId: OrganizationId, code: string, kind: LocationKind = "WAREHOUSE"): Promise<LocationId> {
  const id = newId("whs", Date.now(), routingOf(orgId))
  await runInDurableObject(stubOf(env, routingOf(orgId)), (_, { storage }) => {
    storage.sql.exec(
      "INSERT INTO locations (id, code, name, kind, is_default, version, seq) VALUES (?, ?, ?, ?, 0, 1, 1)",
      id,
      code,
      `Place ${code}`,
      kind,
    )
    storage.sql.exec("INSERT INTO outbox_dirty VALUES ('location', ?, 1, 1, NULL)", id)
  })
  return id
}
