import { expect, test } from "vitest"
import { channels } from "../../../src/domains/notifications/rules.ts"
import { topics } from "../../../src/domains/notifications/topics.ts"
import { allPermissions } from "../../../src/platform/auth/permissions.ts"
import { eventTypes } from "../../../src/platform/events/define-event.ts"
import { filesUnder, root } from "../../support/repository.ts"

// Every declaration, also of events that no endpoint brings in.
for (const file of filesUnder("src", "events.ts")) await import(/* @vite-ignore */ `${root}/${file}`)

test("INV-NTF-6: every event type has its line in src/domains/notifications/topics.ts", () => {
  expect([...eventTypes.keys()].filter((type) => !Object.hasOwn(topics, type))).toEqual([])
})

test("every line is an event type's that there is", () => {
  expect(Object.keys(topics).filter((type) => !eventTypes.has(type))).toEqual([])
})

test("a line concerns people by permissions that there are, in ways that it offers, and says what it is", () => {
  for (const [type, { concerns, offers, description, isAssigneesAlone }] of Object.entries(topics)) {
    expect(offers, type).toContain("in_app")
    expect(
      offers.filter((channel) => !channels.includes(channel)),
      type,
    ).toEqual([])
    for (const { to, by } of concerns) {
      expect(to === "ASSIGNEE" || allPermissions.includes(to), `${type}: ${to}`).toBe(true)
      expect(
        by.filter((channel) => !offers.includes(channel)),
        type,
      ).toEqual([])
    }
    expect(description, type).toMatch(/^[A-Z].{10,}\.$/)
    expect(isAssigneesAlone === true, type).toBe(["complaint.assigned", "import.finished"].includes(type))
  }
})
