import { linkEventDataOf, linkEvents } from "../../../src/domains/partners/events.ts"
import { type DecidableLinkStatus, judgeRequest, type LinkFacts, linkMovesOf, type Side } from "../../../src/domains/partners/rules.ts"
import type { LinkId, OrganizationId } from "../../../src/kernel/ids.ts"
import { assertNever, ok, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, checkMove, checkVersion } from "./command.ts"
import { leavePlaces } from "./places.ts"

type RequestLink = {
  readonly buyerId: OrganizationId
  readonly buyerName: string
  readonly message: string | null
  readonly coolDownMs: number
}
type SetLinkStatus = {
  readonly linkId: LinkId
  readonly status: DecidableLinkStatus
  readonly reason: string | null
  /** Approving a blocked partner again takes a higher permission, which only the Worker knows of. */
  readonly mayUnblock: boolean
}

function requestLink(work: LedgerWork, input: RequestLink): Result<LinkFacts> {
  const { store, actor } = work
  const supplier = store.organization
  // INV-LNK-3
  if (actor.organizationId !== input.buyerId) return refuse("FORBIDDEN", "A link is asked for in one's own name.")
  if (supplier.id === input.buyerId) {
    return refuse("VALIDATION_FAILED", undefined, {
      errors: [{ pointer: "/supplier_id", code: "SELF", message: "An organization does not link with itself." }],
    })
  }
  if (supplier.status !== "ACTIVE") return refuse("NOT_FOUND", "There is no such supplier.")
  if (!supplier.isSupplier) return refuse("CAPABILITY_MISSING", "The organization is no supplier.")
  const existing = store.links.ofBuyer(input.buyerId)
  const verdict = judgeRequest(existing, work.now, input.coolDownMs)
  switch (verdict) {
    case "LINK_EXISTS":
    case "LINK_BLOCKED":
    case "LINK_COOLING_DOWN":
      return refuse(verdict, undefined, existing === undefined ? {} : { current: existing.status })
    case "CREATE":
    case "REVIVE": {
      const link: LinkFacts = {
        id: existing?.id ?? work.mint("lnk"),
        supplierId: supplier.id,
        supplierName: supplier.name,
        buyerId: input.buyerId,
        buyerName: input.buyerName,
        status: "PENDING",
        message: input.message,
        reason: null,
        createdAt: existing?.createdAt ?? work.now,
        decidedAt: null,
        version: (existing?.version ?? 0) + 1,
        seq: work.seq,
      }
      return save(work, link, "partners.link.request", existing)
    }
    default:
      return assertNever(verdict)
  }
}

function setLinkStatus(work: LedgerWork, input: SetLinkStatus, ifMatch: number | undefined): Result<LinkFacts> {
  const { store, actor } = work
  const before = store.links.find(input.linkId)
  const side = before === undefined ? undefined : linkSideOf(before, actor.organizationId)
  if (before === undefined || side === undefined) return refuse("NOT_FOUND", "There is no such link.")
  const stale = checkVersion("link", before, ifMatch)
  if (stale !== undefined) return stale
  const misstep = checkMove("A link", before.status, input.status, linkMovesOf(before.status, side))
  if (misstep !== undefined) return misstep
  if (input.status === "APPROVED") {
    if (before.status === "BLOCKED" && !input.mayUnblock)
      return refuse("FORBIDDEN", "Approving a blocked link again needs the permission partners.link.unblock.")
    const { settings, kybStatus } = store.organization
    if (settings.require_kyb_for_link_approval && kybStatus !== "VERIFIED") {
      return refuse("KYB_REQUIRED", "The supplier must be verified (KYB) before it approves links.", { current: kybStatus })
    }
  }
  const after: LinkFacts = {
    ...before,
    status: input.status,
    reason: input.reason,
    decidedAt: work.now,
    version: before.version + 1,
    seq: work.seq,
  }
  return save(work, after, "partners.link.set-status", before)
}

export const linkSideOf = (link: LinkFacts, organizationId: OrganizationId): Side | undefined =>
  link.supplierId === organizationId ? "supplier" : link.buyerId === organizationId ? "buyer" : undefined

function save(work: LedgerWork, link: LinkFacts, action: string, before?: LinkFacts): Result<LinkFacts> {
  work.store.links.save(link)
  work.touch("link", link.id)
  // A link that was only asked for has no conversation yet.
  if (before !== undefined) work.tellRoom(link.id)
  const left = before?.status === "APPROVED" ? leavePlaces(work, link.buyerId) : []
  const said = (facts: LinkFacts | undefined) =>
    facts === undefined ? undefined : { status: facts.status, reason: facts.reason, message: facts.message }
  work.audit({
    action,
    entity: "link",
    entityId: link.id,
    before: said(before),
    after: {
      ...said(link),
      supplier_id: link.supplierId,
      buyer_id: link.buyerId,
      ...(left.length === 0 ? {} : { warehouses_left: left }),
    },
  })
  work.emit(link.supplierId, linkEvents[link.status], linkEventDataOf(link, "supplier"))
  work.emit(link.buyerId, linkEvents[link.status], linkEventDataOf(link, "buyer"))
  return ok(link)
}

export const linkCommands = {
  requestLink: { by: "party", tellsRooms: true, run: requestLink },
  setLinkStatus: { by: "party", tellsRooms: true, run: setLinkStatus },
} as const satisfies Record<string, Command>
