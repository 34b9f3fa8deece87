import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test, vi } from "vitest"
import { announceEvents, endConnections, eventHubOf, type StreamWanted } from "../../../durable-objects/event-hub/client.ts"
import { newId, type OrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import type { Bindings } from "../../../src/platform/env.ts"
import { D1Faults } from "../../support/d1-faults.ts"
import { happen } from "../../support/events.ts"
import { quiet } from "../../support/ledger.ts"

quiet()

const organization = () => newId("org", Date.now())
const user = () => newId("usr", Date.now())
const stub = (orgId: OrganizationId) => env.EVENT_HUB.get(env.EVENT_HUB.idFromName(orgId))

type Listener = { readonly socket: WebSocket; text: string; code: number | undefined }

async function attach(orgId: OrganizationId, wanted: Partial<StreamWanted> = {}): Promise<Listener> {
  const socket = await eventHubOf(env, orgId).open({
    actorId: user(),
    afterSeq: 0,
    permissions: ["orders.order.read"],
    types: null,
    subjects: [],
    expiresAt: Date.now() + 60_000,
    ...wanted,
  })
  if (socket === undefined) throw new Error("refused")
  const listener: Listener = { socket, text: "", code: undefined }
  socket.addEventListener("message", ({ data }) => {
    listener.text += data
  })
  socket.addEventListener("close", ({ code }) => {
    listener.code = code
  })
  socket.accept()
  return listener
}

const idsIn = ({ text }: Listener): string[] => [...text.matchAll(/"id":"(evt_\w+)"/g)].map(([, id = ""]) => id)
const gets = (listener: Listener, ids: readonly string[]) => vi.waitFor(() => expect(idsIn(listener)).toEqual(ids), 20_000)

describe("a stream's socket", () => {
  test("INV-HUB-1: gets what lies after its own cursor, whatever others stand at", async () => {
    const orgId = organization()
    const ids = await happen(orgId, 250)
    const { results } = await env.DB.prepare("select seq from events where org_id = ? order by seq").bind(orgId).all<{ seq: number }>()
    const seqOf = (index: number) => results[index]?.seq ?? 0
    const places = [0, 17, 100, 249, 250]
    const listeners = await Promise.all(places.map((place) => attach(orgId, { afterSeq: place === 0 ? 0 : seqOf(place - 1) })))
    for (const [index, listener] of listeners.entries()) await gets(listener, ids.slice(places[index]))
    const more = await happen(orgId, 3)
    await Promise.all(Array.from({ length: 5 }, () => eventHubOf(env, orgId).poke()))
    for (const [index, listener] of listeners.entries()) await gets(listener, [...ids.slice(places[index]), ...more])
  })

  test("INV-HUB-1: loses nothing when it comes while the database is slow, or when the object is evicted", async () => {
    const orgId = organization()
    const ids = await happen(orgId, 5)
    const first = await attach(orgId)
    {
      using faults = new D1Faults()
      faults.delay(50)
      ids.push(...(await happen(orgId, 2)))
      const poked = eventHubOf(env, orgId).poke()
      const second = await attach(orgId)
      ids.push(...(await happen(orgId, 2)))
      await Promise.all([poked, eventHubOf(env, orgId).poke()])
      await gets(second, ids)
    }
    await gets(first, ids)
    for (let round = 0; round < 4; round += 1) {
      await evictDurableObject(stub(orgId), { webSockets: "hibernate" })
      ids.push(...(await happen(orgId, 2)))
      await eventHubOf(env, orgId).poke()
      await gets(first, ids)
    }
  })

  test("INV-HUB-2: is served by the alarm after a failure, the object evicted in between", async () => {
    const orgId = organization()
    const listener = await attach(orgId)
    const ids = await happen(orgId, 2)
    {
      using faults = new D1Faults()
      faults.fail()
      await eventHubOf(env, orgId).poke()
      await evictDurableObject(stub(orgId), { webSockets: "hibernate" })
    }
    await runDurableObjectAlarm(stub(orgId))
    await gets(listener, ids)
  })

  test("INV-HUB-3: many pokes at once read little more than one", async () => {
    const orgId = organization()
    await attach(orgId)
    await eventHubOf(env, orgId).poke()
    using faults = new D1Faults()
    faults.delay(20)
    await Promise.all(Array.from({ length: 100 }, () => eventHubOf(env, orgId).poke()))
    expect(faults.batches).toBeLessThan(20)
  })

  test("carries all that the largest reader is", async () => {
    const orgId = organization()
    const subjects = Array.from({ length: limits.rolesPerUserMax + 3 }, (_, index) => `${orgId}/${`role_${index}_`.padEnd(64, "x")}`)
    const types = Array.from({ length: limits.streamTypesMax }, (_, index) => `something.rather_long_happened_${index}`)
    const listener = await attach(orgId, { subjects, types: [...types, "order.accepted"] })
    const ids = await happen(orgId, 1)
    await eventHubOf(env, orgId).poke()
    await gets(listener, ids)
  })

  test("ends once its reader's token has expired, and gets nothing more", async () => {
    const orgId = organization()
    const listener = await attach(orgId, { expiresAt: Date.now() + 2_000 })
    await new Promise((resolve) => setTimeout(resolve, 2_050))
    await happen(orgId, 1)
    await eventHubOf(env, orgId).poke()
    await vi.waitFor(() => expect(listener.code).toBe(4001), 20_000)
    expect(listener.text).toBe("")
  })

  test("is refused beyond the organization's number", async () => {
    const orgId = organization()
    const listeners = []
    for (let index = 0; index < limits.streamsPerOrganizationMax; index += 1) listeners.push(await attach(orgId))
    await expect(attach(orgId)).rejects.toThrow("refused")
    await attach(organization())
    for (const { socket } of listeners) socket.close()
  }, 60_000)

  test("is opened by the Worker alone: without its header there is none", async () => {
    expect((await stub(organization()).fetch("https://event-hub/")).status).toBe(426)
  })
})

describe("a hub that nobody reads", () => {
  test("costs no trip to the database, and writes nothing", async () => {
    const orgId = organization()
    using faults = new D1Faults()
    await eventHubOf(env, orgId).poke()
    await eventHubOf(env, orgId).revoke([user()])
    expect(faults.batches).toBe(0)
    const tables = await runInDurableObject(stub(orgId), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    )
    expect(tables).toEqual([])
  })

  test("each call is counted as one object call", async () => {
    const meter = new Meter()
    await eventHubOf(env, organization(), meter).poke()
    expect(meter.cost).toMatchObject({ objectCalls: 1 })
  })
})

describe("INV-HUB-4: a revocation", () => {
  test("ends the streams that carry one of the subjects, and no other", async () => {
    const orgId = organization()
    const [one, other, third] = [user(), user(), user()]
    const listeners = await Promise.all([
      attach(orgId, { subjects: [one, "ses_1", orgId] }),
      attach(orgId, { subjects: [other, "ses_2", orgId, `${orgId}/packer`] }),
      attach(orgId, { subjects: [third, "ses_3", orgId] }),
    ])
    await endConnections(env, orgId, [one, `${orgId}/packer`])
    await vi.waitFor(() => expect(listeners.map(({ code }) => code)).toEqual([4003, 4003, undefined]), 20_000)
    await endConnections(env, orgId, [orgId])
    await vi.waitFor(() => expect(listeners.map(({ code }) => code)).toEqual([4003, 4003, 4003]), 20_000)
  })

  test("reaches the inbox of each user who is live, also when another's fails, and of nobody who left", async () => {
    const orgId = organization()
    const [here, broken, gone] = [user(), user(), user()]
    for (const userId of [here, broken, gone, here]) await eventHubOf(env, orgId).turn(userId, { turn: 1, isLive: true })
    await eventHubOf(env, orgId).turn(gone, { turn: 2, isLive: false })
    await evictDurableObject(stub(orgId))
    const told: Array<[string, readonly string[]]> = []
    const CHAT_INBOX = {
      idFromName: (name: string) => name,
      get: (name: string) => ({
        revoke: async (subjects: readonly string[]) => {
          if (name === broken) throw new Error("away")
          told.push([name, subjects])
        },
      }),
    }
    await runInDurableObject(stub(orgId), async (hub) => {
      const holder = hub as unknown as { env: Bindings; revoke(subjects: readonly string[]): Promise<void> }
      const real = holder.env
      holder.env = { ...real, CHAT_INBOX } as unknown as Bindings
      await holder.revoke([`${orgId}/packer`])
      await holder.revoke([gone])
      await holder.revoke([here])
      holder.env = real
    })
    expect(told).toEqual([
      [here, [`${orgId}/packer`]],
      [here, [here]],
    ])
  })
})

describe("INV-HUB-5: the roster", () => {
  const rosterOf = (orgId: OrganizationId) =>
    runInDurableObject(stub(orgId), (_, { storage }) => storage.sql.exec("SELECT user_id, turn, is_live FROM roster").toArray())

  test("keeps the later turn of a user's, in whichever order they come", async () => {
    const orgId = organization()
    const userId = user()
    const hub = eventHubOf(env, orgId)
    for (const [turn, isLive, kept] of [
      [2, false, [2, 0]],
      [1, true, [2, 0]],
      [5, true, [5, 1]],
      [4, false, [5, 1]],
      [5, true, [5, 1]],
      [6, false, [6, 0]],
    ] as const) {
      await hub.turn(userId, { turn, isLive })
      expect(await rosterOf(orgId)).toEqual([{ user_id: userId, turn: kept[0], is_live: kept[1] }])
    }
  })

  test("of before turns were counted counts as live, and gives way to the first turn", async () => {
    const orgId = organization()
    const userId = user()
    await runInDurableObject(stub(orgId), (_, { storage }) => {
      storage.sql.exec("CREATE TABLE _migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
      storage.sql.exec("INSERT INTO _migrations (id, name) VALUES (1, 'organization and roster')")
      storage.sql.exec("CREATE TABLE organization (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL)")
      storage.sql.exec("CREATE TABLE roster (user_id TEXT PRIMARY KEY) WITHOUT ROWID")
      storage.sql.exec("INSERT INTO roster (user_id) VALUES (?)", userId)
    })
    await evictDurableObject(stub(orgId))
    expect(await rosterOf(orgId)).toEqual([{ user_id: userId, turn: 0, is_live: 1 }])
    await eventHubOf(env, orgId).turn(userId, { turn: 1, isLive: false })
    expect(await rosterOf(orgId)).toEqual([{ user_id: userId, turn: 1, is_live: 0 }])
  })
})

describe("announcing", () => {
  test("never throws, whatever is away", async () => {
    const away = {
      EVENT_HUB: {
        idFromName: () => {
          throw new Error("away")
        },
      },
      EVENTS: { sendBatch: () => Promise.reject(new Error("away")) },
    } as unknown as Bindings
    await announceEvents(away, [organization()])
    await endConnections(away, organization(), ["usr_x"])
  })
})
