import type { FileId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { claimUntil, settleClaim, shownBy } from "./product-image.ts"
import { fileStore } from "./store.ts"
import type { FileRow } from "./tables.ts"

type Sweep = { readonly env: Bindings; readonly meter: Meter; readonly now: Instant }

/**
 * INV-FIL-9: settles the claims on products' images that are due. The product's ledger says whether the file is shown, not D1,
 * which may be late; one that does not answer is asked again later, and keeps no other waiting.
 */
export async function settleClaims(sweep: Sweep, rows: readonly FileRow[]): Promise<void> {
  for (const [orgId, own] of Map.groupBy(rows, (row) => row.orgId)) {
    const db = TenantDb.forSystem(sweep.env, sweep.meter, orgId, "cron settles who shows an organization's images")
    for (const [productId, images] of Map.groupBy(own, (row) => row.subjectId)) {
      const shown = await askedFor(sweep, orgId, productId as ProductId)
      await db.run(
        images.flatMap(({ id, dueAt }) => {
          if (dueAt === null) return []
          if (shown === undefined) return [fileStore(db).postpone(id, dueAt, claimUntil(sweep.now))]
          return [settleClaim(db, id, dueAt, shown.has(id), sweep.now)]
        }),
      )
    }
  }
}

async function askedFor({ env, meter }: Sweep, orgId: OrganizationId, productId: ProductId): Promise<ReadonlySet<FileId> | undefined> {
  try {
    return await shownBy({ env, meter, orgId }, productId)
  } catch (error) {
    log.warn("a ledger did not say what its product shows", { product: productId, error: describeError(error) })
    return undefined
  }
}
