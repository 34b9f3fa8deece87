import { type FileId, type OrganizationId, platformOrganizationId } from "../../kernel/ids.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { attachFiles } from "../files/index.ts"
import { moveKyb } from "./decide-kyb.ts"
import { organizationEvents } from "./events.ts"
import { findOrganization } from "./find-organization.ts"
import type { OrganizationRow } from "./tables.ts"

/**
 * Hands the organization in for verification, with documents that the platform may see from then on.
 * @throws RefusalError NOT_FOUND, INVALID_TRANSITION, VERSION_MISMATCH, VALIDATION_FAILED for a document that is none.
 */
export async function submitKyb(ctx: Ctx, id: OrganizationId, documents: readonly FileId[]): Promise<OrganizationRow> {
  const before = await findOrganization(ctx, id)
  const after = moveKyb(ctx, before, "PENDING", null, "organizations.kyb.submit", organizationEvents.kybSubmitted, documents)
  if (documents.length > 0) {
    const subject = { kind: "organization", id } as const
    const sharedWith = [platformOrganizationId]
    ctx.work.add(...(await attachFiles(ctx, documents, { purpose: "kyb_document", subject, sharedWith, pointer: "/documents" })))
  }
  return after
}
