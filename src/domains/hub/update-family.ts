import type { FamilyId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { hubEvents } from "./events.ts"
import { familyToChange } from "./find.ts"
import type { UpdateFamily } from "./schemas.ts"
import { hubStore } from "./store.ts"
import type { FamilyRow } from "./tables.ts"
import { toFamilyView } from "./views.ts"

/** @throws RefusalError NOT_FOUND, VERSION_MISMATCH. */
export async function updateFamily(ctx: Ctx, id: FamilyId, { name, description }: UpdateFamily): Promise<FamilyRow> {
  const before = await familyToChange(ctx, id)
  const after: FamilyRow = {
    ...before,
    name: name ?? before.name,
    description: description ?? before.description,
    version: before.version + 1,
    updatedAt: ctx.now,
  }
  const view = toFamilyView(after)
  ctx.work
    .add(...hubStore(ctx.db).replaceFamily(before, after))
    .audit(ctx.db, { action: "hub.family.update", entity: "family", entityId: id, before: toFamilyView(before), after: view })
    .event(ctx.db, hubEvents.familyUpdated, view)
  return after
}
