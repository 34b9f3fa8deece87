import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { callDirectory } from "../../../durable-objects/chat-directory/client.ts"
import { fileOfUrl } from "../../../durable-objects/chat-inbox/attachments.ts"
import type { ChatInbox } from "../../../durable-objects/chat-inbox/chat-inbox.ts"
import { callInbox, openSocket, type SocketFacts } from "../../../durable-objects/chat-inbox/client.ts"
import { parseFrame } from "../../../durable-objects/chat-inbox/frames.ts"
import { newId, type UserId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { Device } from "../../support/chat.ts"
import { quiet } from "../../support/ledger.ts"

beforeAll(quiet)

const facts = (changes: Partial<SocketFacts> = {}): SocketFacts => ({
  userId: newId("usr", Date.now()),
  orgId: newId("org", Date.now()),
  name: "Somebody",
  subjects: ["usr_a", "ses_b"],
  maySend: true,
  expiresAt: Date.now() + 60_000,
  origin: "http://api.waybill.test",
  ...changes,
})

const opened = async (given: SocketFacts): Promise<Device> => new Device(await openSocket(env, given, new Meter()))
const stubOf = (userId: UserId) => env.CHAT_INBOX.get(env.CHAT_INBOX.idFromName(userId)) as unknown as DurableObjectStub<ChatInbox>
const liveOf = async (orgId: SocketFacts["orgId"]) =>
  (await callDirectory(env, orgId, (directory) => directory.subscribe(orgId, newId("cnv", 1), 0))).users.map(({ id }) => id)

describe("a socket", () => {
  test("ends when its token does", async () => {
    const device = await opened(facts({ expiresAt: Date.now() + 2_000 }))
    expect(await device.closing()).toEqual({ code: 4401, reason: "The token has expired; open another with a new one" })
  })

  test("INV-CHT-5: ends at once by any of its subjects, and takes waiting tickets with it", async () => {
    const given = facts()
    const device = await opened(given)
    await callInbox(env, given.userId, (inbox) => inbox.issueTicket("hash", "claims", given.subjects, Date.now() + 30_000))
    await callInbox(env, given.userId, (inbox) => inbox.revoke(["ses_other", "usr_other"]))
    expect(device.closed).toBeUndefined()
    await callInbox(env, given.userId, (inbox) => inbox.revoke(["ses_b"]))
    expect((await device.closing()).code).toBe(4403)
    expect(await callInbox(env, given.userId, (inbox) => inbox.redeemTicket("hash"))).toBeUndefined()
  })

  test("makes its user live in the directory, which stays so while somebody only reconnects", async () => {
    const given = facts()
    const device = await opened(given)
    expect(await liveOf(given.orgId)).toEqual([given.userId])
    device.hangUp()
    const again = await opened(given)
    expect(await liveOf(given.orgId)).toEqual([given.userId])
    again.hangUp()
    await runInDurableObject(stubOf(given.userId), async (instance, { storage }) => {
      storage.sql.exec("INSERT INTO due (kind, at) VALUES ('away', 1) ON CONFLICT (kind) DO UPDATE SET at = 1")
      storage.sql.exec("DELETE FROM sockets")
      await instance.alarm()
    })
    expect(await liveOf(given.orgId)).toEqual([])
  })

  test("is answered a ping without waking the object", async () => {
    const device = await opened(facts())
    device.say('{"type":"ping"}')
    await device.hear("pong", (frame) => frame.type === "pong")
    device.hangUp()
  })
})

describe("INV-CHT-4: a ticket", () => {
  test("is found once, and not when it has run out", async () => {
    const userId = newId("usr", Date.now())
    const inbox = <T>(use: Parameters<typeof callInbox<T>>[2]) => callInbox(env, userId, use)
    await inbox((one) => one.issueTicket("good", "claims", [], Date.now() + 30_000))
    await inbox((one) => one.issueTicket("old", "claims", [], Date.now() - 1))
    expect(await inbox((one) => one.redeemTicket("old"))).toBeUndefined()
    expect(await inbox((one) => one.redeemTicket("good"))).toBe("claims")
    expect(await inbox((one) => one.redeemTicket("good"))).toBeUndefined()
  })
})

describe("the directory", () => {
  test("takes the newest turn of a user's, however late an older one comes", async () => {
    const { userId, orgId } = facts()
    const turn = (n: number, isLive: boolean) =>
      callDirectory(env, orgId, (directory) => directory.turn(orgId, userId, { turn: n, isLive, at: n }))
    await turn(2, false)
    await turn(1, true)
    expect(await liveOf(orgId)).toEqual([])
    await turn(3, true)
    expect(await liveOf(orgId)).toEqual([userId])
  })
})

describe("frames and addresses", () => {
  const [cnv, usr, fil] = [newId("cnv", 1), newId("usr", 1), newId("fil", 1)]

  test("the seed's own message frame is read, nulls and all", () => {
    const parsed = parseFrame(JSON.stringify({ recipient_id: usr, content: "Hi", attachment_url: null }))
    expect(parsed).toMatchObject({ ok: true, value: { type: "message", recipient_id: usr, content: "Hi" } })
  })

  test("a message of the largest size in the widest script fits", () => {
    expect(parseFrame(JSON.stringify({ conversation_id: cnv, content: "語".repeat(limits.chatContentCharsMax) })).ok).toBe(true)
  })

  test("only a file here is taken for one, whole or as a path, whatever its signature", () => {
    const ours = ["http://api.waybill.test"]
    for (const url of [`/api/v1/files/${fil}/content`, `/api/v1/files/${fil}`, `http://api.waybill.test/api/v1/files/${fil}/content?sig=x`])
      expect([url, fileOfUrl(url, ours)]).toEqual([url, fil])
    for (const url of [
      `https://api.waybill.test.evil.test/api/v1/files/${fil}/content`,
      `//evil.test/api/v1/files/${fil}/content`,
      `\\\\evil.test/api/v1/files/${fil}/content`,
      `http://api.waybill.test@evil.test/api/v1/files/${fil}/content`,
      `/api/v1/files/${fil}/../../auth/me`,
      `/api/v1/files/${usr}/content`,
      "data:text/html,x",
      "",
    ])
      expect([url, fileOfUrl(url, ours)]).toEqual([url, undefined])
  })
})
