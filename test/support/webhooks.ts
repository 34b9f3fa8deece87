import { env } from "cloudflare:workers"
import { inject } from "vitest"
import { deliver, webhooksSubscriber } from "../../src/domains/webhooks/index.ts"
import type { DeliveryId, EventId, OrganizationId } from "../../src/kernel/ids.ts"
import type { Permission } from "../../src/platform/auth/permissions.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { TenantDb } from "../../src/platform/db/tenant-db.ts"
import type { Bindings } from "../../src/platform/env.ts"
import type { StoredEvent } from "../../src/platform/events/subscriber.ts"
import type { Received, Step } from "./webhook-server.ts"
import { type Answer, api, unique, type World } from "./world.ts"

/** Somebody's server; see webhook-server.ts. */
export async function target(...script: readonly Step[]) {
  const key = unique("target")
  const server = inject("webhookServer")
  const set = (steps: readonly Step[]) => fetch(`${server}/script/${key}`, { method: "PUT", body: JSON.stringify(steps) })
  await set(script)
  return {
    url: `${server}/hook/${key}`,
    set,
    received: async (): Promise<Received[]> => (await fetch(`${server}/received/${key}`)).json(),
  }
}

export async function webhook({ token }: World, url: string, eventTypes: readonly string[] = ["*"]) {
  const { status, body } = await api("POST", "/webhooks", { token, body: { url, event_types: eventTypes } })
  if (status !== 201) throw new Error(`webhook: ${status} ${JSON.stringify(body)}`)
  return body as { id: string; secret: string; version: number }
}

type Row = { seq: number; id: EventId; type: string; permission: Permission; data: string; at: number }

export async function storedEvents(orgId: string): Promise<StoredEvent[]> {
  const { results } = await env.DB.prepare("select seq, id, type, permission, data, at from events where org_id = ? order by seq")
    .bind(orgId)
    .all<Row>()
  return results.map((row) => ({ ...row, orgId: orgId as OrganizationId, actorId: null, data: JSON.parse(row.data) }))
}

/** What the queue's consumer does with events: plan, commit. The events, so that they can be handed out again. */
export async function handOut(
  orgId: string,
  wanted: (event: StoredEvent) => boolean = () => true,
  now = Date.now(),
): Promise<StoredEvent[]> {
  const events = (await storedEvents(orgId)).filter(wanted)
  const statements = await webhooksSubscriber.plan(env, new Meter(), events, now)
  await TenantDb.forSystem(env, new Meter(), orgId as OrganizationId, "as the consumer commits").run(statements)
  return events
}

/** Makes something happen: an event whose data is up to the test. */
export async function happen(orgId: string, id: string, data: unknown = { hello: "world" }, type = "order.accepted"): Promise<void> {
  await env.DB.prepare("insert into events (org_id, id, type, permission, data, at) values (?, ?, ?, 'orders.order.read', ?, ?)")
    .bind(orgId, id, type, JSON.stringify(data), Date.now())
    .run()
}

type Delivery = {
  readonly id: string
  readonly event_id: string
  readonly status: string
  readonly failure_reason: string | null
  readonly attempts: ReadonlyArray<{
    status: number | null
    error: string | null
    duration_ms: number | null
    answer: string | null
    at: string
  }>
  readonly next_attempt_at: string | null
}

export async function deliveriesOf({ token }: World, webhookId: string, query = ""): Promise<Delivery[]> {
  const { status, body }: Answer = await api("GET", `/webhooks/${webhookId}/deliveries${query}`, { token })
  if (status !== 200) throw new Error(`deliveries: ${status}`)
  return body.data
}

export const attempt = (
  orgId: string,
  deliveryId: string,
  now = Date.now(),
  { bindings = env as Bindings, timeoutMs = 3_000 }: { readonly bindings?: Bindings; readonly timeoutMs?: number } = {},
): Promise<void> => deliver(bindings, new Meter(), orgId as OrganizationId, deliveryId as DeliveryId, now, { random: () => 0, timeoutMs })
