import type { Instant } from "../../kernel/time.ts"
import type { UnitOfWork } from "../db/unit-of-work.ts"
import { isolate } from "./authenticate.ts"
import { revoke, type Subject } from "./revocations.ts"

/** In one unit of work with the change that causes it, refuses what was issued to the subjects: here at once, elsewhere within ten seconds. */
export function revokeAccess(ctx: { readonly work: UnitOfWork; readonly now: Instant }, ...subjects: readonly Subject[]): void {
  ctx.work.add(...subjects.map((subject) => revoke(subject, ctx.now)))
  applyAfterCommit(ctx, subjects)
}

/** This isolate's part of a revocation whose rows come from another statement. */
export function applyAfterCommit(ctx: { readonly work: UnitOfWork; readonly now: Instant }, subjects: readonly Subject[]): void {
  ctx.work.afterCommit(async () => {
    for (const subject of subjects) isolate.revocations.apply(subject, Math.max(ctx.now, Date.now()))
  })
}
