import type { FamilyId, IdentityId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { hubStore } from "./store.ts"
import type { FamilyRow, IdentityRow } from "./tables.ts"

/** @throws RefusalError NOT_FOUND. */
export async function findFamily(ctx: Ctx, id: FamilyId): Promise<FamilyRow> {
  const row = await hubStore(ctx.db).family(id)
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND", detail: "There is no such family." })
  return row
}

/** @throws RefusalError NOT_FOUND; VERSION_MISMATCH when If-Match names another version. */
export async function familyToChange(ctx: Ctx, id: FamilyId): Promise<FamilyRow> {
  const row = await findFamily(ctx, id)
  assertVersion(ctx, row)
  return row
}

/** @throws RefusalError NOT_FOUND. */
export async function findIdentity(ctx: Ctx, id: IdentityId): Promise<IdentityRow> {
  return identityOr404(await hubStore(ctx.db).identity(id))
}

/** @throws RefusalError NOT_FOUND. */
export async function findIdentityByUpisH(ctx: Ctx, upisH: string): Promise<IdentityRow> {
  return identityOr404(await hubStore(ctx.db).identityByUpisH(upisH))
}

function identityOr404(row: IdentityRow | undefined): IdentityRow {
  if (row === undefined) throw new RefusalError({ code: "NOT_FOUND", detail: "There is no such identity." })
  return row
}
