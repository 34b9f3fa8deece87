import { env } from "cloudflare:workers"
import type { OrganizationId } from "../../src/kernel/ids.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { TenantDb } from "../../src/platform/db/tenant-db.ts"

/** An organization's own rows, as its people's requests reach them. */
export const dbOf = (orgId: string, meter = new Meter()): TenantDb => TenantDb.forSystem(env, meter, orgId as OrganizationId, "test")
