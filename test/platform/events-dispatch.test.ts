import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { sql } from "drizzle-orm"
import { beforeAll, describe, expect, test } from "vitest"
import { newId, type OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { minute } from "../../src/kernel/time.ts"
import { compile } from "../../src/platform/db/executor.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings, QueueMessage } from "../../src/platform/env.ts"
import { consume } from "../../src/platform/events/consume.ts"
import { consumeDeadLetters, deadLetterQueue, replayLetter } from "../../src/platform/events/dead-letters.ts"
import { dispatch } from "../../src/platform/events/dispatch.ts"
import type { StoredEvent, Subscriber } from "../../src/platform/events/subscriber.ts"
import { sweepEvents } from "../../src/platform/events/sweep.ts"
import type { DeadLetterRow } from "../../src/platform/events/tables.ts"
import { D1Faults } from "../support/d1-faults.ts"
import { happen } from "../support/events.ts"
import { quiet } from "../support/ledger.ts"

quiet()

// What a subscriber writes: a row a time, so that a second time shows.
beforeAll(async () => {
  await env.DB.exec("create table told (subscriber text not null, event_id text not null)")
})

const organization = () => newId("org", Date.now())

type Faults = { readonly plan?: (event: StoredEvent) => void; readonly sql?: (event: StoredEvent) => string | undefined }

/** One that writes each event down every time it is committed. */
function scribe(name: string, faults: Faults = {}): Subscriber & { readonly woken: string[] } {
  const woken: string[] = []
  return {
    name,
    woken,
    plan: async (_env, _meter, events) =>
      events.map((event) => {
        faults.plan?.(event)
        const faulty = faults.sql?.(event)
        return faulty === undefined
          ? compile(sql`insert into told (subscriber, event_id) values (${name}, ${event.id})`)
          : { sql: faulty, params: [] }
      }),
    afterwards: async (_env, events) => void woken.push(...events.map(({ id }) => id)),
  }
}

const toldTo = async (name: string): Promise<string[]> => {
  const { results } = await env.DB.prepare("select event_id from told where subscriber = ? order by rowid")
    .bind(name)
    .all<{ event_id: string }>()
  return results.map(({ event_id: id }) => id)
}

const lettersOf = async (orgId: string) => {
  const { results } = await env.DB.prepare("select * from dead_letters where instr(body, ?) > 0 order by id").bind(orgId).all()
  return results
}

let subscribers = 0
const fresh = (word: string) => `${word}-${(subscribers += 1)}`

const run = (orgId: OrganizationId, who: readonly Subscriber[], now = Date.now()) => dispatch(env, new Meter(), orgId, who, now)

describe("INV-EVT-2: each event is written once by each subscriber, in order", () => {
  test("over several batches, with all that is known of it", async () => {
    const orgId = organization()
    const [one, other] = [scribe(fresh("one")), scribe(fresh("other"))]
    const ids = await happen(orgId, 3 * limits.dispatchEventsMax + 1)
    expect(await run(orgId, [one, other])).toBe(false)
    for (const subscriber of [one, other]) {
      expect(await toldTo(subscriber.name)).toEqual(ids)
      expect(subscriber.woken).toEqual(ids)
    }
    expect(await run(orgId, [one, other])).toBe(false)
    expect(await toldTo(one.name)).toHaveLength(ids.length)
  })

  test("by many consumers at once", async () => {
    const orgId = organization()
    const one = scribe(fresh("one"))
    const ids = await happen(orgId, 130)
    await Promise.all(Array.from({ length: 8 }, () => run(orgId, [one])))
    expect(await toldTo(one.name)).toEqual(ids)
  })

  test("when more come while it is done", async () => {
    const orgId = organization()
    const one = scribe(fresh("one"))
    const ids: string[] = []
    for (let round = 0; round < 10; round += 1) {
      const [made] = await Promise.all([happen(orgId, 7), run(orgId, [one]), run(orgId, [one])])
      ids.push(...made)
    }
    await run(orgId, [one])
    expect(await toldTo(one.name)).toEqual(ids)
  })

  test("also when the answer to the commit is lost, and then the others are woken all the same", async () => {
    const orgId = organization()
    const one = scribe(fresh("one"))
    const ids = await happen(orgId, 3)
    const prototype = Object.getPrototypeOf(env.DB) as { batch: D1Database["batch"] }
    const real = prototype.batch
    let isLost = false
    prototype.batch = async function <T>(this: D1Database, statements: D1PreparedStatement[]) {
      const results = await real.call(this, statements)
      if (!isLost && statements.length > 2) {
        isLost = true
        throw new Error("D1_ERROR: Network connection lost.")
      }
      return results as D1Result<T>[]
    }
    try {
      await run(orgId, [one])
    } finally {
      prototype.batch = real
    }
    expect(isLost).toBe(true)
    expect(await toldTo(one.name)).toEqual(ids)
    expect(one.woken).toEqual(ids)
  })

  test("with the database failing at random, every event reaches every subscriber", async () => {
    const orgs = [organization(), organization(), organization()]
    const [one, other] = [scribe(fresh("one")), scribe(fresh("other"))]
    const made = new Map<string, string[]>()
    for (const orgId of orgs) made.set(orgId, await happen(orgId, 70))
    {
      const prototype = Object.getPrototypeOf(env.DB) as { batch: D1Database["batch"] }
      const real = prototype.batch
      prototype.batch = async function <T>(this: D1Database, statements: D1PreparedStatement[]) {
        if (Math.random() < 0.3) throw new Error("D1_ERROR: Network connection lost.")
        const results = await real.call(this, statements)
        if (Math.random() < 0.2) throw new Error("D1_ERROR: internal error; reference = 4711")
        return results as D1Result<T>[]
      }
      try {
        for (let attempt = 0; attempt < 12; attempt += 1)
          await Promise.allSettled(orgs.flatMap((orgId) => [run(orgId, [one, other]), run(orgId, [one, other])]))
      } finally {
        prototype.batch = real
      }
    }
    await Promise.all(orgs.map((orgId) => run(orgId, [one, other])))
    for (const subscriber of [one, other]) {
      const told = await toldTo(subscriber.name)
      for (const orgId of orgs) expect(told.filter((id) => made.get(orgId)?.includes(id))).toEqual(made.get(orgId))
    }
    for (const orgId of orgs) expect(await lettersOf(orgId)).toEqual([])
  })
})

describe("INV-EVT-3: an event that a subscriber fails at", () => {
  test.each([
    ["in its plan", { plan: true }],
    ["in its statement", { sql: true }],
  ])("%s holds up neither the others nor the other subscribers, and is tried again", async (_, where) => {
    const orgId = organization()
    const ids = await happen(orgId, 41)
    const bad = ids[17]
    let isMended = false
    const isPoison = ({ id }: StoredEvent) => id === bad && !isMended
    const inPlan = (event: StoredEvent): void => {
      if (isPoison(event)) throw new TypeError("total is not a number")
    }
    const inStatement = (event: StoredEvent) => (isPoison(event) ? "insert into told (subscriber, event_id) values ('x', null)" : undefined)
    const fussy = scribe(fresh("fussy"), "plan" in where ? { plan: inPlan } : { sql: inStatement })
    const good = scribe(fresh("good"))
    const now = Date.now()
    await run(orgId, [fussy, good], now)
    expect((await toldTo(good.name)).sort()).toEqual([...ids].sort())
    expect(await toldTo(fussy.name)).toEqual(ids.filter((id) => id !== bad))
    // Not before its pause is over, however often the queue says so.
    isMended = true
    await run(orgId, [fussy, good], now + 1_000)
    expect(await toldTo(fussy.name)).toHaveLength(40)
    await run(orgId, [fussy, good], now + minute)
    expect((await toldTo(fussy.name)).at(-1)).toBe(bad)
    await run(orgId, [fussy, good], now + 60 * minute)
    expect(await toldTo(fussy.name)).toHaveLength(41)
    expect(await toldTo(good.name)).toHaveLength(41)
    expect(await lettersOf(orgId)).toEqual([])
  })

  test("INV-EVT-4: for good becomes one dead letter after five tries; two at once make no second", async () => {
    const orgId = organization()
    const [bad, ...rest] = await happen(orgId, 3)
    const fussy = scribe(fresh("fussy"), {
      plan: ({ id }) => {
        if (id === bad) throw new TypeError("total is not a number")
      },
    })
    let now = Date.now()
    for (let attempt = 0; attempt < limits.retryFailuresMax + 2; attempt += 1) {
      await Promise.all([run(orgId, [fussy], now), run(orgId, [fussy], now)])
      now += 30 * minute
    }
    expect(await toldTo(fussy.name)).toEqual(rest)
    const letters = await lettersOf(orgId)
    expect(letters).toHaveLength(1)
    expect(letters[0]).toMatchObject({
      attempts: limits.retryFailuresMax,
      error: "TypeError: total is not a number",
      status: "WAITING",
      body: JSON.stringify({ kind: "event", org_id: orgId, event_id: bad, subscriber: fussy.name }),
    })
    const { results } = await env.DB.prepare("select * from event_retries where org_id = ?").bind(orgId).all()
    expect(results).toEqual([])
  })
})

describe("INV-EVT-5: the sweep", () => {
  type Sent = { readonly env: Bindings; readonly orgs: string[] }
  function counting(isDown = false): Sent {
    const orgs: string[] = []
    const EVENTS = {
      sendBatch: async (messages: Iterable<{ body: { org_id: string } }>) => {
        if (isDown) throw new Error("the queue is away")
        for (const { body } of messages) orgs.push(body.org_id)
      },
    }
    return { env: { ...env, EVENTS } as unknown as Bindings, orgs }
  }
  const later = () => Date.now() + minute
  const caughtUp = async () => {
    await env.DB.exec("update event_laggards set look_at = 0")
    const sent = counting()
    await sweepEvents(sent.env, new Meter(), later())
    for (const orgId of sent.orgs) await run(orgId as OrganizationId, [])
    await env.DB.exec("update event_laggards set look_at = 0")
    await sweepEvents(counting().env, new Meter(), later())
  }

  test("queues organizations whose message was lost, and none that had theirs, or whose events are young", async () => {
    await caughtUp()
    const [late, done, young] = [organization(), organization(), organization()]
    await happen(late, 3)
    await happen(done, 3)
    await run(done, [])
    await happen(young, 1, { at: Date.now() + 10 * minute })
    const sent = counting()
    await sweepEvents(sent.env, new Meter(), later())
    expect(sent.orgs).toEqual([late])
    const again = counting()
    await sweepEvents(again.env, new Meter(), later() + minute)
    expect(again.orgs).toEqual([late])
    await run(late, [])
    const last = counting()
    await sweepEvents(last.env, new Meter(), later() + 2 * minute)
    expect(last.orgs).toEqual([])
    await sweepEvents(last.env, new Meter(), later() + 20 * minute)
    expect(last.orgs).toEqual([young])
    await run(young, [])
  })

  test("sees past an organization that stays behind, and reads little once all is done", async () => {
    await caughtUp()
    const stuck = organization()
    await happen(stuck, 1)
    const others = Array.from({ length: 30 }, organization)
    for (const orgId of others) await happen(orgId, 40)
    const sent = counting()
    await sweepEvents(sent.env, new Meter(), later())
    expect(sent.orgs.sort()).toEqual([stuck, ...others].sort())
    for (const orgId of others) await run(orgId, [])
    const next = counting()
    await sweepEvents(next.env, new Meter(), later() + minute)
    expect(next.orgs).toEqual([stuck])
    await run(stuck, [])
    await sweepEvents(counting().env, new Meter(), later() + 2 * minute)
    const meter = new Meter()
    await sweepEvents(counting().env, meter, later() + 3 * minute)
    expect(meter.cost.d1RowsRead).toBeLessThanOrEqual(10)
  })

  test("finds others' events beside an organization that always fails, however much happens to that one", async () => {
    await caughtUp()
    const [stuck, before, after] = [organization(), organization(), organization()]
    await happen(stuck, 1)
    await happen(before, 1)
    const down = scribe(fresh("down"), {
      plan: () => {
        throw new Error("D1_ERROR: Network connection lost.")
      },
    })
    await expect(run(stuck, [down])).rejects.toThrow(/lost/)
    // More than one sweep looks at.
    const many = limits.sweepRowsMax * limits.sweepRoundsMax
    await env.DB.prepare(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i <= ?)
       insert into events (org_id, id, type, permission, data, at) select ?, 'evt_stuck_' || i, 'order.accepted', 'orders.order.read', '{}', 0 from n`,
    )
      .bind(many, stuck)
      .run()
    await happen(after, 1)
    const [first, second] = [counting(), counting()]
    await sweepEvents(first.env, new Meter(), later())
    expect(first.orgs.sort()).toEqual([stuck, before].sort())
    await run(before, [])
    await expect(run(stuck, [down])).rejects.toThrow(/lost/)
    await sweepEvents(second.env, new Meter(), later() + minute)
    expect(second.orgs.sort()).toEqual([stuck, after].sort())
    await run(after, [])
    await env.DB.prepare("delete from events where org_id = ?").bind(stuck).run()
    await caughtUp()
  })

  test("does not step over what it could not queue", async () => {
    await caughtUp()
    const orgId = organization()
    await happen(orgId, 1)
    await expect(sweepEvents(counting(true).env, new Meter(), later())).rejects.toThrow(/away/)
    const sent = counting()
    await sweepEvents(sent.env, new Meter(), later())
    expect(sent.orgs).toEqual([orgId])
    await run(orgId, [])
  })

  test("queues what is to be given again, when its time has come", async () => {
    await caughtUp()
    const orgId = organization()
    await happen(orgId, 1)
    const fussy = scribe(fresh("fussy"), {
      plan: () => {
        throw new TypeError("no")
      },
    })
    const now = Date.now()
    await run(orgId, [fussy], now)
    const [soon, after] = [counting(), counting()]
    await sweepEvents(soon.env, new Meter(), now + 1_000)
    await sweepEvents(after.env, new Meter(), now + minute)
    expect([soon.orgs, after.orgs]).toEqual([[], [orgId]])
    await run(orgId, [scribe(fussy.name)], now + minute)
  })
})

describe("the queue's consumer", () => {
  const deliver = async (queue: string, bodies: readonly unknown[], subscribersOf: readonly Subscriber[] = []) => {
    const messages = bodies.map((body, index) => ({ id: `m${index}`, timestamp: new Date(1_000), attempts: 6, body: body as QueueMessage }))
    const batch = createMessageBatch<QueueMessage>(queue, messages)
    if (queue === deadLetterQueue) await consumeDeadLetters(batch, env)
    else
      await consume(batch, env, {
        subscribers: subscribersOf,
        mails: async () => undefined,
        delivery: async () => {
          throw new Error("the target is away")
        },
      })
    return getQueueResult(batch, createExecutionContext())
  }

  test("hands out an organization's events once for all messages of a batch that name it", async () => {
    const orgId = organization()
    const one = scribe(fresh("one"))
    const ids = await happen(orgId, 5)
    using faults = new D1Faults()
    const result = await deliver(
      "waybill-events",
      Array.from({ length: 20 }, () => ({ kind: "events", org_id: orgId })),
      [one],
    )
    expect(result.explicitAcks).toHaveLength(20)
    expect(faults.batches).toBeLessThanOrEqual(4)
    expect(await toldTo(one.name)).toEqual(ids)
  })

  test("has a message given again whose handler fails, and no other with it", async () => {
    const result = await deliver("waybill-events", [
      { kind: "mails", org_id: "org_x" },
      { kind: "delivery", org_id: "org_x", delivery_id: "dlv_x" },
    ])
    expect(result.explicitAcks).toEqual(["m0"])
    expect(result.retryMessages).toEqual([expect.objectContaining({ msgId: "m1" })])
  })

  test("INV-EVT-4: what the queue gave up is written down once, though told of twice, whatever it holds", async () => {
    const word = crypto.randomUUID()
    const bodies = [
      { kind: "delivery", org_id: word, delivery_id: "dlv_1" },
      { from: "the future", word },
    ]
    for (let time = 0; time < 2; time += 1) expect((await deliver(deadLetterQueue, bodies)).explicitAcks).toEqual(["m0", "m1"])
    const letters = await lettersOf(word)
    expect(letters).toHaveLength(2)
    expect(letters.map(({ queue }) => queue).sort()).toEqual(["waybill-events", "waybill-webhooks"])
    expect(letters[0]).toMatchObject({ attempts: 6, error: null, status: "WAITING", first_seen_at: 1_000 })
  })

  test("INV-EVT-6: a dead letter goes back to the queue that its kind comes by", async () => {
    const sent: string[] = []
    const queue = (name: string) => ({ send: async ({ kind }: QueueMessage) => void sent.push(`${kind} by ${name}`) })
    const bindings = { ...env, EVENTS: queue("events"), WEBHOOKS: queue("webhooks") } as unknown as Bindings
    for (const kind of ["delivery", "mails"]) {
      await replayLetter(bindings, new Meter(), { body: { kind, org_id: "org_z", delivery_id: "dlv_z" } } as DeadLetterRow, Date.now())
    }
    expect(sent).toEqual(["delivery by webhooks", "mails by events"])
  })

  test("INV-EVT-4: while the database is away dead letters wait", async () => {
    using faults = new D1Faults()
    faults.fail()
    const result = await deliver(deadLetterQueue, [{ kind: "mails", org_id: "org_y" }])
    expect(result.explicitAcks).toEqual([])
    expect(result.retryMessages).toEqual([expect.objectContaining({ msgId: "m0" })])
  })
})
