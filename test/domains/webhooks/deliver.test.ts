import { env } from "cloudflare:workers"
import { Webhook } from "standardwebhooks"
import { describe, expect, test } from "vitest"
import { cleanUpWebhooks, deliver, wakeDeliveries, webhooksSubscriber } from "../../../src/domains/webhooks/index.ts"
import { type DeliveryId, newId, type OrganizationId } from "../../../src/kernel/ids.ts"
import { day, hour, minute, second } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import type { Bindings, QueueMessage } from "../../../src/platform/env.ts"
import { D1Faults } from "../../support/d1-faults.ts"
import type { Step } from "../../support/webhook-server.ts"
import { attempt, deliveriesOf, handOut, happen, target, webhook } from "../../support/webhooks.ts"
import { api, auditOf, eventsOf, signUp, type World } from "../../support/world.ts"

const eventId = () => newId("evt", Date.now())

/** An organization whose webhook, on that server, has one delivery waiting. */
async function waiting(script: readonly Step[] = [], data: unknown = { id: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq", total: "5.99" }) {
  const world = await signUp()
  const there = await target(...script)
  const made = await webhook(world, there.url, ["order.accepted"])
  const event = eventId()
  await happen(world.org.id, event, data)
  await handOut(world.org.id)
  const now = async () => {
    const [delivery] = await deliveriesOf(world, made.id)
    if (delivery === undefined) throw new Error("no delivery")
    return delivery
  }
  return { world, there, made, event, orgId: world.org.id, id: (await now()).id, now }
}

const hookOf = async ({ token }: World, id: string) => {
  const { body } = await api("GET", "/webhooks", { token })
  return body.data.find((one: { id: string }) => one.id === id)
}

/** Tries until nothing more is scheduled, each attempt at the time it is due. How long that took, in milliseconds. */
async function tryAll({ now, orgId, id }: Awaited<ReturnType<typeof waiting>>, attemptsMax = 40): Promise<number> {
  const start = Date.now()
  let at = start
  for (let count = 0; count < attemptsMax; count += 1) {
    await attempt(orgId, id, at)
    const { next_attempt_at } = await now()
    if (next_attempt_at === null) break
    at = Math.max(at + 1, Date.parse(next_attempt_at))
  }
  return at - start
}

/** The queue as a list. */
function withQueue() {
  const sent: Array<{ body: QueueMessage; delay: number }> = []
  const WEBHOOKS = {
    sendBatch: async (messages: Iterable<{ body: QueueMessage }>, options?: { delaySeconds?: number }) => {
      for (const { body } of messages) sent.push({ body, delay: options?.delaySeconds ?? 0 })
    },
  }
  return { sent, bindings: { ...env, WEBHOOKS } as unknown as Bindings }
}

describe("a delivery", () => {
  test("is one signed POST that Standard Webhooks' own verifier takes, and the log says how it went", async () => {
    const { there, made, event, orgId, id, now } = await waiting()
    expect(await now()).toMatchObject({ status: "PENDING", attempts: [], event_id: event })
    await attempt(orgId, id)
    const [request, ...others] = await there.received()
    expect(others).toEqual([])
    expect(request?.headers).toMatchObject({ "webhook-id": event, "content-type": "application/json" })
    expect(new Webhook(made.secret).verify(request?.body ?? "", request?.headers ?? {})).toEqual({
      type: "order.accepted",
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: { id: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq", total: "5.99" },
    })
    expect(() => new Webhook(made.secret).verify(`${request?.body} `, request?.headers ?? {})).toThrow()
    expect(await now()).toMatchObject({
      status: "DELIVERED",
      failure_reason: null,
      next_attempt_at: null,
      finished_at: expect.any(String),
      attempts: [{ status: 200, error: null, duration_ms: expect.any(Number), answer: null }],
    })
    await attempt(orgId, id)
    expect(await there.received()).toHaveLength(1)
  })

  test("costs two trips to D1 beside the request", async () => {
    const { orgId, id } = await waiting()
    const meter = new Meter()
    await deliver(env, meter, orgId as OrganizationId, id as DeliveryId, Date.now())
    expect(meter.cost.d1Trips).toBe(2)
    expect(meter.cost.d1RowsRead).toBeLessThanOrEqual(30)
    expect(meter.cost.d1RowsWritten).toBeLessThanOrEqual(8)
  })

  test("INV-WHK-1: there is one for an event and an endpoint, however often the event is handed out", async () => {
    const { world, made, orgId } = await waiting()
    await handOut(orgId)
    await Promise.all([handOut(orgId), handOut(orgId)])
    expect(await deliveriesOf(world, made.id)).toHaveLength(1)
  })

  test("INV-WHK-2: of many who try at once, one sends", async () => {
    const { there, orgId, id, now } = await waiting()
    const at = Date.now()
    await Promise.all(Array.from({ length: 8 }, () => attempt(orgId, id, at)))
    expect(await there.received()).toHaveLength(1)
    expect((await now()).attempts).toHaveLength(1)
  })

  test("wakes by a message as soon as it is planned, in batches that the queue takes", async () => {
    const { world, made, orgId } = await waiting()
    for (let count = 0; count < 120; count += 1) await happen(orgId, eventId())
    const events = await handOut(orgId)
    const { sent, bindings } = withQueue()
    await webhooksSubscriber.afterwards?.(bindings, events)
    const ids = sent.map(({ body }) => (body.kind === "delivery" ? body.delivery_id : ""))
    expect(new Set(ids).size).toBe(121)
    expect(ids).toEqual(expect.arrayContaining((await deliveriesOf(world, made.id, "?limit=100")).map(({ id }) => id)))
  })
})

describe("a failed attempt", () => {
  test("is followed by nine more over three days, then the delivery has failed", async () => {
    const there = await waiting([{ status: 503, body: "try later" }])
    const took = await tryAll(there)
    const { status, failure_reason, attempts } = await there.now()
    expect({ status, failure_reason }).toEqual({ status: "FAILED", failure_reason: "EXHAUSTED" })
    expect(attempts).toHaveLength(10)
    expect(attempts.every(({ status, error, answer }) => status === 503 && error === "STATUS" && answer === "try later")).toBe(true)
    expect(took).toBeGreaterThan(3 * day)
    expect(took).toBeLessThan(4 * day)
    const waits = attempts.slice(1).map(({ at }, index) => Date.parse(at) - Date.parse(attempts[index]?.at ?? ""))
    expect(waits[0]).toBeGreaterThanOrEqual(5 * second)
    expect(waits[0]).toBeLessThan(minute)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(24 * hour)
    const received = await there.there.received()
    expect(received).toHaveLength(10)
    expect(new Set(received.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([there.event]))
    expect(new Set(received.map(({ body }) => body)).size).toBe(1)
    expect(await hookOf(there.world, there.made.id)).toMatchObject({ status: "ACTIVE", failing_since: expect.any(String) })
  })

  test("comes again by the queue within a minute, by the sweep later", async () => {
    const { orgId, id, now } = await waiting([{ status: 500 }])
    const { sent, bindings } = withQueue()
    const start = Date.now()
    await attempt(orgId, id, start, { bindings })
    expect(sent).toEqual([{ body: { kind: "delivery", org_id: orgId, delivery_id: id }, delay: 5 }])
    await attempt(orgId, id, Date.parse((await now()).next_attempt_at ?? ""), { bindings })
    expect(sent).toHaveLength(1)
    const third = Date.parse((await now()).next_attempt_at ?? "")
    const mine = async (at: number) => {
      sent.length = 0
      await wakeDeliveries(bindings, new Meter(), at)
      return sent.filter(({ body }) => body.kind === "delivery" && body.delivery_id === id)
    }
    expect(await mine(third - minute)).toEqual([])
    expect(await mine(third)).toHaveLength(1)
    expect(await mine(third + second)).toEqual([])
    expect(await mine(third + 3 * minute)).toHaveLength(1)
  })

  test("of a message that was lost is found by the sweep", async () => {
    const { orgId, id } = await waiting()
    const { sent, bindings } = withQueue()
    await wakeDeliveries(bindings, new Meter(), Date.now() + 3 * minute)
    expect(sent).toContainEqual({ body: { kind: "delivery", org_id: orgId, delivery_id: id }, delay: 0 })
  })

  test.each<[string, Step, object]>([
    ["a redirect is not followed", { status: 302, headers: { location: "/hook/elsewhere" } }, { status: 302, error: "REDIRECT" }],
    ["a 404", { status: 404 }, { status: 404, error: "STATUS", answer: null }],
    ["no answer in time", { trouble: "hang" }, { status: null, error: "TIMEOUT" }],
    ["a connection that breaks", { trouble: "reset" }, { status: null, error: "UNREACHABLE" }],
    ["an endless body is left after its beginning", { status: 500, trouble: "flood" }, { status: 500, answer: "x".repeat(300) }],
    [
      "a body that drips has the same time as the rest",
      { status: 500, trouble: "drip" },
      { status: 500, answer: expect.stringMatching(/^x+$/) },
    ],
    ["control characters in an answer", { status: 500, body: "a\u0000\u001b[31mb\r\nc" }, { answer: "a [31mb c" }],
  ])("is noted for what it was: %s", async (_, step, noted) => {
    const { there, orgId, id, now } = await waiting([step])
    const started = Date.now()
    await attempt(orgId, id, started, { timeoutMs: 800 })
    expect(Date.now() - started).toBeLessThan(20_000)
    expect(await now()).toMatchObject({ status: "PENDING", attempts: [noted] })
    expect(await there.received()).toHaveLength(1)
  })

  test("where nobody listens is noted too", async () => {
    const world = await signUp()
    const made = await webhook(world, "http://127.0.0.1:9/nobody", ["webhook.created"])
    await handOut(world.org.id)
    const [delivery] = await deliveriesOf(world, made.id)
    await attempt(world.org.id, delivery?.id ?? "")
    expect(await deliveriesOf(world, made.id)).toMatchObject([{ status: "PENDING", attempts: [{ status: null, error: "UNREACHABLE" }] }])
  })

  test("an endless answer that is a success delivers", async () => {
    const { orgId, id, now } = await waiting([{ status: 200, trouble: "flood" }])
    await attempt(orgId, id)
    expect(await now()).toMatchObject({ status: "DELIVERED", attempts: [{ status: 200, answer: null }] })
  })

  test("of a target that fails at random ends in each event being there, and the log tells the truth", async () => {
    const world = await signUp()
    const troubles: Step[] = [
      { status: 500 },
      { trouble: "reset" },
      { status: 429 },
      { status: 301 },
      { status: 200 },
      { status: 503 },
      { status: 204 },
    ]
    const there = await target(...Array.from({ length: 60 }, (_, index) => troubles[(index * 5 + (index % 3)) % troubles.length] ?? {}), {})
    const made = await webhook(world, there.url, ["order.accepted"])
    const ids = Array.from({ length: 12 }, eventId)
    for (const id of ids) await happen(world.org.id, id)
    await handOut(world.org.id)
    let at = Date.now()
    for (let round = 0; round < 60; round += 1) {
      const pending = (await deliveriesOf(world, made.id)).filter(({ status }) => status === "PENDING")
      if (pending.length === 0) break
      at = Math.max(at, Math.min(...pending.map(({ next_attempt_at }) => Date.parse(next_attempt_at ?? ""))))
      await Promise.all(pending.map(({ id }) => attempt(world.org.id, id, at)))
      at += second
    }
    const received = await there.received()
    const arrived = received.filter(({ answered }) => answered !== null && answered < 300).map(({ headers }) => headers["webhook-id"])
    expect(new Set(arrived)).toEqual(new Set(ids))
    for (const delivery of await deliveriesOf(world, made.id)) {
      expect(delivery.status).toBe("DELIVERED")
      const answers = received.filter(({ headers }) => headers["webhook-id"] === delivery.event_id).map(({ answered }) => answered)
      expect(delivery.attempts.map(({ status }) => status)).toEqual(answers)
    }
  })
})

describe("when something breaks here", () => {
  test("INV-WHK-2: a crash between the request and its note sends the event again, under the same webhook-id", async () => {
    const { there, event, orgId, id, now } = await waiting([{ delayMs: 500 }, {}])
    const start = Date.now()
    {
      using faults = new D1Faults()
      const sending = attempt(orgId, id, start)
      while ((await there.received()).length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      faults.fail()
      await expect(sending).rejects.toThrow("Network connection lost")
      expect(faults.failed).toBeGreaterThanOrEqual(3)
    }
    expect(await now()).toMatchObject({ status: "PENDING", attempts: [{ status: null, error: null, duration_ms: null }] })
    await attempt(orgId, id, start + second)
    expect(await there.received()).toHaveLength(1)
    await attempt(orgId, id, start + 61 * second)
    expect(await now()).toMatchObject({ status: "DELIVERED", attempts: [{ status: null, error: null }, { status: 200 }] })
    expect((await there.received()).map(({ headers }) => headers["webhook-id"])).toEqual([event, event])
  })

  test("an attempt whose end nobody saw stands in the log, and the lease keeps others out until it ends", async () => {
    const { there, event, orgId, id, now } = await waiting([{ trouble: "hang" }, {}])
    const start = Date.now()
    const lost = attempt(orgId, id, start, { timeoutMs: 2_000 })
    while ((await there.received()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await now()).attempts).toMatchObject([{ status: null, error: null, duration_ms: null }])
    await attempt(orgId, id, start + 30 * second)
    expect(await there.received()).toHaveLength(1)
    // The lease is over, and the first attempt still is not: the second one goes out and is what counts.
    await attempt(orgId, id, start + 61 * second)
    expect((await now()).status).toBe("DELIVERED")
    await lost
    expect(await now()).toMatchObject({ status: "DELIVERED", attempts: [{ error: "TIMEOUT" }, { status: 200 }] })
    expect((await there.received()).map(({ headers }) => headers["webhook-id"])).toEqual([event, event])
  })

  test("D1 that fails before the request has the queue try again, and nothing was sent", async () => {
    const { there, orgId, id, now } = await waiting()
    {
      using faults = new D1Faults()
      faults.fail()
      await expect(attempt(orgId, id)).rejects.toThrow("Network connection lost")
    }
    expect(await there.received()).toEqual([])
    await attempt(orgId, id)
    expect((await now()).status).toBe("DELIVERED")
  })

  test("a queue that takes nothing fails nothing: the sweep comes later", async () => {
    const { orgId, id, now, world, made } = await waiting([{ status: 500 }])
    const bindings = { ...env, WEBHOOKS: { sendBatch: () => Promise.reject(new Error("the queue is away")) } } as unknown as Bindings
    await attempt(orgId, id, Date.now(), { bindings })
    expect((await now()).attempts).toHaveLength(1)
    await webhooksSubscriber.afterwards?.(bindings, await handOut(orgId))
    await api("PATCH", `/webhooks/${made.id}`, { token: world.token, body: { description: "still here" } })
  })
})

describe("an endpoint", () => {
  test("INV-WHK-7: is disabled by 410, with a trace and an event, and what waits for it ends", async () => {
    const { world, made, orgId, id, now } = await waiting([{ status: 410 }])
    await happen(orgId, eventId())
    await handOut(orgId)
    await attempt(orgId, id)
    const deliveries = await deliveriesOf(world, made.id)
    expect(deliveries.find((one) => one.id === id)).toMatchObject({ status: "FAILED", failure_reason: "GONE", attempts: [{ status: 410 }] })
    expect(await hookOf(world, made.id)).toMatchObject({ status: "DISABLED", disabled_reason: "GONE", version: 2 })
    expect((await auditOf(orgId)).map(({ action }) => action)).toContain("webhooks.endpoint.disable")
    expect(await eventsOf(orgId)).toContain("webhook.disabled")
    const other = deliveries.find((one) => one.id !== id)
    await attempt(orgId, other?.id ?? "")
    expect((await deliveriesOf(world, made.id)).find((one) => one.id === other?.id)).toMatchObject({
      status: "FAILED",
      failure_reason: "WEBHOOK_DISABLED",
      attempts: [],
    })
    await happen(orgId, eventId())
    await handOut(orgId)
    expect(await deliveriesOf(world, made.id)).toHaveLength(2)
    expect((await now()).status).toBe("FAILED")
  })

  test("INV-WHK-7: is disabled once nothing reached it for five days", async () => {
    const { world, made, orgId, id } = await waiting([{ status: 500 }])
    const start = Date.now()
    await attempt(orgId, id, start)
    await happen(orgId, eventId())
    await handOut(orgId, undefined, start)
    const later = (await deliveriesOf(world, made.id)).find((one) => one.id !== id)?.id ?? ""
    await attempt(orgId, later, start + 4 * day)
    expect((await hookOf(world, made.id)).status).toBe("ACTIVE")
    await attempt(orgId, later, start + 5 * day + minute)
    expect(await hookOf(world, made.id)).toMatchObject({ status: "DISABLED", disabled_reason: "FAILING" })
    expect(await deliveriesOf(world, made.id)).toContainEqual(expect.objectContaining({ id: later, failure_reason: "WEBHOOK_DISABLED" }))
  })

  test("INV-WHK-6: that fails again and again is left alone for a while, and one success ends that", async () => {
    const { world, made, there, orgId } = await waiting([{ status: 500 }])
    for (let count = 0; count < 9; count += 1) await happen(orgId, eventId())
    const start = Date.now()
    await handOut(orgId, undefined, start)
    const all = await deliveriesOf(world, made.id)
    for (const { id } of all) await attempt(orgId, id, start)
    expect(await there.received()).toHaveLength(5)
    const putOff = (await deliveriesOf(world, made.id)).filter(({ attempts }) => attempts.length === 0)
    expect(putOff).toHaveLength(5)
    expect(putOff.every(({ next_attempt_at }) => Date.parse(next_attempt_at ?? "") >= start + 10 * second)).toBe(true)
    await there.set([{}])
    for (const { id } of putOff) await attempt(orgId, id, start + minute)
    expect(await there.received()).toHaveLength(10)
    expect((await hookOf(world, made.id)).failing_since).toBeNull()
    const retried = all.filter(({ id }) => !putOff.some((one) => one.id === id))
    for (const { id } of retried) await attempt(orgId, id, start + minute)
    expect((await deliveriesOf(world, made.id)).every(({ status }) => status === "DELIVERED")).toBe(true)
  })

  test("INV-WHK-6: costs no messages while it rests", async () => {
    const { made, orgId, id, now } = await waiting([{ status: 500 }])
    const start = Date.now()
    await env.DB.prepare("update webhook_endpoints set failures = 9, paused_until = ? where id = ?")
      .bind(start + hour, made.id)
      .run()
    const { sent, bindings } = withQueue()
    const mine = () => sent.filter(({ body }) => body.kind === "delivery" && body.org_id === orgId)
    await wakeDeliveries(bindings, new Meter(), start + 5 * minute)
    expect(mine()).toEqual([])
    expect(await now()).toMatchObject({ status: "PENDING", attempts: [], next_attempt_at: new Date(start + hour).toISOString() })
    await wakeDeliveries(bindings, new Meter(), start + hour)
    expect(mine()).toEqual([{ body: { kind: "delivery", org_id: orgId, delivery_id: id }, delay: 0 }])
  })

  test("INV-WHK-5: is not sent to where the deployment allows no such target, and says so", async () => {
    const { world, made, there, orgId, id } = await waiting()
    await attempt(orgId, id, Date.now(), { bindings: { ...env, WEBHOOK_PRIVATE_TARGETS: "false" } as Bindings })
    expect(await there.received()).toEqual([])
    expect(await hookOf(world, made.id)).toMatchObject({ status: "DISABLED", disabled_reason: "TARGET_REFUSED" })
    expect(await deliveriesOf(world, made.id)).toMatchObject([{ status: "FAILED", attempts: [{ status: null, error: "NOT_SENT" }] }])
  })

  test("INV-WHK-3: gets no event whose permission its editor lacks", async () => {
    const world = await signUp()
    const there = await target()
    const role = `hooks_${Date.now().toString(36)}`
    const permissions = ["webhooks.endpoint.manage", "webhooks.endpoint.read"]
    await api("POST", "/roles", { token: world.token, body: { name: role, permissions } })
    const key = await api("POST", "/api-keys", { token: world.token, body: { name: "Hooks", permissions } })
    const made = await api("POST", "/webhooks", { token: key.body.secret, body: { url: there.url, event_types: ["*"] } })
    expect(made.status).toBe(201)
    await happen(world.org.id, eventId())
    await handOut(world.org.id)
    const types = (await deliveriesOf(world, made.body.id)).map((one) => (one as unknown as { event_type: string }).event_type)
    expect(types).toEqual(["webhook.created"])
  })

  test("of a deactivated organization gets nothing, neither what waits nor what is new", async () => {
    const { world, made, there, orgId, id } = await waiting()
    await env.DB.prepare("update organizations set status = 'DEACTIVATED' where id = ?").bind(orgId).run()
    await attempt(orgId, id)
    await happen(orgId, eventId())
    await handOut(orgId)
    expect(await there.received()).toEqual([])
    expect(await deliveriesOf(world, made.id)).toMatchObject([
      { status: "FAILED", failure_reason: "ORGANIZATION_DEACTIVATED", attempts: [] },
    ])
  })

  test("that is gone takes its deliveries with it as their turns come", async () => {
    const { world, made, there, orgId, id } = await waiting()
    expect((await api("DELETE", `/webhooks/${made.id}`, { token: world.token })).status).toBe(204)
    await attempt(orgId, id)
    expect(await there.received()).toEqual([])
    expect(await env.DB.prepare("select count(*) as rows from webhook_deliveries where org_id = ?").bind(orgId).first("rows")).toBe(0)
  })
})

describe("INV-WHK-4: secrets", () => {
  test("both sign for a day after a rotation, then the new one alone", async () => {
    const { world, made, there, orgId, id } = await waiting()
    const rotated = await api("PATCH", `/webhooks/${made.id}`, { token: world.token, body: { rotate_secret: true } })
    expect(rotated.body.secret).toMatch(/^whsec_/)
    await attempt(orgId, id)
    await happen(orgId, eventId())
    const later = Date.now() + 25 * hour
    await handOut(orgId)
    const next = (await deliveriesOf(world, made.id)).find((one) => one.status === "PENDING")?.id ?? ""
    await attempt(orgId, next, later)
    const [during, after] = await there.received()
    for (const secret of [made.secret, rotated.body.secret]) {
      expect(new Webhook(secret).verify(during?.body ?? "", during?.headers ?? {})).toBeDefined()
    }
    const { "webhook-id": messageId = "", "webhook-timestamp": seconds = "", "webhook-signature": signature } = after?.headers ?? {}
    expect(signature).toBe(new Webhook(rotated.body.secret).sign(messageId, new Date(Number(seconds) * 1000), after?.body ?? ""))
  })

  test("stand in the database sealed, and open for their own endpoint alone", async () => {
    const { world, made, orgId, id } = await waiting()
    const other = await webhook(world, "http://127.0.0.1:9/other")
    const stored = await env.DB.prepare("select * from webhook_endpoints where org_id = ?").bind(orgId).all()
    expect(JSON.stringify(stored.results)).not.toContain(made.secret.slice(6))
    await env.DB.prepare("update webhook_endpoints set secrets = (select secrets from webhook_endpoints where id = ?) where id = ?")
      .bind(other.id, made.id)
      .run()
    await attempt(orgId, id)
    expect(await hookOf(world, made.id)).toMatchObject({ status: "DISABLED", disabled_reason: "SECRET_UNREADABLE" })
  })

  test("are sealed anew at night, so that a key may leave the ring", async () => {
    const { made, there, orgId, id } = await waiting()
    const [first = "", ...rest] = String(env.JWT_KEYS).split(",")
    const next = "night1:a-key-that-comes-after-the-others-0000000"
    const during = { ...env, JWT_KEYS: [next, first, ...rest].join(",") } as Bindings
    await cleanUpWebhooks(during, new Meter(), Date.now())
    const row = await env.DB.prepare("select secrets, sealed_by from webhook_endpoints where id = ?").bind(made.id).first()
    expect(row).toMatchObject({ sealed_by: "night1", secrets: expect.stringContaining('"night1.') })
    await attempt(orgId, id, Date.now(), { bindings: { ...env, JWT_KEYS: next } as Bindings })
    const [request] = await there.received()
    expect(new Webhook(made.secret).verify(request?.body ?? "", request?.headers ?? {})).toBeDefined()
    await cleanUpWebhooks(env as Bindings, new Meter(), Date.now())
  })
})

describe("INV-WHK-8: what is sent", () => {
  test.each([19_000, 30_000, 1_500_000])("is under 20 kB, also for %i characters of data", async (chars) => {
    const { there, made, event, orgId, id } = await waiting([], { id: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq", note: "ü".repeat(chars / 2) })
    await attempt(orgId, id)
    const [request] = await there.received()
    const payload = new Webhook(made.secret).verify(request?.body ?? "", request?.headers ?? {}) as { data: Record<string, unknown> }
    expect(new TextEncoder().encode(request?.body ?? "").byteLength).toBeLessThan(20_000)
    expect(payload.data["id"]).toBe("ord_01jd8x2y3zf4g5h6j7k8m9n0pq")
    if (chars > 20_000) {
      expect(payload.data).toEqual({
        id: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq",
        event_id: event,
        is_truncated: true,
        url: `http://waybill.test/api/v1/events/${event}`,
      })
    }
  })
})

test("deliveries are deleted thirty days after they ended, and those that wait never", async () => {
  const done = await waiting()
  await attempt(done.orgId, done.id)
  const open = await waiting()
  await cleanUpWebhooks(env as Bindings, new Meter(), Date.now() + 29 * day)
  expect((await done.now()).status).toBe("DELIVERED")
  await cleanUpWebhooks(env as Bindings, new Meter(), Date.now() + 31 * day)
  expect(await deliveriesOf(done.world, done.made.id)).toEqual([])
  expect((await open.now()).status).toBe("PENDING")
})
