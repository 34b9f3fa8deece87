import type { FamilyId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { hubEvents } from "./events.ts"
import { familyToChange } from "./find.ts"
import { hubStore } from "./store.ts"
import { toFamilyView } from "./views.ts"

/** INV-UPI-1: an empty family alone. @throws RefusalError NOT_FOUND, VERSION_MISMATCH, CONFLICT. */
export async function deleteFamily(ctx: Ctx, id: FamilyId): Promise<void> {
  const store = hubStore(ctx.db)
  const family = await familyToChange(ctx, id)
  const [identity] = await store.identities({ familyId: id, after: undefined, rowsMax: 1 })
  if (identity !== undefined) {
    throw new RefusalError({ code: "CONFLICT", detail: `The family has identities, such as ${identity.upisH}, and those never go.` })
  }
  const view = toFamilyView(family)
  ctx.work
    .add(...store.deleteFamily(family))
    .audit(ctx.db, { action: "hub.family.delete", entity: "family", entityId: id, before: view })
    .event(ctx.db, hubEvents.familyDeleted, view)
}
