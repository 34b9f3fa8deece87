import { newId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { hubEvents } from "./events.ts"
import type { CreateFamily } from "./schemas.ts"
import { hubStore } from "./store.ts"
import type { FamilyRow } from "./tables.ts"
import { toFamilyView } from "./views.ts"

const codeTaken = "The organization has a family with this code."

/** A family without identities. @throws at commit RefusalError CONFLICT for a code that is taken. */
export function createFamily(ctx: Ctx, { code, name, description = "" }: CreateFamily): FamilyRow {
  const times = { createdAt: ctx.now, updatedAt: ctx.now }
  const family: FamilyRow = { orgId: ctx.orgId, id: newId("fam", ctx.now), code, name, description, version: 1, ...times }
  const view = toFamilyView(family)
  ctx.work
    .add(hubStore(ctx.db).insertFamily(family))
    .onConflict("families.org_id", {
      code: "CONFLICT",
      detail: codeTaken,
      errors: [{ pointer: "/code", code: "TAKEN", message: codeTaken }],
    })
    .audit(ctx.db, { action: "hub.family.create", entity: "family", entityId: family.id, after: view })
    .event(ctx.db, hubEvents.familyCreated, view)
  return family
}
