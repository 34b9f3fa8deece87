import { RefusalError } from "../../kernel/result.ts"
import type { Actor } from "../../platform/auth/actor.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { covers } from "../../platform/auth/roles.ts"
import { eventTypes } from "../../platform/events/define-event.ts"
import { invalid } from "../../platform/http/input.ts"
import type { EndpointRow } from "./tables.ts"

/** Of what events ask for, what the actor holds: kept with the endpoint, since events come when nobody is there. */
export const seeableBy = (actor: Actor): readonly Permission[] =>
  [...new Set([...eventTypes.values()].map(({ permission }) => permission))]
    .filter((permission) => actor.permissions.has(permission))
    .sort()

/** @throws RefusalError VALIDATION_FAILED for types that do not exist, FORBIDDEN for those that the actor may not see (INV-WHK-3). */
export function assertSeeable(actor: Actor, types: readonly string[]): void {
  const unknown = types.flatMap((type, index) => (type === "*" || eventTypes.has(type) ? [] : [index]))
  if (unknown.length > 0) {
    throw invalid(
      unknown.map((index) => ({ pointer: `/event_types/${index}`, code: "UNKNOWN_EVENT_TYPE", message: "There is no such event type." })),
    )
  }
  for (const type of types) {
    const permission = eventTypes.get(type)?.permission
    if (permission !== undefined && !actor.permissions.has(permission)) {
      throw new RefusalError({ code: "FORBIDDEN", detail: `Events ${type} need the permission ${permission}.` })
    }
  }
}

/** Or somebody would point an endpoint that sees more than they do at a server of their own. @throws RefusalError FORBIDDEN. */
export function assertMayEdit(actor: Actor, { permissions }: EndpointRow): void {
  if (!covers(actor.permissions, permissions)) {
    throw new RefusalError({ code: "FORBIDDEN", detail: "Nobody changes a webhook that sees more than they may." })
  }
}
