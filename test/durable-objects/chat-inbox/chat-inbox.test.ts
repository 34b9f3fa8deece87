import { evictDurableObject, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest"
import { callDirectory } from "../../../durable-objects/chat-directory/client.ts"
import { fileOfUrl } from "../../../durable-objects/chat-inbox/attachments.ts"
import { callInbox, openSocket, type SocketFacts } from "../../../durable-objects/chat-inbox/client.ts"
import { parseFrame } from "../../../durable-objects/chat-inbox/frames.ts"
import { isMigrated } from "../../../durable-objects/shared/migrate.ts"
import { newId, type UserId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { Device } from "../../support/chat.ts"
import { D1Faults } from "../../support/d1-faults.ts"
import { D1Spy } from "../../support/d1-spy.ts"
import { d1, quiet } from "../../support/ledger.ts"

beforeAll(quiet)

const facts = (changes: Partial<SocketFacts> = {}): SocketFacts => ({
  userId: newId("usr", Date.now()),
  orgId: newId("org", Date.now()),
  name: "Somebody",
  subjects: ["usr_a", "ses_b"],
  maySend: true,
  maySeeComplaints: true,
  issuedAt: Date.now(),
  expiresAt: Date.now() + 60_000,
  origin: "http://api.waybill.test",
  ...changes,
})

const opened = async (given: SocketFacts): Promise<Device> => new Device(await openSocket(env, given, new Meter()))
const stubOf = (userId: UserId) => env.CHAT_INBOX.get(env.CHAT_INBOX.idFromName(userId))
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

/** Has the alarm find something due. */
const fallsDue = (userId: UserId, kind: string) =>
  runInDurableObject(stubOf(userId), async (instance, { storage }) => {
    storage.sql.exec("INSERT INTO due (kind, at) VALUES (?1, 1) ON CONFLICT (kind) DO UPDATE SET at = 1", kind)
    await instance.alarm()
    return storage.sql
      .exec<{ kind: string }>("SELECT kind FROM due")
      .toArray()
      .map((row) => row.kind)
  })

const isMigratedAt = (userId: UserId) => runInDurableObject(stubOf(userId), (_, { storage }) => isMigrated(storage.sql))

describe("INV-CHT-5: a revocation that nobody told of", () => {
  const session = () => `ses_${crypto.randomUUID()}`
  const isRevoked = (subject: string, notBefore: number) =>
    d1("insert into revocations (subject, not_before, expires_at) values (?, ?, ?)", subject, notBefore, notBefore + 900_000)

  test("ends the sockets that it concerns within a minute, by one read, also after a hibernation", async () => {
    const [mine, others, issuedAt] = [session(), session(), Date.now() - 5_000]
    const given = facts({ issuedAt, subjects: ["usr_c", mine, "org_c/staff"] })
    const [going, staying] = [await opened(given), await opened({ ...given, subjects: ["usr_c", others, "org_c/staff"] })]
    await isRevoked(mine, issuedAt - 1)
    await isRevoked(others, issuedAt - 1)
    expect(await fallsDue(given.userId, "revoked"), "one of before the token").toContain("revoked")
    expect([going.closed, staying.closed]).toEqual([undefined, undefined])
    await isRevoked(mine, issuedAt)
    await evictDurableObject(stubOf(given.userId), { webSockets: "hibernate" })
    using spy = new D1Spy()
    await fallsDue(given.userId, "revoked")
    expect(spy.take().filter(({ reason }) => reason?.includes("chat inbox"))).toHaveLength(1)
    expect((await going.closing(20_000)).code).toBe(4403)
    staying.say("[]")
    await staying.hear("an answer", (frame) => frame.type === "error", 20_000)
    staying.hangUp()
  })

  test("is looked for while there are sockets, and no longer", async () => {
    const given = facts({ subjects: [session()] })
    const device = await opened(given)
    expect(await fallsDue(given.userId, "revoked")).toContain("revoked")
    device.hangUp()
    await vi.waitFor(async () => expect(await fallsDue(given.userId, "revoked")).not.toContain("revoked"), 20_000)
    using spy = new D1Spy()
    await fallsDue(given.userId, "revoked")
    expect(spy.take().filter(({ reason }) => reason?.includes("chat inbox"))).toEqual([])
  })

  test("is looked for again when the database fails", async () => {
    const subject = session()
    const given = facts({ issuedAt: Date.now() - 5_000, subjects: [subject] })
    const device = await opened(given)
    await isRevoked(subject, Date.now())
    {
      using faults = new D1Faults()
      faults.fail()
      expect(await fallsDue(given.userId, "revoked")).toContain("revoked")
    }
    expect(device.closed).toBeUndefined()
    await fallsDue(given.userId, "revoked")
    expect((await device.closing(20_000)).code).toBe(4403)
  })
})

describe("INV-CHT-8: the allowance of frames", () => {
  afterEach(() => {
    vi.restoreAllMocks()
    quiet()
  })

  const flood = (device: Device, frames: number) => {
    for (let n = 0; n < frames; n += 1) device.say("[]")
  }
  const answers = (device: Device, count: number) => vi.waitFor(() => expect(device.of("error")).toHaveLength(count), 20_000)

  test("is the user's: another socket brings no more of it, and another user keeps theirs", async () => {
    vi.spyOn(Date, "now").mockReturnValue(Date.now())
    const given = facts({ expiresAt: Date.now() + 600_000 })
    const [flooder, other] = [await opened(given), await opened(facts({ expiresAt: Date.now() + 600_000 }))]
    flood(flooder, limits.chatFramesBurst)
    await answers(flooder, limits.chatFramesBurst)
    flood(flooder, 1)
    expect((await flooder.closing()).code).toBe(1008)
    const again = await opened(given)
    flood(again, 1)
    expect((await again.closing()).code).toBe(1008)
    flood(other, 10)
    await answers(other, 10)
    expect(other.closed).toBeUndefined()
    other.hangUp()
  })

  test("outlives the object but for a quarter, and comes back as time passes", async () => {
    const start = Date.now()
    const clock = vi.spyOn(Date, "now").mockReturnValue(start)
    const given = facts({ expiresAt: start + 600_000 })
    const flooder = await opened(given)
    flood(flooder, limits.chatFramesBurst)
    await answers(flooder, limits.chatFramesBurst)
    await evictDurableObject(stubOf(given.userId))
    const again = await opened(given)
    flood(again, limits.chatFramesBurst / 4 + 1)
    expect((await again.closing()).code).toBe(1008)
    clock.mockReturnValue(start + 5_000)
    const calm = await opened(given)
    flood(calm, limits.chatFramesBurst)
    await answers(calm, limits.chatFramesBurst)
    expect(calm.closed).toBeUndefined()
    calm.hangUp()
  })

  test("is not written for who writes at a person's speed", async () => {
    const given = facts()
    const device = await opened(given)
    flood(device, 40)
    await answers(device, 40)
    const written = await runInDurableObject(stubOf(given.userId), (_, { storage }) =>
      storage.sql.exec("SELECT * FROM allowance").toArray(),
    )
    expect(written).toEqual([])
    device.hangUp()
  })
})

describe("INV-CHT-1: an inbox that was only asked", () => {
  test("writes nothing, whatever it is asked", async () => {
    const { userId, orgId, name } = facts()
    const by = { userId, orgId, name }
    const guess = newId("cnv", Date.now())
    expect(await callInbox(env, userId, (inbox) => inbox.redeemTicket("guess"))).toBeUndefined()
    expect(await callInbox(env, userId, (inbox) => inbox.overview(undefined, 10, [guess]))).toEqual({ pairs: [], states: [] })
    expect(await callInbox(env, userId, (inbox) => inbox.read(by, guess, 0))).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } })
    expect(await callInbox(env, userId, (inbox) => inbox.deliver([]))).toMatchObject({ isLive: false })
    await callInbox(env, userId, (inbox) => inbox.notify([]))
    await callInbox(env, userId, (inbox) => inbox.revoke([userId]))
    expect(await isMigratedAt(userId)).toBe(false)
    const directory = env.CHAT_DIRECTORY.get(env.CHAT_DIRECTORY.idFromName(orgId))
    expect(await callDirectory(env, orgId, (one) => one.page({ after: undefined, rowsMax: 10 }))).toEqual([])
    expect(await runInDurableObject(directory, (_, { storage }) => isMigrated(storage.sql))).toBe(false)
    await callInbox(env, userId, (inbox) => inbox.issueTicket("hash", "claims", [], Date.now() + 30_000))
    expect(await isMigratedAt(userId)).toBe(true)
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
