import { z } from "@hono/zod-openapi"
import { defineEvent, type EventType, eventsOf } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import type { LinkFacts, LinkStatus, Side } from "./rules.ts"

const linkEventData = lazily(() =>
  z.object({
    link_id: z.string(),
    status: z.string(),
    side: z.enum(["supplier", "buyer"]),
    supplier_id: z.string(),
    buyer_id: z.string(),
    counterparty_name: z.string(),
    reason: z.string().nullable(),
  }),
)

type LinkEventData = z.infer<typeof linkEventData>

const permission = "partners.link.read"
const linkEvent = eventsOf(permission, linkEventData)

export const linkEvents = {
  PENDING: linkEvent("link.requested"),
  APPROVED: linkEvent("link.approved"),
  REJECTED: linkEvent("link.rejected"),
  BLOCKED: linkEvent("link.blocked"),
  REMOVED: linkEvent("link.removed"),
} as const satisfies Record<LinkStatus, EventType<LinkEventData>>

export const linkEventDataOf = (link: LinkFacts, side: Side): LinkEventData => ({
  link_id: link.id,
  status: link.status,
  side,
  supplier_id: link.supplierId,
  buyer_id: link.buyerId,
  counterparty_name: side === "supplier" ? link.buyerName : link.supplierName,
  reason: link.reason,
})

const termsEventData = z.object({
  link_id: z.string(),
  side: z.enum(["supplier", "buyer"]),
  supplier_id: z.string(),
  buyer_id: z.string(),
  counterparty_name: z.string(),
  version: z.int(),
})

type TermsEventData = z.infer<typeof termsEventData>

/** It says that there are new terms; which ones, the link says to whoever may see them. */
export const linkTermsChanged = defineEvent("link.terms_changed", permission, termsEventData)

export function termsEventDataOf(link: LinkFacts, side: Side): TermsEventData {
  const { link_id, supplier_id, buyer_id, counterparty_name } = linkEventDataOf(link, side)
  return { link_id, side, supplier_id, buyer_id, counterparty_name, version: link.version }
}
