import { createMessageBatch } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import { deliver, wakeDeliveries } from "../../../src/domains/webhooks/index.ts"
import { newId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import type { Bindings, QueueMessage } from "../../../src/platform/env.ts"
import { consume } from "../../../src/platform/events/consume.ts"
import { webhookQueue } from "../../../src/platform/events/dead-letters.ts"
import type { Step } from "../../support/webhook-server.ts"
import { deliveriesOf, handOut, happen, target, webhook } from "../../support/webhooks.ts"
import { signUp, type World } from "../../support/world.ts"

const hang: Step = { trouble: "hang" }
const patience = { timeout: 25_000, interval: 50 }

/** An organization with so many endpoints, each of whose servers does what the script says, and so many events waiting. */
async function waiting(script: Step, endpoints: number, events: number) {
  const world = await signUp()
  const made = []
  for (let count = 0; count < endpoints; count += 1) {
    const there = await target(script)
    made.push({ there, ...(await webhook(world, there.url, ["order.accepted"])) })
  }
  for (let count = 0; count < events; count += 1) await happen(world.org.id, newId("evt", Date.now()))
  await handOut(world.org.id)
  return { world, made, deliveries: await all(world, made) }
}

const all = async (world: World, made: ReadonlyArray<{ readonly id: string }>) =>
  (await Promise.all(made.map(({ id }) => deliveriesOf(world, id)))).flat()

type Waiting = Awaited<ReturnType<typeof waiting>>

const messagesOf = ({ world, deliveries }: Waiting): QueueMessage[] =>
  deliveries.map(({ id }) => ({ kind: "delivery", org_id: world.org.id, delivery_id: id }))

/** The queue and its consumers: one batch, and what it sends meanwhile by another, as a queue does; all but retries. A request waits as long as a test does. */
async function consumeAll(bodies: readonly QueueMessage[]): Promise<void> {
  const sent: Array<Promise<void>> = []
  const WEBHOOKS = {
    sendBatch: async (messages: Iterable<{ body: QueueMessage }>, { delaySeconds }: { delaySeconds: number }) => {
      if (delaySeconds === 0) sent.push(consumeAll([...messages].map(({ body }) => body)))
    },
  }
  const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(0), attempts: 1, body }))
  await consume(createMessageBatch<QueueMessage>(webhookQueue, messages), { ...env, WEBHOOKS } as unknown as Bindings, {
    subscribers: [],
    mails: async () => undefined,
    delivery: (...args) => deliver(...args, { random: () => 0, timeoutMs: 120_000 }),
  })
  await Promise.all(sent)
}

const receivedOf = async ({ made }: Waiting) => (await Promise.all(made.map(({ there }) => there.received()))).map(({ length }) => length)

const underWay = async ({ world }: Waiting) =>
  env.DB.prepare("select count(*) as n from webhook_deliveries where org_id = ? and leased_until is not null").bind(world.org.id).first("n")

describe("INV-WHK-9: a target that does not answer", () => {
  test("takes two places, and other organizations' deliveries of the same batch go out meanwhile", async () => {
    const slow = await waiting(hang, 1, 10)
    const other = await waiting({}, 1, 5)
    const done = consumeAll([...messagesOf(slow), ...messagesOf(other)])
    await vi.waitFor(async () => {
      expect((await all(other.world, other.made)).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "DELIVERED"))
      expect(await receivedOf(slow)).toEqual([limits.webhookAttemptsPerEndpoint])
    }, patience)
    expect(await underWay(slow)).toBe(limits.webhookAttemptsPerEndpoint)
    expect((await all(slow.world, slow.made)).every(({ status }) => status === "PENDING")).toBe(true)
    // It comes to its senses: whoever waited for its answer works off what was parked.
    await slow.made[0]?.there.set([{}])
    await done
    const after = await all(slow.world, slow.made)
    expect(after.filter(({ status }) => status === "DELIVERED")).toHaveLength(8)
    expect(after.filter(({ attempts }) => attempts[0]?.error === "UNREACHABLE")).toHaveLength(2)
    expect(await underWay(slow)).toBe(0)
  })

  test("takes four places of a consumer's five with all its organization's endpoints", async () => {
    const slow = await waiting(hang, 4, 2)
    const other = await waiting({}, 1, 3)
    const done = consumeAll([...messagesOf(slow), ...messagesOf(other)])
    await vi.waitFor(async () => {
      expect((await all(other.world, other.made)).every(({ status }) => status === "DELIVERED")).toBe(true)
      expect((await receivedOf(slow)).reduce((sum, count) => sum + count, 0)).toBe(limits.webhookAttemptsPerOrganization)
    }, patience)
    expect(await underWay(slow)).toBe(limits.webhookAttemptsPerOrganization)
    expect(limits.webhookAttemptsPerOrganization).toBeLessThan(limits.webhookAttemptsAtOnce)
    await Promise.all(slow.made.map(({ there }) => there.set([{}])))
    await done
    expect((await all(slow.world, slow.made)).filter(({ status }) => status === "DELIVERED")).toHaveLength(4)
  })
})

test("INV-WHK-9: a burst to one endpoint is worked off two at a time, each delivery once", async () => {
  const busy = await waiting({}, 1, 20)
  await consumeAll(messagesOf(busy))
  const after = await all(busy.world, busy.made)
  expect(after.map(({ status, attempts }) => [status, attempts.length])).toEqual(Array.from({ length: 20 }, () => ["DELIVERED", 1]))
  expect(await receivedOf(busy)).toEqual([20])
})

test("INV-WHK-9: what is parked is found by the sweep, should nobody come back for it", async () => {
  const { world, made, deliveries } = await waiting({}, 1, 1)
  const [one] = deliveries
  const now = Date.now()
  await env.DB.prepare("update webhook_deliveries set parked_at = ?, due_at = ? where org_id = ? and id = ?")
    .bind(now, now, world.org.id, one?.id ?? "")
    .run()
  const sent: QueueMessage[] = []
  const WEBHOOKS = {
    sendBatch: async (messages: Iterable<{ body: QueueMessage }>) => sent.push(...Array.from(messages, ({ body }) => body)),
  }
  await wakeDeliveries({ ...env, WEBHOOKS } as unknown as Bindings, new Meter(), now)
  await consumeAll(sent.filter((body) => body.kind === "delivery" && body.org_id === world.org.id))
  expect((await all(world, made)).map(({ status }) => status)).toEqual(["DELIVERED"])
  const row = await env.DB.prepare("select parked_at, leased_until from webhook_deliveries where org_id = ?").bind(world.org.id).first()
  expect(row).toEqual({ parked_at: null, leased_until: null })
})
