import type { OrganizationId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { UnitOfWork } from "../db/unit-of-work.ts"
import { isolate } from "./authenticate.ts"
import { revoke, type Subject } from "./revocations.ts"

type Doing = { readonly work: UnitOfWork; readonly now: Instant }

/**
 * In one unit of work with the change that causes it, refuses what was issued to the subjects, all of one organization:
 * here at once, elsewhere within ten seconds; and ends the connections that they hold open.
 */
export function revokeAccess(doing: Doing, orgId: OrganizationId, ...subjects: readonly Subject[]): void {
  doing.work.add(...subjects.map((subject) => revoke(subject, doing.now)))
  applyAfterCommit(doing, orgId, subjects)
}

/** This isolate's part of a revocation whose rows come from another statement, and the open connections. */
export function applyAfterCommit({ work, now }: Doing, orgId: OrganizationId, subjects: readonly Subject[]): void {
  work.afterCommit(async () => {
    for (const subject of subjects) isolate.revocations.apply(subject, Math.max(now, Date.now()))
    if (subjects.length > 0) work.listeners.revoked(orgId, subjects)
  })
}
