import { and, eq } from "drizzle-orm"
import { guardChanged } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { EventType } from "../../platform/events/define-event.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { identityEvents } from "./events.ts"
import { emailTaken } from "./refusals.ts"
import type { UserView } from "./schemas.ts"
import { type UserRow, users } from "./tables.ts"
import { toUserView } from "./views.ts"

type Changes = Partial<Pick<UserRow, "fullName" | "email" | "roles" | "isActive">>

/** The way every change of a user is written: on the version it was decided on, with its audit row and its event. */
export function saveUser(
  ctx: Pick<Ctx, "work" | "now">,
  db: TenantDb,
  before: UserRow,
  changes: Changes,
  action: string,
  event: EventType<UserView> = identityEvents.userUpdated,
): UserRow {
  const written = { ...changes, version: before.version + 1, updatedAt: ctx.now }
  const after: UserRow = { ...before, ...written }
  ctx.work
    .add(db.update(users, and(eq(users.id, before.id), eq(users.version, before.version)), written), guardChanged("VERSION_MISMATCH"))
    .onConflict("users.email", emailTaken)
    .audit(db, { action, entity: "user", entityId: before.id, before: toUserView(before), after: toUserView(after) })
    .event(db, event, toUserView(after))
  return after
}
