import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { callDirectory } from "../../../durable-objects/chat-directory/client.ts"
import { ChatRoom } from "../../../durable-objects/chat-room/chat-room.ts"
import type { Presence } from "../../../durable-objects/chat-room/client.ts"
import type { ConversationHead } from "../../../src/domains/chat/rules.ts"
import { newId, type OrganizationId, type UserId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { eventually, quiet } from "../../support/ledger.ts"

beforeAll(quiet)
afterEach(() => {
  vi.restoreAllMocks()
  quiet()
})

const stubOf = (orgId: OrganizationId) => env.CHAT_DIRECTORY.get(env.CHAT_DIRECTORY.idFromName(orgId))
const subscribe = (orgId: OrganizationId, until: number, id = newId("cnv", Date.now())) =>
  callDirectory(env, orgId, (directory) => directory.subscribe(orgId, id, until))
const turn = (orgId: OrganizationId, userId: UserId, n: number, isLive: boolean) =>
  callDirectory(env, orgId, (directory) => directory.turn(orgId, userId, { turn: n, isLive, at: n }))
const liveOf = async (orgId: OrganizationId) => (await subscribe(orgId, 0)).users.map(({ id }) => id)

/** What the directory still has to tell is due now. */
async function comeDue(orgId: OrganizationId): Promise<void> {
  await runInDurableObject(stubOf(orgId), async (_, { storage }) => {
    storage.sql.exec("UPDATE due SET at = 1")
    await storage.setAlarm(Date.now() + 3_600_000)
  })
  await runDurableObjectAlarm(stubOf(orgId))
}

describe("INV-DIR-1: what comes late or again changes nothing", () => {
  test("the newest turn of a user stands", async () => {
    const [orgId, userId] = [newId("org", Date.now()), newId("usr", Date.now())]
    await turn(orgId, userId, 2, false)
    await turn(orgId, userId, 1, true)
    expect(await liveOf(orgId)).toEqual([])
    await turn(orgId, userId, 3, true)
    await turn(orgId, userId, 3, false)
    expect(await liveOf(orgId)).toEqual([userId])
  })

  test("the furthest head of a conversation stands", async () => {
    const orgId = newId("org", Date.now())
    const head: ConversationHead = {
      id: newId("cnv", Date.now()),
      kind: "link",
      counterpart: { id: newId("org", Date.now()), name: "Other side" },
      maySend: true,
      version: 2,
      lastSeq: 5,
      lastAt: 50,
      lastMessage: null,
    }
    const says = (changes: Partial<ConversationHead>) => callDirectory(env, orgId, (directory) => directory.head({ ...head, ...changes }))
    await says({})
    await says({ lastSeq: 4, lastAt: 40 })
    await says({ version: 1, maySend: false })
    expect(await callDirectory(env, orgId, (directory) => directory.page({ after: undefined, rowsMax: 10 }))).toEqual([head])
    await says({ lastSeq: 6, lastAt: 60 })
    expect(await callDirectory(env, orgId, (directory) => directory.byIds([head.id]))).toEqual([{ ...head, lastSeq: 6, lastAt: 60 }])
  })
})

describe("INV-DIR-2: a room that subscribed", () => {
  test("hears of a change, later where it could not be reached, and of none once its subscription is over", async () => {
    const [orgId, userId] = [newId("org", Date.now()), newId("usr", Date.now())]
    const told = vi.spyOn(ChatRoom.prototype, "presence").mockRejectedValue(new Error("out of reach"))
    await subscribe(orgId, Date.now() + 600_000)
    await subscribe(orgId, 1)
    await turn(orgId, userId, 1, true)
    await eventually("a try", 25_000, async () => told.mock.calls.length > 0)
    const heard: Presence[] = []
    told.mockImplementation(async (news) => {
      heard.push(news)
    })
    await comeDue(orgId)
    await eventually("the news", 25_000, async () => heard.length > 0)
    expect(heard.map(({ users }) => users.map(({ id }) => id))).toEqual([[userId]])
    const left = await runInDurableObject(stubOf(orgId), (_, { storage }) => storage.sql.exec("SELECT until FROM subscribers").toArray())
    expect(left).toHaveLength(1)
  })
})

describe("INV-DIR-3: what a call does is bounded", () => {
  test("so many rooms are told at once, and all in the end", async () => {
    const orgId = newId("org", Date.now())
    const heard = new Set<string | undefined>()
    let underWay = 0
    let mostAtOnce = 0
    vi.spyOn(ChatRoom.prototype, "presence").mockImplementation(async function (this: ChatRoom) {
      underWay += 1
      mostAtOnce = Math.max(mostAtOnce, underWay)
      await new Promise((resolve) => setTimeout(resolve, 20))
      underWay -= 1
      heard.add((this as unknown as { ctx: DurableObjectState }).ctx.id.toString())
    })
    await subscribe(orgId, 1)
    await runInDurableObject(stubOf(orgId), (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70)
         INSERT INTO subscribers SELECT 'cnv_' || ? || i, ?, 0 FROM n`,
        orgId,
        Date.now() + 600_000,
      )
    })
    await turn(orgId, newId("usr", Date.now()), 1, true)
    await eventually("all are told", 25_000, async () => heard.size === 70)
    expect(mostAtOnce).toBeGreaterThan(1)
    expect(mostAtOnce).toBeLessThanOrEqual(50)
  })

  test("so many users are shown as live, the last to come first", async () => {
    const orgId = newId("org", Date.now())
    await subscribe(orgId, 1)
    await runInDurableObject(stubOf(orgId), (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= ?)
         INSERT INTO live SELECT 'usr_' || i, 1, i, 1 FROM n`,
        limits.chatLiveUsersMax,
      )
    })
    const live = await liveOf(orgId)
    expect(live).toHaveLength(limits.chatLiveUsersMax)
    expect(live[0]).toBe(`usr_${limits.chatLiveUsersMax + 1}`)
  })
})
