import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { ChatInbox } from "../../../durable-objects/chat-inbox/chat-inbox.ts"
import { ChatRoom } from "../../../durable-objects/chat-room/chat-room.ts"
import { type ChatRoomRpc, callRoom } from "../../../durable-objects/chat-room/client.ts"
import { isMigrated } from "../../../durable-objects/shared/migrate.ts"
import { conversationOfLink, type LinkState, messageIdOf } from "../../../src/domains/chat/rules.ts"
import { type ConversationId, type LinkId, newId, type OrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { connect, conversationOf, link } from "../../support/chat.ts"
import { D1Spy } from "../../support/d1-spy.ts"
import { adopted, eventually, linkedBuyer, pause, quiet } from "../../support/ledger.ts"
import { api, signUp } from "../../support/world.ts"

beforeAll(quiet)
afterEach(() => {
  vi.restoreAllMocks()
  quiet()
})

const ask = <T>(id: ConversationId, use: (room: ChatRoomRpc) => Promise<T>): Promise<T> => callRoom(env, id, use)
const stubOf = (id: string) => env.CHAT_ROOM.get(env.CHAT_ROOM.idFromName(id))

const party = (name: string) => ({ id: newId("org", Date.now()), name })
const person = (orgId: OrganizationId) => ({ userId: newId("usr", Date.now()), orgId, name: "Somebody" })

function linkState(changes: Partial<LinkState> = {}): LinkState {
  return { linkId: newId("lnk", Date.now()), supplier: party("Supplier"), buyer: party("Buyer"), isApproved: true, version: 5, ...changes }
}

async function send(id: ConversationId, by: ReturnType<typeof person>, clientId: string, knownSeq?: number) {
  const messageId = await messageIdOf(id, by.userId, clientId)
  return ask(id, (room) =>
    room.send({
      id: messageId,
      by,
      clientId,
      recipientId: null,
      content: clientId,
      attachments: [],
      productIds: [],
      complaintId: null,
      knownSeq,
    }),
  )
}

describe("INV-CHT-1: a room nobody has opened", () => {
  test("knows nobody and writes nothing", async () => {
    const id = newId("cnv", Date.now())
    const by = person(newId("org", Date.now()))
    expect(await send(id, by, "1")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } })
    for (const use of [
      (room: ChatRoomRpc) => room.resume(by, 0),
      (room: ChatRoomRpc) => room.history(by, undefined, 10),
      (room: ChatRoomRpc) => room.read(by, 0),
      (room: ChatRoomRpc) => room.typing(by),
    ])
      expect(await ask<unknown>(id, use)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } })
    await ask(id, (room) => room.presence({ orgId: by.orgId, version: 9, users: [] }))
    expect(await runInDurableObject(stubOf(id), (_, { storage }) => isMigrated(storage.sql))).toBe(false)
  })

  test("is none yet where its link was never approved", async () => {
    const state = linkState({ isApproved: false })
    const id = conversationOfLink(state.linkId)
    await ask(id, (room) => room.setLink(state))
    expect(await send(id, person(state.buyer.id), "1")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } })
  })
})

describe("the state of its link", () => {
  test("INV-CHT-3: is the newest it was told: what comes late or again changes nothing", async () => {
    const state = linkState()
    const id = conversationOfLink(state.linkId)
    const by = person(state.buyer.id)
    for (const [version, isApproved, verdict] of [
      [5, true, true],
      [7, false, false],
      [6, true, false],
      [5, true, false],
      [8, true, true],
    ] as const) {
      await ask(id, (room) => room.setLink({ ...state, version, isApproved }))
      expect([version, (await send(id, by, `v${version}-${isApproved}-${crypto.randomUUID()}`)).ok]).toEqual([version, verdict])
    }
    expect((await ask(id, (room) => room.history(by, undefined, 10))).ok).toBe(true)
  })

  test("INV-LED-3: comes from the ledger before its answer, and by the alarm where the room could not be reached", async () => {
    const ledger = await adopted()
    const buyer = await linkedBuyer(ledger)
    const [row] = await ledger.rows<{ id: LinkId }>("SELECT id FROM links")
    const linkId = row?.id as LinkId
    const id = conversationOfLink(linkId)
    const by = person(buyer.id)
    expect((await send(id, by, "1")).ok).toBe(true)
    const reach = vi.spyOn(ChatRoom.prototype, "setLink").mockRejectedValue(new Error("out of reach"))
    await ledger.must(ledger.owner, "setLinkStatus", { linkId, status: "BLOCKED", reason: null, mayUnblock: false })
    expect(reach).toHaveBeenCalled()
    expect(await ledger.count("room_news")).toBe(1)
    reach.mockRestore()
    await runInDurableObject(ledger.stub, async (_, { storage }) => {
      storage.sql.exec("UPDATE due SET at = 1 WHERE kind = 'rooms'")
      await storage.setAlarm(Date.now() + 3_600_000)
    })
    await runDurableObjectAlarm(ledger.stub)
    expect(await ledger.count("room_news")).toBe(0)
    expect(await send(id, by, "2")).toMatchObject({ ok: false, error: { code: "LINK_NOT_APPROVED" } })
  })

  test("is asked of the ledger where the room never heard of the link", async () => {
    const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const reach = vi.spyOn(ChatRoom.prototype, "setLink").mockRejectedValue(new Error("out of reach"))
    const conversation = conversationOf(await link(supplier, buyer))
    reach.mockRestore()
    const { status, body } = await api("GET", `/chat/conversations/${conversation}/messages`, { token: buyer.token })
    expect([status, body.data]).toEqual([200, []])
    const stranger = await signUp(["buyer"])
    expect((await api("GET", `/chat/conversations/${conversation}/messages`, { token: stranger.token })).status).toBe(404)
  })

  test("costs an order nothing: rooms are told of links alone", async () => {
    const ledger = await adopted()
    const told = vi.spyOn(ChatRoom.prototype, "setLink")
    const product = await ledger.must(ledger.owner, "createProduct", { sku: "A", name: "A", price: "1", stockMilli: 1_000 })
    expect(product.sku).toBe("A")
    expect(told).not.toHaveBeenCalled()
  })
})

describe("messages", () => {
  test("are numbered without a gap, and a repeat is answered the same while others write", async () => {
    const state = linkState()
    const id = conversationOfLink(state.linkId)
    await ask(id, (room) => room.setLink(state))
    const [one, other] = [person(state.buyer.id), person(state.supplier.id)]
    const sent = await Promise.all(
      Array.from({ length: 30 }, (_, n) => send(id, n % 2 === 0 ? one : other, `m${Math.floor(n / 3)}-${n % 2}`)),
    )
    const again = await Promise.all(
      Array.from({ length: 30 }, (_, n) => send(id, n % 2 === 0 ? one : other, `m${Math.floor(n / 3)}-${n % 2}`)),
    )
    expect(again.map((result) => result.ok && [result.value.id, result.value.seq])).toEqual(
      sent.map((result) => result.ok && [result.value.id, result.value.seq]),
    )
    const seqs = new Set(sent.map((result) => (result.ok ? result.value.seq : 0)))
    expect([...seqs].toSorted((a, b) => a - b)).toEqual(Array.from({ length: seqs.size }, (_, index) => index + 1))
  })

  test("bring with their acknowledgement what the sender's inbox lacks, in order", async () => {
    const state = linkState()
    const id = conversationOfLink(state.linkId)
    await ask(id, (room) => room.setLink(state))
    const [one, other] = [person(state.buyer.id), person(state.supplier.id)]
    for (const n of [1, 2, 3]) await send(id, one, `o${n}`)
    const sent = await send(id, other, "late", 1)
    expect(sent.ok && sent.value.since.map(({ seq }) => seq)).toEqual([2, 3, 4])
  })

  test("are taken from one organization's people however many of the other's have spoken", async () => {
    const state = linkState()
    const id = conversationOfLink(state.linkId)
    await ask(id, (room) => room.setLink(state))
    const mark = "INSERT INTO marks (user_id, org_id, name, read_seq, delivered_seq) VALUES (?, ?, 'X', 1, 1)"
    await runInDurableObject(stubOf(id), (_, { storage }) => {
      for (let n = 0; n < limits.chatMembersPerRoomMax; n += 1) storage.sql.exec(mark, `usr_${n}`, state.buyer.id)
    })
    expect(await send(id, person(state.buyer.id), "one too many")).toMatchObject({ ok: false, error: { code: "CONFLICT" } })
    expect(await send(id, person(state.supplier.id), "1")).toMatchObject({ ok: true })
  })

  test("INV-CHT-6: cost no D1 trip, one call to the room, and one to each other inbox with an open socket", async () => {
    const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const conversation = conversationOf(await link(supplier, buyer))
    const [one, other] = [await connect(buyer.token), await connect(supplier.token)]
    one.say({ client_id: "warm", conversation_id: conversation, content: "First" })
    await one.ack("warm")
    await other.hear("the first", (frame) => frame.type === "message")
    await pause(1_500)
    const calls = {
      send: vi.spyOn(ChatRoom.prototype, "send"),
      resume: vi.spyOn(ChatRoom.prototype, "resume"),
      deliver: vi.spyOn(ChatInbox.prototype, "deliver"),
      notify: vi.spyOn(ChatInbox.prototype, "notify"),
    }
    using spy = new D1Spy()
    for (let n = 1; n <= 10; n += 1) {
      one.say({ client_id: `n${n}`, conversation_id: conversation, content: `${n}` })
      await one.ack(`n${n}`)
      await one.hear("delivered", (frame) => frame.type === "delivered" && frame.up_to_seq === n + 1)
    }
    expect(spy.take()).toEqual([])
    const counts = Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, call.mock.calls.length]))
    // One to the room, one to the other's inbox, one to the sender's own that says where it arrived.
    expect(counts).toEqual({ send: 10, resume: 0, deliver: 10, notify: 10 })
    for (const device of [one, other]) device.hangUp()
  })

  test("that could not be delivered are, by the alarm", async () => {
    const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const conversation = conversationOf(await link(supplier, buyer))
    const [one, other] = [await connect(buyer.token), await connect(supplier.token)]
    one.say({ client_id: "0", conversation_id: conversation, content: "0" })
    await other.hear("the first", (frame) => frame.type === "message")
    const reach = vi.spyOn(ChatInbox.prototype, "deliver").mockRejectedValue(new Error("out of reach"))
    one.say({ client_id: "1", conversation_id: conversation, content: "1" })
    one.say({ client_id: "2", conversation_id: conversation, content: "2" })
    await one.ack("2")
    await eventually("a try", 25_000, async () => reach.mock.calls.length > 0)
    await pause(1_200)
    expect(other.of("message")).toHaveLength(1)
    reach.mockRestore()
    await runInDurableObject(stubOf(conversation), async (_, { storage }) => {
      storage.sql.exec("INSERT INTO due (kind, at) VALUES ('follow', 1) ON CONFLICT (kind) DO UPDATE SET at = 1")
      await storage.setAlarm(Date.now() + 3_600_000)
    })
    await runDurableObjectAlarm(stubOf(conversation))
    await other.hear("the last", (frame) => frame.type === "message" && frame.seq === 3)
    expect(other.of("message").map(({ seq }) => seq)).toEqual([1, 2, 3])
    for (const device of [one, other]) device.hangUp()
  })
})
