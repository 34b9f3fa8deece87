import { env } from "cloudflare:workers"
import { users } from "../../src/domains/identity/tables.ts"
import { notificationsSubscriber } from "../../src/domains/notifications/index.ts"
import { type EventId, newId, type OrganizationId } from "../../src/kernel/ids.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { eventTypes } from "../../src/platform/events/define-event.ts"
import type { StoredEvent } from "../../src/platform/events/subscriber.ts"
import { events } from "../../src/platform/events/tables.ts"
import { signedIn } from "./app.ts"
import { dbOf } from "./tenant-db.ts"
import { newEmail } from "./world.ts"

type Made = {
  readonly type: string
  readonly data?: unknown
  readonly actorId?: string | null
  readonly at?: number
  readonly id?: EventId
}

let seq = 0

/** An event of an organization, which stands in D1 too. */
export async function happened(orgId: string, { type, data = {}, actorId = null, at = Date.now(), id }: Made): Promise<StoredEvent> {
  const event: StoredEvent = {
    seq: (seq += 1),
    id: id ?? newId("evt", at),
    orgId: orgId as OrganizationId,
    type,
    permission: eventTypes.get(type)?.permission ?? "complaints.complaint.read",
    actorId,
    data,
    at,
  }
  const db = dbOf(orgId)
  await db.run([db.insert(events, { id: event.id, type, permission: event.permission, data, at })])
  return event
}

export type Colleague = { readonly id: string; readonly email: string; readonly token: string }

/** Somebody with these roles, as rows have it: without the work of hashing a password. */
export async function colleague(orgId: string, ...roles: readonly string[]): Promise<Colleague> {
  const now = Date.now()
  const id = newId("usr", now)
  const email = newEmail()
  const db = dbOf(orgId)
  const row = {
    id,
    email,
    fullName: "Cleo Colleague",
    passwordHash: "none",
    roles,
    isActive: true,
    version: 1,
    createdAt: now,
    updatedAt: now,
  }
  await db.run([db.insert(users, row)])
  const { authorization } = await signedIn({ orgId: orgId as OrganizationId, roles, userId: id })
  return { id, email, token: authorization.slice("Bearer ".length) }
}

/** Plans and commits, as the dispatch does. */
export async function tell(told: readonly StoredEvent[], now = Date.now(), meter = new Meter()): Promise<void> {
  const [first] = told
  if (first === undefined) return
  await dbOf(first.orgId).run(await notificationsSubscriber.plan(env, meter, told, now))
}

export const orderData = (side: "supplier" | "buyer", more: Readonly<Record<string, unknown>> = {}) => ({
  order_id: newId("ord", Date.now()),
  number: "SO-1042",
  status: "PENDING",
  side,
  counterparty_name: side === "supplier" ? "Corner Bistro" : "Green Valley",
  total_amount: "119.80",
  currency: "USD",
  reason: null,
  by: { id: "usr_x", name: "Bea Buyer", organization_id: "org_x" },
  ...more,
})

type MailRow = {
  readonly event_id: string
  readonly user_id: string
  readonly id: string
  readonly status: string
  readonly reason: string | null
  readonly attempts: number
  readonly due_at: number
}

export async function outboxOf(orgId: string): Promise<MailRow[]> {
  const { results } = await env.DB.prepare("select * from mail_outbox where org_id = ? order by id").bind(orgId).all<MailRow>()
  return results
}
