import type { Flow } from "../../kernel/flow.ts"
import type { ComplaintId, FileId, LinkId, OrderId, OrderLineId, OrganizationId, UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Err, ok, type Refusal, type Result, refuse } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Permission } from "../../platform/auth/permissions.ts"

export const complaintStatuses = ["OPEN", "ASSIGNED", "ESCALATED", "RESOLVED", "REOPENED", "CLOSED", "WITHDRAWN"] as const
export type ComplaintStatus = (typeof complaintStatuses)[number]

/** INV-CMP-1: where a complaint may go. */
export const complaintFlow = {
  OPEN: ["ASSIGNED", "ESCALATED", "RESOLVED", "WITHDRAWN"],
  ASSIGNED: ["ESCALATED", "RESOLVED"],
  ESCALATED: ["ASSIGNED", "RESOLVED"],
  RESOLVED: ["REOPENED", "CLOSED"],
  REOPENED: ["ASSIGNED", "ESCALATED", "RESOLVED"],
  CLOSED: [],
  WITHDRAWN: [],
} as const satisfies Flow<ComplaintStatus>

/** An assigned complaint may be handed on, an escalated one goes to the level above: the state's name stays, who or where does not. */
const repeatable: readonly ComplaintStatus[] = ["ASSIGNED", "ESCALATED"]

/** Who deals with it, from the first to the last. */
export const complaintLevels = ["SALES", "MANAGER", "OWNER"] as const
export type ComplaintLevel = (typeof complaintLevels)[number]

export const resolutionKinds = ["CREDIT", "REPLACE", "REFUSE", "NONE"] as const
type ResolutionKind = (typeof resolutionKinds)[number]
export type Resolution = { readonly kind: ResolutionKind; readonly text: string }

export type Side = "supplier" | "buyer"

/** Whoever acted; the clock is nobody's. */
export type By = {
  readonly kind: "USER" | "API_KEY" | "SYSTEM"
  readonly id: string | null
  readonly name: string
  readonly organizationId: OrganizationId | null
}

export const theClock: By = { kind: "SYSTEM", id: null, name: "Waybill", organizationId: null }

type Assignee = { readonly id: UserId; readonly name: string }

export type ComplaintHistoryEntry = {
  readonly from: ComplaintStatus | null
  readonly to: ComplaintStatus
  readonly level: ComplaintLevel
  readonly at: Instant
  readonly by: By
  readonly reason: string | null
  /** Whom it was given to by this step. */
  readonly assigneeName: string | null
  readonly resolutionKind: ResolutionKind | null
}

/** A complaint whole, as the supplier's row holds it; the buyer's row is made of it (`seenBy`). */
export type ComplaintFacts = {
  readonly id: ComplaintId
  readonly supplierId: OrganizationId
  readonly supplierName: string
  readonly buyerId: OrganizationId
  readonly buyerName: string
  /** The relation whose conversation it can be talked about in. */
  readonly linkId: LinkId | null
  readonly orderId: OrderId
  readonly orderNumber: string
  readonly orderLineId: OrderLineId | null
  readonly title: string
  readonly description: string
  readonly status: ComplaintStatus
  readonly level: ComplaintLevel
  readonly assignee: Assignee | null
  readonly openedBy: By
  readonly resolution: Resolution | null
  readonly evidence: readonly FileId[]
  readonly history: readonly ComplaintHistoryEntry[]
  readonly reopenCount: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
  /** When the clock moves it on by itself: escalates it while it waits at a level, closes it once it is resolved. */
  readonly dueAt: Instant | null
  readonly version: number
}

/** How long a complaint may wait, in milliseconds: at each level until it is escalated, and resolved until it is closed. */
export type Clock = { readonly salesMs: number; readonly managerMs: number; readonly reopenMs: number }

/** When a complaint that comes to a level now is escalated; nobody is above the owner. */
export function escalatesAt(level: ComplaintLevel, now: Instant, clock: Clock): Instant | null {
  switch (level) {
    case "SALES":
      return now + clock.salesMs
    case "MANAGER":
      return now + clock.managerMs
    case "OWNER":
      return null
  }
}

const levelAbove = (level: ComplaintLevel): ComplaintLevel | undefined => complaintLevels[complaintLevels.indexOf(level) + 1]

/** INV-CMP-3: what somebody must hold to deal with complaints of a level; it is the permission that makes a sales rep, a manager, an owner or admin of them. */
const levelPermissions = {
  SALES: "complaints.complaint.handle",
  MANAGER: "complaints.complaint.assign",
  OWNER: "organizations.organization.update",
} as const satisfies Record<ComplaintLevel, Permission>

/** Whether somebody with these permissions deals with complaints of this level. */
export const reaches = (held: ReadonlySet<Permission>, level: ComplaintLevel): boolean =>
  complaintLevels.slice(0, complaintLevels.indexOf(level) + 1).every((upTo) => held.has(levelPermissions[upTo]))

/** What a side's people may make of a complaint; each may withdraw what it opened itself. */
const movesOfSide = {
  supplier: ["ASSIGNED", "ESCALATED", "RESOLVED", "WITHDRAWN"],
  buyer: ["REOPENED", "CLOSED", "WITHDRAWN"],
} as const satisfies Record<Side, readonly ComplaintStatus[]>

type Judged = Pick<ComplaintFacts, "status" | "level" | "dueAt" | "reopenCount" | "supplierId" | "openedBy">

const openerSide = ({ openedBy, supplierId }: Judged): Side => (openedBy.organizationId === supplierId ? "supplier" : "buyer")

/** INV-CMP-1: the states that a side may move a complaint to from here. */
export function complaintMovesOf(complaint: Judged, side: Side, now: Instant): readonly ComplaintStatus[] {
  const { status, level, dueAt, reopenCount } = complaint
  const next: readonly ComplaintStatus[] = complaintFlow[status]
  const may: readonly ComplaintStatus[] = movesOfSide[side]
  return complaintStatuses.filter((to) => {
    if (!may.includes(to) || !(next.includes(to) || (to === status && repeatable.includes(to)))) return false
    switch (to) {
      case "ESCALATED":
        return level !== "OWNER"
      case "REOPENED":
        return reopenCount < limits.complaintReopensMax && dueAt !== null && now < dueAt
      case "WITHDRAWN":
        return openerSide(complaint) === side
      default:
        return true
    }
  })
}

/** What a step changes; what it does not name stays. */
export type Step = Partial<Pick<ComplaintFacts, "level" | "assignee" | "resolution" | "reopenCount" | "dueAt">> & {
  readonly status: ComplaintStatus
}

const whyNot: Readonly<Partial<Record<ComplaintStatus, string>>> = {
  REOPENED: "A resolved complaint can be reopened within its window, and twice at most.",
  WITHDRAWN: "The side that opened a complaint can withdraw it until somebody has taken it up.",
  ESCALATED: "There is nobody to escalate this to.",
}

function refusedMove(complaint: Judged, side: Side, to: ComplaintStatus, now: Instant): Err<Refusal> | undefined {
  const allowed = complaintMovesOf(complaint, side, now)
  if (allowed.includes(to)) return undefined
  const detail = whyNot[to] ?? `A complaint that is ${complaint.status} cannot become ${to}.`
  return refuse("INVALID_TRANSITION", detail, { current: complaint.status, allowed })
}

/** Who acts, as far as the rules ask. */
type Handler = { readonly id: string; readonly permissions: ReadonlySet<Permission> }

const beyondLevel = (level: ComplaintLevel): Err<Refusal> =>
  refuse("FORBIDDEN", `Complaints at the level ${level} take the permission ${levelPermissions[level]}.`)

/** Whether somebody deals with this complaint at all: INV-CMP-3, by its level; and a colleague's is theirs, unless one is above them. */
function refusedHandling({ level, assignee }: ComplaintFacts, by: Handler): Err<Refusal> | undefined {
  if (!reaches(by.permissions, level)) return beyondLevel(level)
  if (assignee !== null && assignee.id !== by.id && !by.permissions.has(levelPermissions.MANAGER))
    return refuse("FORBIDDEN", "Somebody else deals with this complaint.")
  return undefined
}

/** Gives it to somebody, whose permissions reach its level. The level's clock runs on. */
export function assign(complaint: ComplaintFacts, by: Handler, to: Assignee & Pick<Handler, "permissions">, now: Instant): Result<Step> {
  const refused = refusedMove(complaint, "supplier", "ASSIGNED", now)
  if (refused !== undefined) return refused
  const isAnothers = complaint.assignee !== null && complaint.assignee.id !== by.id && !by.permissions.has(levelPermissions.MANAGER)
  const isWorn = complaint.history.length >= limits.complaintStepsMax
  if (isAnothers || isWorn) {
    const detail = isAnothers
      ? "Somebody has taken this complaint on; a manager may hand it on."
      : "This complaint was handed on too often."
    const allowed = complaintMovesOf(complaint, "supplier", now).filter((move) => move !== "ASSIGNED")
    return refuse("INVALID_TRANSITION", detail, { current: complaint.status, allowed })
  }
  if (!reaches(to.permissions, complaint.level)) {
    if (to.id === by.id) return beyondLevel(complaint.level)
    const message = `Somebody who deals with complaints at the level ${complaint.level} holds ${levelPermissions[complaint.level]}.`
    return refuse("VALIDATION_FAILED", undefined, { errors: [{ pointer: "/assignee_id", code: "LEVEL_TOO_LOW", message }] })
  }
  return ok({ status: "ASSIGNED", assignee: { id: to.id, name: to.name } })
}

/** Hands it to the level above, where it waits for somebody to take it. */
export function escalate(complaint: ComplaintFacts, by: Handler, now: Instant, clock: Clock): Result<Step> {
  const refused = refusedMove(complaint, "supplier", "ESCALATED", now)
  if (refused !== undefined) return refused
  return reaches(by.permissions, complaint.level) ? ok(escalated(complaint, now, clock)) : beyondLevel(complaint.level)
}

function escalated({ level }: ComplaintFacts, now: Instant, clock: Clock): Step {
  const above = levelAbove(level) ?? level
  return { status: "ESCALATED", level: above, assignee: null, dueAt: escalatesAt(above, now, clock) }
}

/** Settles it, until the buyer confirms or reopens it or the window ends. Whoever resolves what nobody has taken has thereby taken it. */
export function resolve(
  complaint: ComplaintFacts,
  by: Handler & { readonly assignee: Assignee | null },
  resolution: Resolution,
  now: Instant,
  clock: Clock,
): Result<Step> {
  const refused = refusedMove(complaint, "supplier", "RESOLVED", now) ?? refusedHandling(complaint, by)
  if (refused !== undefined) return refused
  return ok({ status: "RESOLVED", assignee: complaint.assignee ?? by.assignee, resolution, dueAt: now + clock.reopenMs })
}

export function confirm(complaint: ComplaintFacts, now: Instant): Result<Step> {
  return refusedMove(complaint, "buyer", "CLOSED", now) ?? ok(closed)
}

const closed: Step = { status: "CLOSED", dueAt: null }

/** INV-CMP-4: within the window and twice at most. It returns to who had it, at the level it had, whose clock starts anew. */
export function reopen(complaint: ComplaintFacts, now: Instant, clock: Clock): Result<Step> {
  const refused = refusedMove(complaint, "buyer", "REOPENED", now)
  if (refused !== undefined) return refused
  return ok({
    status: "REOPENED",
    resolution: null,
    reopenCount: complaint.reopenCount + 1,
    dueAt: escalatesAt(complaint.level, now, clock),
  })
}

export function withdraw(complaint: ComplaintFacts, side: Side, now: Instant): Result<Step> {
  return refusedMove(complaint, side, "WITHDRAWN", now) ?? ok({ status: "WITHDRAWN", dueAt: null })
}

/** INV-CMP-5: what time alone does: nothing before it is due, one step when it is, and that step gives the next its full time. */
export function tick(complaint: ComplaintFacts, now: Instant, clock: Clock): Step | undefined {
  if (complaint.dueAt === null || now < complaint.dueAt) return undefined
  switch (complaint.status) {
    case "OPEN":
    case "ASSIGNED":
    case "ESCALATED":
    case "REOPENED":
      return complaint.level === "OWNER" ? undefined : escalated(complaint, now, clock)
    case "RESOLVED":
      return closed
    case "CLOSED":
    case "WITHDRAWN":
      return undefined
  }
}

/** The complaint after a step, with the step in its history. */
export function after(complaint: ComplaintFacts, step: Step, by: By, reason: string | null, now: Instant): ComplaintFacts {
  const { status, level = complaint.level } = step
  const entry: ComplaintHistoryEntry = {
    from: complaint.status,
    to: status,
    level,
    at: now,
    by,
    reason,
    assigneeName: status === "ASSIGNED" ? (step.assignee?.name ?? null) : null,
    resolutionKind: status === "RESOLVED" ? (step.resolution?.kind ?? null) : null,
  }
  return { ...complaint, ...step, history: [...complaint.history, entry], updatedAt: now, version: complaint.version + 1 }
}

/** Steps whose reasons the supplier's people tell each other. */
const internal: readonly ComplaintStatus[] = ["ASSIGNED", "ESCALATED"]

/** What of a complaint a side sees; the assignee's id is the supplier's own. */
export type SeenComplaint = Omit<ComplaintFacts, "assignee"> & {
  readonly assignee: { readonly id: UserId | null; readonly name: string } | null
}

/** INV-CMP-6: the buyer sees who deals with its complaint by name, and not the words in which the supplier's people hand it on. */
export function seenBy(side: Side, complaint: ComplaintFacts): SeenComplaint {
  if (side === "supplier") return complaint
  return {
    ...complaint,
    assignee: complaint.assignee === null ? null : { id: null, name: complaint.assignee.name },
    history: complaint.history.map((entry) => (internal.includes(entry.to) ? { ...entry, reason: null } : entry)),
  }
}
