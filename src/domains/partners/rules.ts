import type { Flow } from "../../kernel/flow.ts"
import type { LinkId, OrganizationId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"

export const linkStatuses = ["PENDING", "APPROVED", "REJECTED", "BLOCKED", "REMOVED"] as const
export type LinkStatus = (typeof linkStatuses)[number]

export type Side = "supplier" | "buyer"

/** INV-LNK-1: where a link may go. REJECTED and REMOVED come alive again only by a new request, which revives the same row. */
export const linkFlow = {
  PENDING: ["APPROVED", "REJECTED", "BLOCKED", "REMOVED"],
  APPROVED: ["BLOCKED", "REMOVED"],
  REJECTED: ["PENDING"],
  BLOCKED: ["APPROVED"],
  REMOVED: ["PENDING"],
} as const satisfies Flow<LinkStatus>

/** What `PUT /links/{id}/status` can ask for; PENDING comes from a request alone. */
export const decidableLinkStatuses = ["APPROVED", "REJECTED", "BLOCKED", "REMOVED"] as const
export type DecidableLinkStatus = (typeof decidableLinkStatuses)[number]

/** INV-LNK-2: the states a side may move a link to from here: the supplier decides, the buyer withdraws, either ends an approved one. */
export function linkMovesOf(from: LinkStatus, side: Side): readonly DecidableLinkStatus[] {
  const moves: readonly LinkStatus[] = linkFlow[from]
  return decidableLinkStatuses.filter(
    (to) => moves.includes(to) && (side === "buyer" ? to === "REMOVED" : to !== "REMOVED" || from === "APPROVED"),
  )
}

/** What a new request does to the link there is, if any. */
export type RequestVerdict = "CREATE" | "REVIVE" | "LINK_EXISTS" | "LINK_BLOCKED" | "LINK_COOLING_DOWN"

export function judgeRequest(
  existing: { status: LinkStatus; decidedAt: Instant | null } | undefined,
  now: Instant,
  coolDownMs: number,
): RequestVerdict {
  if (existing === undefined) return "CREATE"
  switch (existing.status) {
    case "PENDING":
    case "APPROVED":
      return "LINK_EXISTS"
    case "BLOCKED":
      return "LINK_BLOCKED"
    case "REJECTED":
    case "REMOVED":
      return now < (existing.decidedAt ?? 0) + coolDownMs ? "LINK_COOLING_DOWN" : "REVIVE"
  }
}

/** A link as the supplier's ledger holds it. */
export type LinkFacts = {
  readonly id: LinkId
  readonly supplierId: OrganizationId
  readonly supplierName: string
  readonly buyerId: OrganizationId
  readonly buyerName: string
  readonly status: LinkStatus
  readonly message: string | null
  readonly reason: string | null
  readonly createdAt: Instant
  readonly decidedAt: Instant | null
  readonly version: number
  readonly seq: number
}
