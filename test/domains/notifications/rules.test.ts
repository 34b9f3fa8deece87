import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  afterSending,
  type Channel,
  channels,
  expiryOf,
  type Happening,
  isDefault,
  isTold,
  isTooLate,
  MailAllowance,
  notificationIdOf,
  type Person,
  recipientsOf,
} from "../../../src/domains/notifications/rules.ts"
import { topics } from "../../../src/domains/notifications/topics.ts"
import { isId, newId, type UserId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { day, hour, minute } from "../../../src/kernel/time.ts"
import { allPermissions, type Permission } from "../../../src/platform/auth/permissions.ts"
import { assignableBuiltInRoles, builtInRoles } from "../../../src/platform/auth/roles.ts"

const ids = Array.from({ length: 6 }, (_, index) => newId("usr", index))
const types = Object.keys(topics)

const person: fc.Arbitrary<Person> = fc.record({
  id: fc.constantFrom(...ids),
  permissions: fc.oneof(
    fc.constantFrom(...assignableBuiltInRoles).map((role) => new Set<Permission>(builtInRoles[role])),
    fc.subarray(allPermissions).map((list) => new Set<Permission>(list)),
  ),
  choices: fc.dictionary(
    fc.constantFrom(...types, "nothing.happened"),
    fc.record({ in_app: fc.boolean(), mail: fc.boolean() }, { requiredKeys: [] }),
  ),
})

const happening: fc.Arbitrary<Happening> = fc.record({
  type: fc.constantFrom(...types),
  permission: fc.constantFrom(...allPermissions),
  actorId: fc.option(fc.constantFrom<string>(...ids, "key_x")),
  data: fc.oneof(
    fc.record(
      {
        side: fc.constantFrom("supplier", "buyer"),
        level: fc.constantFrom("SALES", "MANAGER", "OWNER"),
        assignee_id: fc.option(fc.constantFrom<string>(...ids)),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  ),
})

/** What is somebody's own matter, named here by hand: a type that joins them in code has to join them here. */
const assigneesAlone = new Set(["complaint.assigned", "import.finished"])

/** The same decision as a list of reasons, the strongest first. */
function model(who: Person, event: Happening, channel: Channel): boolean {
  const topic = topics[event.type]
  if (topic === undefined) throw new Error("no topic")
  const data = (typeof event.data === "object" && event.data !== null ? event.data : {}) as Record<string, unknown>
  const isAssignee = data["assignee_id"] === who.id
  const reasons: Array<boolean | undefined> = [
    event.actorId === who.id ? false : undefined,
    who.permissions.has(event.permission) ? undefined : false,
    topic.offers.includes(channel) ? undefined : false,
    assigneesAlone.has(event.type) && !isAssignee ? false : undefined,
    who.choices[event.type]?.[channel],
  ]
  const strongest = reasons.find((reason) => reason !== undefined)
  if (strongest !== undefined) return strongest
  return topic.concerns
    .filter(({ when = {} }) => Object.entries(when).every(([name, value]) => typeof data[name] !== "string" || data[name] === value))
    .some(({ to, by }) => by.includes(channel) && (to === "ASSIGNEE" ? isAssignee : who.permissions.has(to)))
}

describe("who is told", () => {
  test("INV-NTF-2, INV-NTF-3, INV-NTF-6: is what the model says, of any person, event and channel", () => {
    fc.assert(
      fc.property(person, happening, fc.constantFrom(...channels), (who, event, channel) => {
        const topic = topics[event.type]
        if (topic === undefined) return
        const odd = ["side", "level"].some((name) => {
          const value = (event.data as Record<string, unknown> | null)?.[name]
          return typeof value === "number" || value === ""
        })
        fc.pre(!odd)
        expect(isTold(who, event, topic, channel)).toBe(model(who, event, channel))
        if (isTold(who, event, topic, channel)) {
          expect(event.actorId).not.toBe(who.id)
          expect(who.permissions.has(event.permission)).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test("whoever chose nothing is told of nothing that their preferences show as off", () => {
    fc.assert(
      fc.property(person, happening, fc.constantFrom(...channels), (who, event, channel) => {
        const topic = topics[event.type]
        if (topic === undefined) return
        const without = { ...who, choices: {} }
        if (isTold(without, event, topic, channel)) expect(isDefault(topic, who.permissions, channel)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test("INV-NTF-4: at most so many, the assignee first, in one order whatever the order given", () => {
    const topic = topics["complaint.reopened"]
    if (topic === undefined) throw new Error("no topic")
    const people: Person[] = Array.from({ length: limits.recipientsPerEventMax + 50 }, (_, index) => ({
      id: newId("usr", 1_000 + index),
      permissions: new Set<Permission>(builtInRoles.manager),
      choices: {},
    }))
    const last = people.at(-1)?.id
    const event: Happening = {
      type: "complaint.reopened",
      permission: "complaints.complaint.read",
      actorId: null,
      data: { side: "supplier", assignee_id: last },
    }
    const told = recipientsOf(people, event, topic, "mail").map(({ id }) => id)
    expect(told).toHaveLength(limits.recipientsPerEventMax)
    expect(told).toEqual([last, ...people.slice(0, limits.recipientsPerEventMax - 1).map(({ id }) => id)])
    expect(recipientsOf([...people].reverse(), event, topic, "mail").map(({ id }) => id)).toEqual(told)
  })

  test("an assignee that is no user's id is nobody", () => {
    const topic = topics["complaint.assigned"]
    if (topic === undefined) throw new Error("no topic")
    for (const assignee_id of [null, 7, "usr_x", "'; drop table users", {}]) {
      const who: Person = { id: "usr_x" as UserId, permissions: new Set(allPermissions), choices: {} }
      const event: Happening = { type: "complaint.assigned", permission: "complaints.complaint.read", actorId: null, data: { assignee_id } }
      expect(isTold(who, event, topic, "mail")).toBe(false)
    }
  })
})

test("INV-NTF-1: a notification's id follows from its event's", () => {
  const id = newId("evt", 1_700_000_000_000)
  expect(isId("ntf", notificationIdOf(id))).toBe(true)
  expect(notificationIdOf(id)).toBe(notificationIdOf(id))
})

test("a notification goes half a year after it came, or a month after it was read, whichever is sooner", () => {
  expect(expiryOf(0, null)).toBe(180 * day)
  expect(expiryOf(0, day)).toBe(31 * day)
  expect(expiryOf(0, 170 * day)).toBe(180 * day)
})

describe("a mail that did not go", () => {
  test("waits one minute, then twice as long each time up to an hour, and is given up after eight tries", () => {
    const waits = Array.from({ length: limits.mailAttemptsMax }, (_, index) => afterSending({ kind: "LATER", reason: "X" }, index + 1, 0))
    expect(waits.map(({ status, dueAt }) => (status === "WAITING" ? dueAt / minute : status))).toEqual([1, 2, 4, 8, 16, 32, 60, "FAILED"])
    expect(afterSending({ kind: "LATER", reason: "X", afterMs: 5 * minute }, 1, 0).dueAt).toBe(5 * minute)
    expect(afterSending({ kind: "LATER", reason: "X", afterMs: 5 * hour }, 1, 0).dueAt).toBe(hour)
    expect(afterSending({ kind: "REFUSED", reason: "HTTP_422" }, 1, 0)).toMatchObject({ status: "FAILED", reason: "HTTP_422" })
  })

  test("INV-NTF-5: is tried no longer than the mail service remembers its id", () => {
    expect(isTooLate(0, limits.mailHoursMax * hour)).toBe(false)
    expect(isTooLate(0, limits.mailHoursMax * hour + 1)).toBe(true)
    expect(limits.mailHoursMax * hour + limits.mailLeaseSeconds * 1_000).toBeLessThan(day)
    // The slowest lease ends before somebody else may take it on.
    expect(limits.mailSendSeconds * 3).toBeLessThan(limits.mailLeaseSeconds)
  })
})

test("INV-NTF-8: what the last hour held counts, and each person and type by itself", () => {
  const [ann, ben] = [{ id: newId("usr", 1) }, { id: newId("usr", 2) }]
  const allowance = new MailAllowance([{ userId: ann.id, type: "order.placed", mails: limits.mailsPerTypeAndHourMax - 1 }])
  expect(allowance.split("order.placed", [ann, ben])).toEqual([[ann, ben], []])
  expect(allowance.split("order.placed", [ann, ben])).toEqual([[ben], [ann]])
  expect(allowance.split("order.cancelled", [ann])).toEqual([[ann], []])
})
