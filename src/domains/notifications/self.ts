import type { UserId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"

/**
 * Whose notifications are meant: those of the person who asks, in their own organization.
 * @throws RefusalError FORBIDDEN for API keys, which are nobody and read GET /events or take webhooks; TENANT_MISMATCH
 * for platform staff who entered an organization, where nobody tells them anything.
 */
export function ownUserId({ actor, orgId }: Pick<Ctx, "actor" | "orgId">): UserId {
  if (actor.kind !== "USER")
    throw new RefusalError({ code: "FORBIDDEN", detail: "An API key has no notifications; webhooks tell systems." })
  if (actor.homeOrgId !== orgId) {
    throw new RefusalError({ code: "TENANT_MISMATCH", detail: "Notifications are one's own: leave X-Tenant-ID out." })
  }
  return actor.id
}
