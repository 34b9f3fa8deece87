import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  after,
  assign,
  type By,
  type Clock,
  type ComplaintFacts,
  type ComplaintLevel,
  complaintFlow,
  complaintLevels,
  complaintMovesOf,
  complaintStatuses,
  confirm,
  escalate,
  escalatesAt,
  reaches,
  reopen,
  resolve,
  type Side,
  type Step,
  seenBy,
  theClock,
  tick,
  withdraw,
} from "../../../src/domains/complaints/rules.ts"
import type { OrganizationId, UserId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import type { Result } from "../../../src/kernel/result.ts"
import { day, hour } from "../../../src/kernel/time.ts"
import { type BuiltInRole, builtInRoleNames, permissionsOf } from "../../../src/platform/auth/roles.ts"
import { expectSound } from "../../support/flows.ts"

const clock: Clock = { salesMs: 24 * hour, managerMs: 48 * hour, reopenMs: 7 * day }
const supplierId: OrganizationId = "org_supplier"
const buyerId: OrganizationId = "org_buyer"

const personOf = (name: string, role: BuiltInRole, organizationId = supplierId) => ({
  id: `usr_${name}` as UserId,
  name,
  permissions: permissionsOf([role]),
  by: { kind: "USER", id: `usr_${name}`, name, organizationId } satisfies By as By,
})
const rep = personOf("rep", "sales_rep")
const otherRep = personOf("other-rep", "sales_rep")
const manager = personOf("manager", "manager")
const owner = personOf("owner", "owner")
const clerk = personOf("clerk", "warehouse_op")
const buyer = personOf("buyer", "buyer", buyerId)

const fresh = (now: number, openedBy: By = buyer.by): ComplaintFacts => ({
  id: "cmp_1",
  supplierId,
  supplierName: "Supplier",
  buyerId,
  buyerName: "Buyer",
  linkId: "lnk_1",
  orderId: "ord_1",
  orderNumber: "SO-00001",
  orderLineId: null,
  title: "Crushed",
  description: "Crushed",
  status: "OPEN",
  level: "SALES",
  assignee: null,
  openedBy,
  resolution: null,
  evidence: [],
  history: [{ from: null, to: "OPEN", level: "SALES", at: now, by: openedBy, reason: null, assigneeName: null, resolutionKind: null }],
  reopenCount: 0,
  createdAt: now,
  updatedAt: now,
  dueAt: escalatesAt("SALES", now, clock),
  version: 1,
})

const credit = { kind: "CREDIT", text: "Credited" } as const

/** The complaint after steps that must all be allowed. */
function walked(start: ComplaintFacts, now: number, ...steps: ReadonlyArray<(complaint: ComplaintFacts) => Result<Step>>): ComplaintFacts {
  return steps.reduce((complaint, decide) => {
    const step = decide(complaint)
    if (!step.ok) throw new Error(JSON.stringify(step.error))
    return after(complaint, step.value, rep.by, "why", now)
  }, start)
}
const assignedTo =
  (to: typeof rep, by = to) =>
  (complaint: ComplaintFacts) =>
    assign(complaint, by, to, 0)
const escalatedBy =
  (by: typeof rep, now = 0) =>
  (complaint: ComplaintFacts) =>
    escalate(complaint, by, now, clock)
const resolvedBy =
  (by: typeof rep, now = 0) =>
  (complaint: ComplaintFacts) =>
    resolve(complaint, { ...by, assignee: by }, credit, now, clock)
const reopened =
  (now = 0) =>
  (complaint: ComplaintFacts) =>
    reopen(complaint, now, clock)
const confirmed = (complaint: ComplaintFacts) => confirm(complaint, 0)
const codeOf = (result: Result<Step>): string => (result.ok ? "OK" : result.error.code)

describe("the complaint's flow", () => {
  test("INV-CMP-1: every state can be reached from OPEN, and only the ends are dead ends", () => {
    expectSound(complaintFlow, "OPEN", ["CLOSED", "WITHDRAWN"])
  })

  test("INV-CMP-1: between them the two sides can make every move of the flow, and no other but handing on and up", () => {
    for (const status of complaintStatuses) {
      for (const level of complaintLevels) {
        const complaint = { ...fresh(0), status, level, dueAt: 1 }
        const made = new Set((["supplier", "buyer"] as const).flatMap((side) => complaintMovesOf(complaint, side, 0)))
        const flow: ReadonlySet<string> = new Set(complaintFlow[status])
        for (const to of made)
          expect(flow.has(to) || (to === status && ["ASSIGNED", "ESCALATED"].includes(to)), `${status} → ${to}`).toBe(true)
        for (const to of complaintFlow[status]) if (level !== "OWNER" || to !== "ESCALATED") expect(made, `${status} → ${to}`).toContain(to)
      }
    }
  })

  test("INV-CMP-1: the buyer neither assigns, escalates nor resolves; the supplier neither confirms nor reopens", () => {
    for (const status of complaintStatuses) {
      const complaint = { ...fresh(0), status, dueAt: 1 }
      expect(complaintMovesOf(complaint, "buyer", 0).filter((to) => ["ASSIGNED", "ESCALATED", "RESOLVED"].includes(to))).toEqual([])
      expect(complaintMovesOf(complaint, "supplier", 0).filter((to) => ["CLOSED", "REOPENED"].includes(to))).toEqual([])
    }
  })

  test("a complaint is withdrawn by the side that opened it, and no longer once somebody took it up", () => {
    expect(codeOf(withdraw(fresh(0), "buyer", 0))).toBe("OK")
    expect(codeOf(withdraw(fresh(0), "supplier", 0))).toBe("INVALID_TRANSITION")
    expect(codeOf(withdraw(fresh(0, rep.by), "supplier", 0))).toBe("OK")
    expect(codeOf(withdraw(walked(fresh(0), 0, assignedTo(rep)), "buyer", 0))).toBe("INVALID_TRANSITION")
  })
})

describe("who deals with what", () => {
  test("INV-CMP-3: of the built-in roles, these reach each level", () => {
    const reach = (level: ComplaintLevel) => builtInRoleNames.filter((role) => reaches(permissionsOf([role]), level))
    expect(reach("SALES")).toEqual(["owner", "admin", "manager", "sales_rep"])
    expect(reach("MANAGER")).toEqual(["owner", "admin", "manager"])
    expect(reach("OWNER")).toEqual(["owner", "admin"])
  })

  test("INV-CMP-3: it is given to nobody below its level", () => {
    const atManager = walked(fresh(0), 0, escalatedBy(rep))
    expect(codeOf(assign(atManager, rep, rep, 0))).toBe("FORBIDDEN")
    expect(assign(atManager, manager, rep, 0)).toMatchObject({
      error: { code: "VALIDATION_FAILED", errors: [{ pointer: "/assignee_id" }] },
    })
    expect(codeOf(assign(atManager, manager, manager, 0))).toBe("OK")
    const atOwner = walked(atManager, 0, escalatedBy(manager))
    expect(codeOf(assign(atOwner, manager, manager, 0))).toBe("FORBIDDEN")
    expect(codeOf(assign(atOwner, manager, owner, 0))).toBe("OK")
    expect(codeOf(assign(fresh(0), manager, clerk, 0))).toBe("VALIDATION_FAILED")
  })

  test("INV-CMP-3: what a colleague has is theirs, unless a manager hands it on or settles it", () => {
    const taken = walked(fresh(0), 0, assignedTo(rep))
    expect(codeOf(assign(taken, otherRep, otherRep, 0))).toBe("INVALID_TRANSITION")
    expect(codeOf(resolvedBy(otherRep)(taken))).toBe("FORBIDDEN")
    const again = walked(taken, 0, resolvedBy(rep), reopened())
    expect(codeOf(assign(again, otherRep, otherRep, 0))).toBe("INVALID_TRANSITION")
    expect(codeOf(assign(again, rep, rep, 0))).toBe("OK")
    expect(codeOf(resolvedBy(rep)(taken))).toBe("OK")
    expect(codeOf(resolvedBy(manager)(taken))).toBe("OK")
    expect(codeOf(assign(taken, manager, otherRep, 0))).toBe("OK")
  })

  test("INV-CMP-3: a sales rep neither resolves nor escalates what was escalated", () => {
    const atManager = walked(fresh(0), 0, escalatedBy(rep))
    expect(atManager).toMatchObject({ status: "ESCALATED", level: "MANAGER", assignee: null })
    expect(codeOf(resolvedBy(rep)(atManager))).toBe("FORBIDDEN")
    expect(codeOf(escalatedBy(rep)(atManager))).toBe("FORBIDDEN")
    const atOwner = walked(atManager, 0, escalatedBy(manager))
    expect(atOwner).toMatchObject({ status: "ESCALATED", level: "OWNER", dueAt: null })
    expect(codeOf(escalatedBy(owner)(atOwner))).toBe("INVALID_TRANSITION")
    expect(codeOf(resolvedBy(manager)(atOwner))).toBe("FORBIDDEN")
    expect(codeOf(resolvedBy(owner)(atOwner))).toBe("OK")
  })

  test("whoever resolves what nobody has taken has thereby taken it", () => {
    expect(walked(fresh(0), 0, resolvedBy(rep)).assignee).toMatchObject({ id: rep.id })
    expect(walked(fresh(0), 0, assignedTo(rep), resolvedBy(manager)).assignee).toMatchObject({ id: rep.id })
  })

  test("it is not handed round for ever", () => {
    const [entry] = fresh(0).history
    if (entry === undefined) throw new Error("a complaint has a history")
    const worn = { ...fresh(0), history: Array.from({ length: limits.complaintStepsMax }, () => entry) }
    expect(codeOf(assign(worn, manager, rep, 0))).toBe("INVALID_TRANSITION")
    expect(codeOf(resolvedBy(manager)(worn))).toBe("OK")
  })
})

describe("reopening", () => {
  test("INV-CMP-4: until the window ends, and twice at most", () => {
    const once = walked(fresh(0), 0, resolvedBy(rep))
    expect(codeOf(reopened(clock.reopenMs - 1)(once))).toBe("OK")
    expect(codeOf(reopened(clock.reopenMs)(once))).toBe("INVALID_TRANSITION")
    const twice = walked(once, 0, reopened(), resolvedBy(rep), reopened(), resolvedBy(rep))
    expect(reopened()(twice)).toMatchObject({ error: { code: "INVALID_TRANSITION", current: "RESOLVED", allowed: ["CLOSED"] } })
    expect(codeOf(confirmed(twice))).toBe("OK")
  })

  test("it returns to who had it, at its level, and that level's clock starts anew", () => {
    const again = walked(fresh(0), 0, escalatedBy(rep), assignedTo(manager), resolvedBy(manager), reopened(5))
    expect(again).toMatchObject({ status: "REOPENED", level: "MANAGER", assignee: { id: manager.id }, resolution: null, reopenCount: 1 })
    expect(again.dueAt).toBe(5 + clock.managerMs)
  })
})

describe("time alone", () => {
  test("INV-CMP-5: does nothing before it is due, and then one step, which gives the next level its full time", () => {
    const open = fresh(0)
    expect(tick(open, clock.salesMs - 1, clock)).toBeUndefined()
    const late = clock.salesMs + 90 * day
    const step = tick(open, late, clock)
    expect(step).toEqual({ status: "ESCALATED", level: "MANAGER", assignee: null, dueAt: late + clock.managerMs })
    if (step === undefined) throw new Error("nothing was due")
    const escalated = after(open, step, theClock, null, late)
    expect(tick(escalated, late, clock)).toBeUndefined()
    expect(tick(escalated, late + clock.managerMs, clock)).toMatchObject({ level: "OWNER", dueAt: null })
  })

  test("INV-CMP-5: closes what was resolved when the window has ended, at the very instant it can no longer be reopened", () => {
    const resolved = walked(fresh(0), 0, resolvedBy(rep))
    for (const now of [clock.reopenMs - 1, clock.reopenMs, clock.reopenMs + 1]) {
      expect(tick(resolved, now, clock)?.status === "CLOSED").toBe(codeOf(reopened(now)(resolved)) !== "OK")
    }
  })

  test("being assigned does not stop the level's clock", () => {
    const taken = walked(fresh(0), hour, assignedTo(rep))
    expect(taken.dueAt).toBe(clock.salesMs)
    expect(tick(taken, clock.salesMs, clock)).toMatchObject({ status: "ESCALATED", assignee: null })
  })
})

describe("what the buyer sees", () => {
  test("INV-CMP-6: who deals with it by name, not by id, and no word the supplier's people exchange", () => {
    const handed = walked(fresh(0), 0, assignedTo(rep), escalatedBy(rep), assignedTo(manager), resolvedBy(manager))
    const seen = seenBy("buyer", handed)
    expect(seen.assignee).toEqual({ id: null, name: "manager" })
    expect(seen.history.map(({ to, reason }) => [to, reason])).toEqual([
      ["OPEN", null],
      ["ASSIGNED", null],
      ["ESCALATED", null],
      ["ASSIGNED", null],
      ["RESOLVED", "why"],
    ])
    expect(seenBy("supplier", handed)).toEqual(handed)
  })
})

type Act = { readonly what: string; readonly who: number; readonly to: number; readonly later: number }
const people = [rep, otherRep, manager, owner, clerk]

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    what: fc.constantFrom("assign", "escalate", "resolve", "confirm", "reopen", "withdraw", "tick"),
    who: fc.nat(people.length - 1),
    to: fc.nat(people.length - 1),
    later: fc.integer({ min: 0, max: 9 * day }),
  }),
  { maxLength: 40 },
)

function decide({ what, who, to }: Act, complaint: ComplaintFacts, side: Side, now: number): Result<Step> | undefined {
  const by = people[who] ?? rep
  switch (what) {
    case "assign":
      return assign(complaint, by, people[to] ?? rep, now)
    case "escalate":
      return escalate(complaint, by, now, clock)
    case "resolve":
      return resolvedBy(by, now)(complaint)
    case "confirm":
      return confirm(complaint, now)
    case "reopen":
      return reopen(complaint, now, clock)
    case "withdraw":
      return withdraw(complaint, side, now)
    default: {
      const step = tick(complaint, now, clock)
      return step === undefined ? undefined : { ok: true, value: step }
    }
  }
}

describe("any history", () => {
  test("keeps to the machine, climbs and never falls, ends where it may, and always has a way on", () => {
    fc.assert(
      fc.property(acts, fc.constantFrom<Side>("supplier", "buyer"), (history, opener) => {
        let complaint = fresh(0, opener === "buyer" ? buyer.by : rep.by)
        let now = 0
        for (const act of history) {
          now += act.later
          const before = complaint
          const step = decide(act, complaint, opener, now)
          if (step === undefined) continue
          if (!step.ok) {
            if (step.error.code === "INVALID_TRANSITION") expect(step.error.current).toBe(before.status)
            continue
          }
          complaint = after(before, step.value, rep.by, null, now)
          const isRepeat = before.status === complaint.status && ["ASSIGNED", "ESCALATED"].includes(before.status)
          expect(isRepeat || (complaintFlow[before.status] as readonly string[]).includes(complaint.status)).toBe(true)
          expect(complaintLevels.indexOf(complaint.level)).toBeGreaterThanOrEqual(complaintLevels.indexOf(before.level))
          expect(complaint.version).toBe(before.version + 1)
          expect(complaint.history.at(-1)).toMatchObject({ from: before.status, to: complaint.status, at: now })
          expect(complaint.reopenCount).toBeLessThanOrEqual(limits.complaintReopensMax)
          const isEnd = complaint.status === "CLOSED" || complaint.status === "WITHDRAWN"
          expect(complaint.dueAt === null).toBe(isEnd || (complaint.status !== "RESOLVED" && complaint.level === "OWNER"))
          expect(complaint.resolution !== null).toBe(complaint.status === "RESOLVED" || complaint.status === "CLOSED")
          if (complaint.status === "ASSIGNED") {
            const holder = people.find(({ id }) => id === complaint.assignee?.id)
            expect(holder !== undefined && reaches(holder.permissions, complaint.level)).toBe(true)
          }
          const moves = (["supplier", "buyer"] as const).flatMap((side) => complaintMovesOf(complaint, side, now))
          expect(moves.length === 0).toBe(isEnd)
          // The owner can always settle it, and time then closes it.
          if (!isEnd) {
            const settled = complaint.status === "RESOLVED" ? complaint : walked(complaint, now, resolvedBy(owner, now))
            expect(tick(settled, now + clock.reopenMs + 9 * day, clock)?.status).toBe("CLOSED")
          }
          const seen = JSON.stringify(seenBy("buyer", complaint).assignee)
          expect(seen).not.toContain("usr_")
        }
      }),
    )
  })
})
