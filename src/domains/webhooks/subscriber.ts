import { type DeliveryId, mintId, type OrganizationId, type WebhookId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { Meter } from "../../platform/db/meter.ts"
import { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import type { StoredEvent, Subscriber } from "../../platform/events/subscriber.ts"
import { sendMessages } from "./messages.ts"
import { wants } from "./rules.ts"
import { type NewDelivery, webhookStore } from "./store.ts"

const rowsPerStatement = 1_000

const storeOf = (env: Bindings, meter: Meter, orgId: OrganizationId) =>
  webhookStore(TenantDb.forSystem(env, meter, orgId, "an organization's events go to its webhooks"))

/** INV-WHK-1: the id of an event's delivery to an endpoint is made of theirs, so that planning twice plans the same. It sorts by the event's time. */
async function deliveryIdOf(webhookId: WebhookId, { id, at }: Pick<StoredEvent, "id" | "at">): Promise<DeliveryId> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${webhookId} ${id}`))
  return mintId("dlv", { at, random: new Uint8Array(digest) })
}

async function deliveriesOf(store: ReturnType<typeof storeOf>, events: readonly StoredEvent[]): Promise<readonly NewDelivery[]> {
  const endpoints = await store.active()
  const wanted = events.flatMap((event) => endpoints.filter((one) => wants(one, event)).map((endpoint) => ({ endpoint, event })))
  return Promise.all(
    wanted.map(async ({ endpoint, event }) => ({
      id: await deliveryIdOf(endpoint.id, event),
      webhookId: endpoint.id,
      eventId: event.id,
      eventType: event.type,
    })),
  )
}

export const webhooksSubscriber: Subscriber = {
  name: "webhooks",

  async plan(env: Bindings, meter: Meter, events: readonly StoredEvent[], now: Instant): Promise<readonly Statement[]> {
    const [first] = events
    if (first === undefined) return []
    const store = storeOf(env, meter, first.orgId)
    const deliveries = await deliveriesOf(store, events)
    const statements: Statement[] = []
    for (let start = 0; start < deliveries.length; start += rowsPerStatement) {
      statements.push(store.insertDeliveries(deliveries.slice(start, start + rowsPerStatement), now))
    }
    return statements
  },

  /** Endpoints are looked up again: one that changed meanwhile is missed here and woken by the sweep. */
  async afterwards(env: Bindings, events: readonly StoredEvent[]): Promise<void> {
    const [first] = events
    if (first === undefined) return
    const deliveries = await deliveriesOf(storeOf(env, new Meter(), first.orgId), events)
    await sendMessages(
      env,
      deliveries.map(({ id }) => ({ orgId: first.orgId, deliveryId: id })),
    )
  },
}
