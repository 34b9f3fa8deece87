import { RefusalError } from "../../kernel/result.ts"
import type { UserActor } from "../../platform/auth/actor.ts"
import { subjectsOf } from "../../platform/auth/authenticate.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { ChatIdentity } from "./rules.ts"

/** How the caller appears in conversations. Whoever is no person of the organization reads, and has no marks of their own. */
export const readerOf = ({ actor, orgId }: Ctx): ChatIdentity => ({
  userId: actor.id as ChatIdentity["userId"],
  orgId,
  name: actor.name,
})

const isMember = (ctx: Ctx): ctx is Ctx & { readonly actor: UserActor } => ctx.actor.kind === "USER" && ctx.actor.homeOrgId === ctx.orgId

export const memberOf = (ctx: Ctx): UserActor | undefined => (isMember(ctx) ? ctx.actor : undefined)

/** @throws RefusalError NOT_FOUND for API keys and platform staff: people of the organization alone have an inbox. */
export function inboxOwnerOf(ctx: Ctx): UserActor {
  const member = memberOf(ctx)
  if (member === undefined) throw new RefusalError({ code: "NOT_FOUND", detail: "Only people of the organization have an inbox." })
  return member
}

export const subjectsOfMember = (member: UserActor): readonly string[] => subjectsOf(member.claims)
