import { listDurableObjectIds } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { ChatRoom } from "../../durable-objects/chat-room/chat-room.ts"
import { SupplierLedger } from "../../durable-objects/supplier-ledger/supplier-ledger.ts"
import { conversationOfColleagues } from "../../src/domains/chat/rules.ts"
import { newId, type OrganizationId, type UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { connect, conversationOf, Device, link, open } from "../support/chat.ts"
import { D1Spy } from "../support/d1-spy.ts"
import { eventually, pause, quiet } from "../support/ledger.ts"
import { api, hire, type Person, signUp, type World } from "../support/world.ts"

quiet()

let supplier: World
let buyer: World
let rep: Person
let mallory: World
let conversation: string

beforeAll(async () => {
  ;[supplier, buyer, mallory] = await Promise.all([signUp(["supplier"]), signUp(["buyer"]), signUp(["buyer", "supplier"])])
  rep = await hire(supplier.token, "sales_rep")
  conversation = conversationOf(await link(supplier, buyer))
})

describe("the door", () => {
  test("takes no token in the address, whatever it is called, and names the ticket", async () => {
    for (const query of [
      `?token=${buyer.token}`,
      `?access_token=${buyer.token}`,
      `?ticket=${buyer.token}`,
      `?x=${buyer.token}`,
      `?jwt=anything`,
      `?ticket=Bearer%20${buyer.token}`,
    ]) {
      for (const token of [undefined, buyer.token]) {
        const response = await open({ query, ...(token === undefined ? {} : { token }) })
        const { code, detail } = (await response.json()) as { code: string; detail: string }
        expect([query.slice(0, 12), response.status, code]).toEqual([query.slice(0, 12), 401, "UNAUTHENTICATED"])
        expect(detail).toContain("/chat/tickets")
      }
    }
  })

  test("takes a ticket once, of many who try at the same moment", async () => {
    const { body } = await api("POST", "/chat/tickets", { token: buyer.token })
    const answers = await Promise.all(Array.from({ length: 8 }, () => open({ ticket: body.ticket })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([101, 401, 401, 401, 401, 401, 401, 401])
    for (const { webSocket } of answers) if (webSocket !== null) new Device(webSocket).hangUp()
  })

  test("takes no ticket that is made up, altered, another's or none", async () => {
    const { body } = await api("POST", "/chat/tickets", { token: buyer.token })
    const [, secret] = body.ticket.split(".")
    const inboxesBefore = (await listDurableObjectIds(env.CHAT_INBOX)).length
    for (const ticket of [
      `${mallory.owner.id}.${secret}`,
      `${buyer.owner.id}.${"a".repeat(64)}`,
      `${newId("usr", Date.now())}.${"A".repeat(43)}`,
      `${newId("usr", Date.now())}.${"a".repeat(64)}`,
      `${newId("usr", Date.now())}.${secret}`,
      `${buyer.owner.id}.`,
      `${buyer.owner.id}`,
      `${body.ticket}.x`,
      "",
      "..",
      "usr_x.y",
      encodeURIComponent("' or 1=1 --"),
    ]) {
      expect([ticket, (await open({ ticket })).status]).toEqual([ticket, 401])
    }
    // Whoever makes up tickets, of users that are there or not, makes no inbox: none was asked.
    expect((await listDurableObjectIds(env.CHAT_INBOX)).length).toBe(inboxesBefore)
    const good = await open({ ticket: body.ticket })
    expect(good.status).toBe(101)
    new Device(good.webSocket as WebSocket).hangUp()
  })

  test("believes no identity but the token's: headers of the client never reach the object", async () => {
    const forged = encodeURIComponent(
      JSON.stringify({ userId: rep.id, orgId: supplier.org.id, name: "Rep", subjects: [], maySend: true, expiresAt: 9e15, origin: "" }),
    )
    const response = await open({ token: mallory.token, headers: { "x-waybill-socket": forged } })
    const device = new Device(response.webSocket as WebSocket)
    device.say({ client_id: "1", conversation_id: conversation, content: "I am the rep" })
    expect((await device.ack("1")).code).toBe("NOT_FOUND")
    device.hangUp()
  })

  test("lets nobody keep an unbounded number of tickets", async () => {
    const clerk = await hire(supplier.token, "staff")
    const codes: number[] = []
    for (let n = 0; n < limits.chatTicketsMax + 3; n += 1) codes.push((await api("POST", "/chat/tickets", { token: clerk.token })).status)
    expect(codes.filter((code) => code === 201)).toHaveLength(limits.chatTicketsMax)
    expect(codes.at(-1)).toBe(429)
  })
})

describe("other people's conversations", () => {
  test("neither take a frame nor exist: no object writes a byte for a guessed id", async () => {
    const device = await connect(mallory.token)
    const pair = await conversationOfColleagues(supplier.org.id as OrganizationId, supplier.owner.id as UserId, rep.id as UserId)
    const guesses = [conversation, pair, newId("cnv", Date.now())]
    for (const [index, guess] of guesses.entries()) {
      device.say({ client_id: `s${index}`, conversation_id: guess, content: "Let me in" })
      expect((await device.ack(`s${index}`)).code).toBe("NOT_FOUND")
      device.say({ type: "typing", conversation_id: guess })
      device.say({ type: "read", conversation_id: guess, up_to_seq: 0 })
      device.say({ type: "resume", after: { [guess]: 0 } })
    }
    await eventually("all are refused", 25_000, async () => device.of("resumed").length === guesses.length)
    expect(device.of("error").map(({ code }) => code)).toEqual(Array.from({ length: guesses.length * 4 }, () => "NOT_FOUND"))
    expect(device.of("message")).toEqual([])
    device.hangUp()
  })

  test("are looked for over HTTP at one's own side alone: no room and no ledger is called", async () => {
    const clerk = await hire(mallory.token, "staff")
    const robot = await api("POST", "/api-keys", { token: mallory.token, body: { name: "Robot", permissions: ["chat.message.read"] } })
    const pair = await conversationOfColleagues(supplier.org.id as OrganizationId, supplier.owner.id as UserId, rep.id as UserId)
    using history = vi.spyOn(ChatRoom.prototype, "history")
    using read = vi.spyOn(ChatRoom.prototype, "read")
    using introductions = vi.spyOn(SupplierLedger.prototype, "introduceLink")
    for (const guess of [conversation, pair, newId("cnv", Date.now())]) {
      for (const token of [clerk.token, robot.body.secret as string, mallory.token]) {
        expect((await api("GET", `/chat/conversations/${guess}/messages`, { token })).status).toBe(404)
        expect((await api("PUT", `/chat/conversations/${guess}/read`, { token, body: { up_to_seq: 0 } })).status).toBeOneOf([403, 404])
      }
    }
    for (const calls of [history, read, introductions]) expect(calls).not.toHaveBeenCalled()
  })

  test("typing and marks of strangers are told to nobody", async () => {
    const [theirs, ours] = [await connect(mallory.token), await connect(buyer.token)]
    ours.say({ client_id: "w", conversation_id: conversation, content: "Just us" })
    await ours.ack("w")
    theirs.say({ type: "typing", conversation_id: conversation })
    theirs.say({ type: "read", conversation_id: conversation, up_to_seq: 1 })
    await eventually("both are refused", 25_000, async () => theirs.of("error").length === 2)
    await pause(100)
    expect([...ours.of("typing"), ...ours.of("read")].filter(({ user_id }) => user_id === mallory.owner.id)).toEqual([])
    for (const device of [theirs, ours]) device.hangUp()
  })
})

describe("frames", () => {
  test("that are bad get an error each, and the socket lives on", async () => {
    const device = await connect(buyer.token)
    const bad: ReadonlyArray<readonly [string, string]> = [
      ["not json", "MALFORMED_JSON"],
      ["[]", "VALIDATION_FAILED"],
      ["null", "VALIDATION_FAILED"],
      ['"text"', "VALIDATION_FAILED"],
      ['{"type":"__proto__"}', "VALIDATION_FAILED"],
      ['{"type":"constructor","content":"x"}', "VALIDATION_FAILED"],
      ['{"type":7}', "VALIDATION_FAILED"],
      ['{"content":"to nobody"}', "VALIDATION_FAILED"],
      [JSON.stringify({ conversation_id: conversation, content: "" }), "VALIDATION_FAILED"],
      [JSON.stringify({ conversation_id: conversation, content: "\u0000\u0007" }), "VALIDATION_FAILED"],
      [JSON.stringify({ conversation_id: conversation, recipient_id: rep.id, content: "both" }), "VALIDATION_FAILED"],
      [JSON.stringify({ conversation_id: conversation, content: "forged", sender_id: rep.id }), "VALIDATION_FAILED"],
      [JSON.stringify({ conversation_id: conversation, content: "forged", seq: 1, id: "msg_x" }), "VALIDATION_FAILED"],
      [JSON.stringify({ conversation_id: conversation, content: "x".repeat(limits.chatContentCharsMax + 1) }), "VALIDATION_FAILED"],
      [JSON.stringify({ conversation_id: conversation, content: "y", pad: "x".repeat(limits.chatFrameBytesMax) }), "PAYLOAD_TOO_LARGE"],
      [JSON.stringify({ conversation_id: conversation, content: "é".repeat(limits.chatFrameBytesMax / 2) }), "PAYLOAD_TOO_LARGE"],
      [
        JSON.stringify({ conversation_id: conversation, content: "p", product_ids: Array.from({ length: 99 }, () => newId("prd", 1)) }),
        "VALIDATION_FAILED",
      ],
      [JSON.stringify({ type: "read", conversation_id: conversation, up_to_seq: -1 }), "VALIDATION_FAILED"],
      [JSON.stringify({ type: "read", conversation_id: conversation, up_to_seq: 1e300 }), "VALIDATION_FAILED"],
      [JSON.stringify({ type: "resume", after: { "not an id": 0 } }), "VALIDATION_FAILED"],
      [
        JSON.stringify({ type: "resume", after: Object.fromEntries(Array.from({ length: 201 }, () => [newId("cnv", Date.now()), 0])) }),
        "VALIDATION_FAILED",
      ],
    ]
    for (const [frame] of bad) device.say(frame)
    device.socket.send(new Uint8Array([1, 2, 3]))
    await eventually("an error each", 25_000, async () => device.of("error").length === bad.length + 1)
    expect(device.of("error").map(({ code }) => code)).toEqual([...bad.map(([, code]) => code), "MALFORMED_JSON"])
    expect(device.of("error").every(({ message }) => message.length < 400)).toBe(true)
    device.say({ client_id: "fine", conversation_id: conversation, content: "Still here" })
    expect((await device.ack("fine")).type).toBe("ack")
    device.hangUp()
  })

  test("that guess at conversations by the hundred reach no room and no ledger, and D1 for a few of them alone", async () => {
    const device = await connect((await hire(mallory.token, "staff")).token)
    using introductions = vi.spyOn(SupplierLedger.prototype, "introduceLink")
    using resumes = vi.spyOn(ChatRoom.prototype, "resume")
    using spy = new D1Spy()
    const guesses = Array.from({ length: 150 }, () => newId("cnv", Date.now()))
    device.say({ type: "resume", after: Object.fromEntries(guesses.map((id) => [id, 0])) })
    await eventually("all are refused", 25_000, async () => device.of("resumed").length === 1)
    const codes = device.of("error").map(({ code }) => code)
    expect(codes.length).toBe(guesses.length)
    expect(new Set(codes)).toEqual(new Set(["NOT_FOUND", "RATE_LIMITED"]))
    expect([introductions.mock.calls.length, resumes.mock.calls.length]).toEqual([0, 0])
    const asked = spy.take().filter(({ reason }) => reason?.startsWith("a chat frame names a conversation")).length
    expect(asked).toBe(codes.filter((code) => code === "NOT_FOUND").length)
    device.hangUp()
  })

  test("in a flood end the socket with 1008, and nobody else notices", async () => {
    const flooding = await hire(mallory.token, "staff")
    const [flooder, other] = [await connect(flooding.token), await connect(buyer.token)]
    for (let n = 0; n < limits.chatFramesBurst * 3; n += 1) flooder.say({ type: "typing", conversation_id: conversation })
    expect((await flooder.closing(10_000)).code).toBe(1008)
    other.say({ client_id: "calm", conversation_id: conversation, content: "All quiet" })
    expect((await other.ack("calm")).type).toBe("ack")
    expect(other.closed).toBeUndefined()
    const again = await connect(flooding.token)
    again.say({ type: "ping" })
    await again.hear("pong", (frame) => frame.type === "pong")
    for (const device of [other, again]) device.hangUp()
  })

  test("that are huge cost more than small ones: a few end the socket", async () => {
    const device = await connect((await hire(mallory.token, "staff")).token)
    const huge = "x".repeat(limits.chatFrameBytesMax * 8)
    for (let n = 0; n < 5; n += 1) device.say(huge)
    expect((await device.closing(10_000)).code).toBe(1008)
  })

  test("that name strangers by the hundred ask D1 for a few of them alone", async () => {
    const device = await connect((await hire(mallory.token, "staff")).token)
    using spy = new D1Spy()
    for (let n = 0; n < 100; n += 1) device.say({ client_id: `n${n}`, recipient_id: newId("usr", Date.now()), content: "Anybody?" })
    await eventually("an answer each", 25_000, async () => device.of("error").length === 100 || device.closed !== undefined)
    expect(spy.take().length).toBeLessThan(40)
    // Some are looked for together, and what goes beyond the allowance is not looked for at all.
    for (const { code } of device.of("error")) expect(["LINK_NOT_APPROVED", "RATE_LIMITED"]).toContain(code)
    device.hangUp()
  })

  test("whose client_id another sender used are another message", async () => {
    const [one, other] = [await connect(buyer.token), await connect(rep.token)]
    one.say({ client_id: "same", conversation_id: conversation, content: "Mine" })
    const mine = await one.ack("same")
    other.say({ client_id: "same", conversation_id: conversation, content: "Mine too" })
    const theirs = await other.ack("same")
    expect(theirs.id).not.toBe(mine.id)
    for (const device of [one, other]) device.hangUp()
  })
})
