import { readLocation } from "../../../durable-objects/supplier-ledger/client.ts"
import type { LocationId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { SeenLocation } from "./rules.ts"
import { locationStore } from "./store.ts"
import { locationOfRow } from "./views.ts"

/** A place that the organization owns or runs now. What D1 has no row of, it may not show yet: the owner's ledger knows. */
export async function findWarehouse(ctx: Ctx, id: LocationId): Promise<SeenLocation | undefined> {
  const row = await locationStore(ctx.db).byId(id)
  if (row === undefined) return readLocation(ctx, id)
  return row.isCurrent && row.archivedAt === null ? locationOfRow(row) : undefined
}
