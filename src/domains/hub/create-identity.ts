import { sha256Hex } from "../../kernel/digest.ts"
import { newId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { hubEvents } from "./events.ts"
import { findFamily } from "./find.ts"
import { formatUpisH, type IdentityNumber, signatureText } from "./rules.ts"
import type { CreateIdentity } from "./schemas.ts"
import { hubStore } from "./store.ts"
import type { IdentityRow } from "./tables.ts"
import { toIdentityView } from "./views.ts"

/**
 * An identity with its UPIS-H and signature, never changed after. @throws RefusalError NOT_FOUND for the family, VALIDATION_FAILED
 * for a number that no part has; CONFLICT where the family has the identity, or a hundredth part is asked for.
 */
export async function createIdentity(ctx: Ctx, input: CreateIdentity): Promise<IdentityRow> {
  const store = hubStore(ctx.db)
  if (input.type !== "PART" && input.lci !== undefined) throw invalidAt("/lci", "Parts alone have a number.", "NOT_A_PART")
  const family = await findFamily(ctx, input.family_id)
  const held = input.type === "PART" && input.lci === undefined ? await holdNumber(ctx, family.id) : undefined
  const number: IdentityNumber = { familyCode: family.code, type: input.type, lci: input.lci ?? held ?? null }
  const identity: IdentityRow = {
    orgId: ctx.orgId,
    id: newId("idn", ctx.now),
    familyId: family.id,
    type: number.type,
    lci: number.lci,
    upisH: formatUpisH(number),
    hexSignature: (await sha256Hex(signatureText(number))).slice(0, 8).toUpperCase(),
    createdAt: ctx.now,
  }
  const view = toIdentityView(identity)
  const taken = `The family has the identity ${identity.upisH} already.`
  ctx.work
    .add(...store.insertIdentity(identity), ...(held === undefined ? [] : [store.releaseLci(family.id, held)]))
    .onConflict("identities.org_id", {
      code: "CONFLICT",
      detail: taken,
      errors: [{ pointer: number.type === "PART" ? "/lci" : "/type", code: "TAKEN", message: taken }],
    })
    .audit(ctx.db, { action: "hub.identity.create", entity: "identity", entityId: identity.id, after: view })
    .event(ctx.db, hubEvents.identityCreated, view)
  return identity
}

/** A number of the request's own. Should the request fail, the number is free again when its hold is over. */
async function holdNumber(ctx: Ctx, familyId: IdentityRow["familyId"]): Promise<number> {
  const lci = await hubStore(ctx.db).holdLci(familyId, ctx.now)
  if (lci === undefined) {
    throw new RefusalError({ code: "CONFLICT", detail: `The family has ${limits.lciMax} parts, which is all that it can have.` })
  }
  return lci
}
