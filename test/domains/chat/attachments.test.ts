import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { ChatRoom } from "../../../durable-objects/chat-room/chat-room.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { connect, conversationOf, type Device, link, setLink } from "../../support/chat.ts"
import { png, uploaded } from "../../support/files.ts"
import { d1, quiet } from "../../support/ledger.ts"
import { api, hire, signUp, type World } from "../../support/world.ts"

beforeAll(quiet)
afterEach(() => {
  vi.restoreAllMocks()
  quiet()
})

let supplier: World
let buyer: World
let conversation: string
let linkId: string

beforeAll(async () => {
  ;[supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
  linkId = await link(supplier, buyer)
  conversation = conversationOf(linkId)
})

const inboxOf = (userId: string) => env.CHAT_INBOX.get(env.CHAT_INBOX.idFromName(userId))
const photo = async (token: string): Promise<string> => (await uploaded(token, "chat_attachment", await png(), "cod.png")).id
const rowsOf = (fileId: string) =>
  d1<{ org_id: string; status: string; subject_id: string | null; due_at: number | null }>(
    "select org_id, status, subject_id, due_at from files where id = ? order by org_id",
    fileId,
  )
const claimsOf = (userId: string) =>
  runInDurableObject(inboxOf(userId), (_, { storage }) => storage.sql.exec("SELECT message_id FROM claims").toArray().length)

const sends = async (device: Device, clientId: string, fileId: string) => {
  device.say({ client_id: clientId, conversation_id: conversation, content: "Look", attachment_ids: [fileId] })
  return device.hear(clientId, (frame) => ["ack", "error"].includes(frame.type) && frame.client_id === clientId, 20_000)
}

/** What a fault left behind is old enough by now. */
const settle = (userId: string) =>
  runInDurableObject(inboxOf(userId), async (instance, { storage }) => {
    storage.sql.exec("UPDATE claims SET at = 1, facts = json_set(facts, '$.at', 1)")
    storage.sql.exec("INSERT INTO due (kind, at) VALUES ('claims', 1) ON CONFLICT (kind) DO UPDATE SET at = 1")
    await instance.alarm()
  })

const isFree = (fileId: string, orgId: string) =>
  rowsOf(fileId).then((rows) => expect(rows).toEqual([{ org_id: orgId, status: "READY", subject_id: null, due_at: expect.any(Number) }]))

describe("INV-CHT-10: a file of a message that is not stored", () => {
  test("is not claimed where the room says beforehand that it takes no more people", async () => {
    const clerk = await hire(buyer.token, "staff")
    const device = await connect(clerk.token)
    const file = await photo(clerk.token)
    const room = env.CHAT_ROOM.get(env.CHAT_ROOM.idFromName(conversation))
    const crowd = (work: string) =>
      runInDurableObject(room, (_, { storage }) => storage.sql.exec(work, buyer.org.id, limits.chatMembersPerRoomMax).rowsWritten)
    await crowd(
      "INSERT INTO marks (user_id, org_id, name, read_seq, delivered_seq) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) SELECT 'usr_crowd_' || i, ?1, 'x', 0, 0 FROM n",
    )
    const claim = vi.spyOn(ChatRoom.prototype, "send")
    expect(await sends(device, "crowded", file)).toMatchObject({ type: "error", code: "CONFLICT" })
    expect(claim).not.toHaveBeenCalled()
    await isFree(file, buyer.org.id)
    expect(await claimsOf(clerk.id)).toBe(0)
    await crowd("DELETE FROM marks WHERE user_id LIKE 'usr_crowd_%' AND org_id = ?1 AND ?2 > 0")
    device.hangUp()
  })

  test("is given back where the room refuses after it was claimed, and goes with another message then", async () => {
    const device = await connect(buyer.token)
    const file = await photo(buyer.token)
    vi.spyOn(ChatRoom.prototype, "send").mockResolvedValueOnce({ ok: false, error: { code: "LINK_NOT_APPROVED" } })
    expect(await sends(device, "refused", file)).toMatchObject({ type: "error", code: "LINK_NOT_APPROVED" })
    await isFree(file, buyer.org.id)
    expect((await api("GET", `/files/${file}`, { token: supplier.token })).status).toBe(404)
    expect(await claimsOf(buyer.owner.id)).toBe(0)
    expect(await sends(device, "other", file)).toMatchObject({ type: "ack" })
    expect((await rowsOf(file)).map(({ status }) => status)).toEqual(["ATTACHED", "ATTACHED"])
    expect((await api("GET", `/files/${file}`, { token: supplier.token })).status).toBe(200)
    device.hangUp()
  })

  test("is given back by the alarm where the object died in between", async () => {
    const device = await connect(buyer.token)
    const file = await photo(buyer.token)
    const reach = vi.spyOn(ChatRoom.prototype, "send").mockImplementation(() => Promise.reject(new Error("out of reach")))
    expect(await sends(device, "lost", file)).toMatchObject({ type: "error", code: "UNAVAILABLE" })
    reach.mockRestore()
    expect((await rowsOf(file)).map(({ status }) => status)).toEqual(["ATTACHED", "ATTACHED"])
    expect(await claimsOf(buyer.owner.id)).toBe(1)
    await settle(buyer.owner.id)
    await isFree(file, buyer.org.id)
    expect(await claimsOf(buyer.owner.id)).toBe(0)
    const again = await connect(buyer.token)
    expect(await sends(again, "lost", file), "the same message, said again").toMatchObject({ type: "ack" })
    for (const one of [device, again]) one.hangUp()
  })

  test("stays where the message is stored although nobody heard, by the alarm and by a repeat while the link is blocked", async () => {
    const device = await connect(buyer.token)
    const file = await photo(buyer.token)
    const real = Reflect.get(ChatRoom.prototype, "send") as ChatRoom["send"]
    const answer = vi.spyOn(ChatRoom.prototype, "send").mockImplementation(async function (this: ChatRoom, message) {
      await real.call(this, message)
      throw new Error("the answer was lost")
    })
    expect(await sends(device, "unheard", file)).toMatchObject({ type: "error", code: "UNAVAILABLE" })
    answer.mockRestore()
    await settle(buyer.owner.id)
    expect(await claimsOf(buyer.owner.id)).toBe(0)
    expect((await rowsOf(file)).map(({ status, due_at }) => [status, due_at])).toEqual([
      ["ATTACHED", null],
      ["ATTACHED", null],
    ])
    await setLink(supplier, linkId, "BLOCKED")
    const again = await connect(buyer.token)
    expect(await sends(again, "unheard", file)).toMatchObject({ type: "ack" })
    expect((await rowsOf(file)).map(({ status }) => status)).toEqual(["ATTACHED", "ATTACHED"])
    await setLink(supplier, linkId, "APPROVED")
    for (const one of [device, again]) one.hangUp()
  })
})
