import type { Permission } from "../../platform/auth/permissions.ts"

/** Every permission that an event type names; whoever holds one of them has something to see here. A test holds the list to the types. */
export const eventPermissions = [
  "orders.order.read",
  "partners.link.read",
  "catalog.product.read",
  "inventory.stock.read",
  "inventory.warehouse.read",
  "complaints.complaint.read",
  "chat.message.read",
  "organizations.organization.read",
  "identity.user.read",
  "identity.role.read",
  "identity.invitation.read",
  "identity.api-key.read",
  "webhooks.endpoint.read",
] as const satisfies readonly Permission[]

/** What of the organization's events a reader may see. */
export const visibleTo = (held: ReadonlySet<Permission>): readonly Permission[] =>
  eventPermissions.filter((permission) => held.has(permission))

/** Whether an Accept header asks for a stream, by RFC 9110's section 12.5.1: named, and not with a quality of zero. */
export const wantsStream = (accept: string | null): boolean =>
  (accept ?? "").split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase())
    return type === "text/event-stream" && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })

/** Where a stream begins. */
type Start = { readonly afterSeq: number; readonly isReset: boolean }

/**
 * A reader that says where it stopped goes on from there, unless it missed more than can be sent again, or stopped at a
 * place that is not there (a database that was restored): then it starts anew, and is told so. `missed` counts what came
 * since, up to one more than is sent again.
 */
export function startOf(lastSeq: number | undefined, newestSeq: number, missed: number, missedMax: number): Start {
  if (lastSeq === undefined) return { afterSeq: newestSeq, isReset: false }
  return missed > missedMax || lastSeq > newestSeq ? { afterSeq: newestSeq, isReset: true } : { afterSeq: lastSeq, isReset: false }
}
