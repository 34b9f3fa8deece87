import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import type { OrganizationId } from "../../src/kernel/ids.ts"
import { happen, letter } from "../support/events.ts"
import { api, platformStaff, signUp } from "../support/world.ts"

/** Here alone the queue's consumer works beside the tests, so they wait for what it does and count nothing else. */

const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 100 })

const newcomer = async () => (await signUp()).org.id as OrganizationId

const isHandedOut = (orgId: OrganizationId, eventId: string | undefined) =>
  env.DB.prepare("select c.seq >= e.seq as done from event_cursors c, events e where c.org_id = ?1 and e.org_id = ?1 and e.id = ?2")
    .bind(orgId, eventId)
    .first<number>("done")

describe("the queue, with its consumer at work", { timeout: 90_000 }, () => {
  test("hands an organization's events out", async () => {
    const orgId = await newcomer()
    const [made] = await happen(orgId, 1)
    await env.EVENTS.send({ kind: "events", org_id: orgId })
    await eventually(async () => expect(await isHandedOut(orgId, made)).toBe(1))
  })

  test("INV-EVT-6: a replayed message reaches its consumer", async () => {
    const { token } = await platformStaff()
    const orgId = await newcomer()
    const [made] = await happen(orgId, 1)
    const id = await letter({ kind: "events", org_id: orgId })
    expect((await api("POST", `/admin/dead-letters/${id}/replay`, { token })).status).toBe(200)
    await eventually(async () => expect(await isHandedOut(orgId, made)).toBe(1))
  })

  test("INV-EVT-6: an event that a subscriber gave up at is given to it again", async () => {
    const { token } = await platformStaff()
    const orgId = await newcomer()
    const [made] = await happen(orgId, 1)
    const id = await letter({ kind: "event", org_id: orgId, event_id: made, subscriber: "live" })
    expect((await api("POST", `/admin/dead-letters/${id}/replay`, { token })).status).toBe(200)
    await eventually(async () => {
      const { results } = await env.DB.prepare("select 1 from event_retries where org_id = ?").bind(orgId).all()
      expect(results).toEqual([])
    })
  })
})
