import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { callInbox } from "../../../durable-objects/chat-inbox/client.ts"
import type { UserId } from "../../../src/kernel/ids.ts"
import { connect, conversationOf, Device, link, open, setLink } from "../../support/chat.ts"
import { png, uploaded } from "../../support/files.ts"
import { d1, eventually, quiet } from "../../support/ledger.ts"
import { api, hire, type Person, signIn, signUp, type World } from "../../support/world.ts"

quiet()

let supplier: World
let buyer: World
let rep: Person
let linkId: string
let conversation: string

beforeAll(async () => {
  ;[supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
  rep = await hire(supplier.token, "sales_rep")
  linkId = await link(supplier, buyer)
  conversation = conversationOf(linkId)
})

const seqOf = async (device: Device, clientId: string): Promise<number> => Number((await device.ack(clientId)).seq)

describe("opening a socket", () => {
  test("by a subprotocol answers waybill.v1, and by a ticket works once", async () => {
    const byProtocol = await open({ token: buyer.token })
    expect([byProtocol.status, byProtocol.headers.get("sec-websocket-protocol")]).toEqual([101, "waybill.v1"])
    expect(byProtocol.headers.get("x-request-id")).toMatch(/^req_/)
    byProtocol.webSocket?.accept()
    byProtocol.webSocket?.close(1000)

    const { status, body } = await api("POST", "/chat/tickets", { token: buyer.token })
    expect([status, body.expires_in]).toEqual([201, 30])
    const first = await open({ ticket: body.ticket })
    expect(first.status).toBe(101)
    new Device(first.webSocket as WebSocket).hangUp()
    const again = await open({ ticket: body.ticket })
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([401, "TOKEN_EXPIRED"])
  })

  test("without an upgrade, or from an origin that may not, is refused", async () => {
    const { status, body } = await api("GET", "/chat/ws", { token: buyer.token })
    expect([status, body.errors[0].pointer]).toEqual([422, "/header/Upgrade"])
    for (const origin of ["https://evil.test", "http://waybill.te", "http://w", "null", "https://app.waybill.test.evil.test"])
      expect([origin, (await open({ token: buyer.token, headers: { origin } })).status]).toEqual([origin, 403])
    const ours = await open({ token: buyer.token, headers: { origin: "https://app.waybill.test" } })
    expect([ours.status, ours.headers.get("access-control-allow-origin")]).toEqual([101, "https://app.waybill.test"])
    new Device(ours.webSocket as WebSocket).hangUp()
  })
})

describe("a message", () => {
  test("is acknowledged with its place, and reaches the others who are there", async () => {
    const [ours, theirs] = [await connect(buyer.token), await connect(rep.token)]
    ours.say({ client_id: "m1", recipient_id: rep.id, content: "Are the tomatoes in?" })
    const ack = await ours.ack("m1")
    expect(ack).toMatchObject({ type: "ack", seq: 1, conversation_id: conversation })
    const message = await theirs.hear("the message", (frame) => frame.type === "message")
    expect(message).toMatchObject({
      id: ack.id,
      seq: 1,
      sender_id: buyer.owner.id,
      recipient_id: rep.id,
      content: "Are the tomatoes in?",
      attachment_url: null,
    })
    expect(message.client_id).toBeUndefined()
    expect(await ours.hear("delivered", (frame) => frame.type === "delivered")).toMatchObject({ user_id: rep.id, up_to_seq: 1 })
    expect(ours.of("message")).toEqual([])
    for (const device of [ours, theirs]) device.hangUp()
  })

  test("INV-CHT-2: sent again under its client_id, also on another socket, is the same message", async () => {
    const first = await connect(buyer.token)
    first.say({ client_id: "twice", conversation_id: conversation, content: "Once" })
    const ack = await first.ack("twice")
    first.hangUp()
    const second = await connect(buyer.token)
    second.say({ client_id: "twice", conversation_id: conversation, content: "Once" })
    expect(await second.ack("twice")).toEqual(ack)
    const { body } = await api("GET", `/chat/conversations/${conversation}/messages`, { token: rep.token })
    expect(body.data.filter(({ content }: { content: string }) => content === "Once")).toHaveLength(1)
    second.hangUp()
  })

  test("is kept in NFC without control characters, line breaks and tabs aside, and never escaped", async () => {
    const device = await connect(buyer.token)
    device.say({ client_id: "text", conversation_id: conversation, content: "Cafe\u0301\u0000\u0007 <b>\r\nfresh</b>\t!" })
    await device.ack("text")
    const { body } = await api("GET", `/chat/conversations/${conversation}/messages?limit=1`, { token: rep.token })
    expect(body.data[0].content).toBe("Café <b>\nfresh</b>\t!")
    expect(body.data[0].client_id).toBeUndefined()
    device.hangUp()
  })

  test("reaches the sender's other devices, which know it by its client_id", async () => {
    const [phone, laptop] = [await connect(buyer.token), await connect(buyer.token)]
    phone.say({ client_id: "mine", conversation_id: conversation, content: "From the phone" })
    const ack = await phone.ack("mine")
    expect(await laptop.hear("it", (frame) => frame.type === "message")).toMatchObject({ id: ack.id, client_id: "mine" })
    for (const device of [phone, laptop]) device.hangUp()
  })

  test("between colleagues is theirs alone", async () => {
    const clerk = await hire(supplier.token, "warehouse_op")
    const [one, other] = [await connect(rep.token), await connect(clerk.token)]
    one.say({ client_id: "pair", recipient_id: clerk.id, content: "Lunch?" })
    const { conversation_id } = await one.ack("pair")
    expect(await other.hear("it", (frame) => frame.type === "message")).toMatchObject({ conversation_id, content: "Lunch?" })
    const outside = await api("GET", `/chat/conversations/${conversation_id}/messages`, { token: supplier.token })
    expect(outside.status).toBe(404)
    const history = await api("GET", `/chat/history/${rep.id}`, { token: clerk.token })
    expect(history.body.data.map(({ content }: { content: string }) => content)).toEqual(["Lunch?"])
    const list = await api("GET", "/chat/conversations", { token: clerk.token })
    expect(list.body.data.find(({ id }: { id: string }) => id === conversation_id)).toMatchObject({
      kind: "colleagues",
      counterpart: { id: rep.id },
      unread_count: 1,
    })
    for (const device of [one, other]) device.hangUp()
  })

  test("is refused without an approved link, the same to a stranger as to nobody", async () => {
    const stranger = await signUp(["supplier"])
    const device = await connect(buyer.token)
    device.say({ client_id: "a", recipient_id: stranger.owner.id, content: "Hello" })
    device.say({ client_id: "b", recipient_id: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq", content: "Hello" })
    const { client_id: _a, ...one } = await device.ack("a")
    const { client_id: _b, ...other } = await device.ack("b")
    expect(one).toEqual(other)
    expect(one.code).toBe("LINK_NOT_APPROVED")
    device.hangUp()
  })

  test("with an attachment names a file of one's own that lies here", async () => {
    const device = await connect(buyer.token)
    const file = "fil_01jd8x2y3zf4g5h6j7k8m9n0pq"
    for (const [id, attachment_url] of [
      ["evil", `https://evil.test/api/v1/files/${file}/content`],
      ["script", "javascript:alert(1)"],
      ["user", `http://someone@api.waybill.test/api/v1/files/${file}/content`],
      ["other", "http://api.waybill.test/api/v1/auth/me"],
    ] as const) {
      device.say({ client_id: id, conversation_id: conversation, content: "Look", attachment_url })
      expect([id, await device.ack(id)]).toEqual([
        id,
        expect.objectContaining({ code: "VALIDATION_FAILED", message: expect.stringMatching(/^attachment_url/) }),
      ])
    }
    device.say({ client_id: "unknown", conversation_id: conversation, content: "Look", attachment_ids: [file] })
    expect((await device.ack("unknown")).code).toBe("VALIDATION_FAILED")
    device.say({ client_id: "none", conversation_id: conversation, content: "Seed", attachment_url: null })
    expect((await device.ack("none")).type).toBe("ack")
    device.hangUp()
  })
})

describe("files in a conversation", () => {
  test("are seen by both organizations once they were sent, by nobody else, and go with one message alone", async () => {
    const [device, other] = [await connect(buyer.token), await connect(supplier.token)]
    const { id } = await uploaded(buyer.token, "chat_attachment", await png(), "cod.png")
    const seen = async (token: string) => (await api("GET", `/files/${id}`, { token })).status
    expect(await seen(supplier.token)).toBe(404)
    device.say({ client_id: "photo", conversation_id: conversation, content: "This one.", attachment_ids: [id] })
    const { seq } = await device.ack("photo")
    expect(await other.hear("the photo", ({ type, content }) => type === "message" && content === "This one.")).toMatchObject({
      seq,
      attachments: [{ file_id: id, name: "cod.png", content_type: "image/png" }],
      attachment_url: `/api/v1/files/${id}/content`,
    })
    const stranger = await signUp(["buyer"])
    expect([await seen(supplier.token), await seen(buyer.token), await seen(stranger.token)]).toEqual([200, 200, 404])

    device.say({ client_id: "photo", conversation_id: conversation, content: "This one.", attachment_ids: [id] })
    expect(await device.ack("photo"), "a repeat").toMatchObject({ type: "ack", seq })
    device.say({ client_id: "again", conversation_id: conversation, content: "And again.", attachment_ids: [id] })
    expect(await device.ack("again")).toMatchObject({ type: "error", code: "VALIDATION_FAILED" })
    other.say({ client_id: "theirs", conversation_id: conversation, content: "Mine now.", attachment_ids: [id] })
    expect(await other.ack("theirs"), "who only sees it").toMatchObject({ type: "error", code: "VALIDATION_FAILED" })
    device.hangUp()
    other.hangUp()
  })

  test("between colleagues are for the two alone", async () => {
    const [ann, ben, eve] = [
      await hire(supplier.token, "sales_rep"),
      await hire(supplier.token, "sales_rep"),
      await hire(supplier.token, "admin"),
    ]
    const device = await connect(ann.token)
    const { id } = await uploaded(ann.token, "chat_attachment", await png(), "plan.png")
    device.say({ client_id: "plan", recipient_id: ben.id, content: "The plan.", attachment_ids: [id] })
    expect((await device.ack("plan")).type).toBe("ack")
    const seen = async (token: string) => (await api("GET", `/files/${id}`, { token })).status
    expect([await seen(ann.token), await seen(ben.token), await seen(eve.token), await seen(buyer.token)]).toEqual([200, 200, 404, 404])
    device.hangUp()
  })
})

describe("a link's state", () => {
  test("INV-CHT-3: ends sending at once and reading never, and comes back with an approval", async () => {
    const [ourSupplier, ourBuyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const id = await link(ourSupplier, ourBuyer)
    const cnv = conversationOf(id)
    const [one, other] = [await connect(ourBuyer.token), await connect(ourSupplier.token)]
    one.say({ client_id: "1", conversation_id: cnv, content: "Before" })
    expect(await seqOf(one, "1")).toBe(1)
    await setLink(ourSupplier, id, "BLOCKED")
    for (const [device, key] of [
      [one, "2"],
      [other, "3"],
    ] as const) {
      device.say({ client_id: key, conversation_id: cnv, content: "After" })
      expect((await device.ack(key)).code).toBe("LINK_NOT_APPROVED")
      device.say({ type: "typing", conversation_id: cnv })
    }
    const read = await api("GET", `/chat/conversations/${cnv}/messages`, { token: ourBuyer.token })
    expect(read.body.data).toHaveLength(1)
    await setLink(ourSupplier, id, "APPROVED")
    one.say({ client_id: "4", conversation_id: cnv, content: "Again" })
    expect(await seqOf(one, "4")).toBe(2)
    expect(other.of("typing")).toEqual([])
    // A repeat of what was stored is answered while the link is blocked, too.
    await setLink(ourSupplier, id, "BLOCKED")
    one.say({ client_id: "4", conversation_id: cnv, content: "Again" })
    await eventually(
      "the second ack",
      3_000,
      async () => one.heard.filter((frame) => frame.type === "ack" && frame.client_id === "4").length === 2,
    )
    for (const device of [one, other]) device.hangUp()
  })

  test("INV-CHT-1: makes a conversation with the first approval, not before", async () => {
    const [ourSupplier, ourBuyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const asked = await api("POST", "/links/request", { token: ourBuyer.token, body: { supplier_id: ourSupplier.org.id } })
    const cnv = conversationOf(asked.body.id)
    const early = await connect(ourBuyer.token)
    early.say({ client_id: "1", conversation_id: cnv, content: "Please" })
    expect((await early.ack("1")).code).toBe("NOT_FOUND")
    early.say({ client_id: "2", recipient_id: ourSupplier.owner.id, content: "Please" })
    expect((await early.ack("2")).code).toBe("LINK_NOT_APPROVED")
    expect((await api("GET", `/chat/history/${ourSupplier.owner.id}`, { token: ourBuyer.token })).status).toBe(404)
    await setLink(ourSupplier, asked.body.id, "APPROVED")
    early.say({ client_id: "3", recipient_id: ourSupplier.owner.id, content: "Thank you" })
    expect(await seqOf(early, "3")).toBe(1)
    early.hangUp()
  })
})

describe("resume", () => {
  test("INV-CHT-7: brings exactly what was missed, in order, then the marks, and nothing twice", async () => {
    const [ourSupplier, ourBuyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const cnv = conversationOf(await link(ourSupplier, ourBuyer))
    const writer = await connect(ourBuyer.token)
    for (let n = 1; n <= 7; n += 1) writer.say({ client_id: `n${n}`, conversation_id: cnv, content: `${n}` })
    await writer.ack("n7")
    const reader = await connect(ourSupplier.token)
    reader.say({ type: "resume", after: { [cnv]: 3 } })
    const done = await reader.hear("the end", (frame) => frame.type === "resumed")
    expect(done).toEqual({ type: "resumed", conversations: { [cnv]: 7 }, more: [] })
    expect(reader.of("message").map(({ seq }) => seq)).toEqual([4, 5, 6, 7])
    expect(reader.of("read")).toEqual([{ type: "read", conversation_id: cnv, user_id: ourBuyer.owner.id, up_to_seq: 7 }])
    writer.say({ client_id: "n8", conversation_id: cnv, content: "8" })
    await reader.hear("the next", (frame) => frame.type === "message" && frame.seq === 8)
    reader.say({ type: "resume", after: { [cnv]: 5 } })
    await eventually("the second end", 25_000, async () => reader.of("resumed").length === 2)
    expect(reader.of("message").map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8])
    for (const device of [writer, reader]) device.hangUp()
  })

  test("names conversations that are not one's own as unknown", async () => {
    const stranger = await signUp(["buyer"])
    const device = await connect(stranger.token)
    device.say({ type: "resume", after: { [conversation]: 0 } })
    expect(await device.hear("the end", (frame) => frame.type === "resumed")).toEqual({ type: "resumed", conversations: {}, more: [] })
    expect(device.of("error")).toEqual([expect.objectContaining({ code: "NOT_FOUND", conversation_id: conversation })])
    device.hangUp()
  })
})

describe("marks, typing, presence, ping", () => {
  test("are told to who is there", async () => {
    const [ourSupplier, ourBuyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const cnv = conversationOf(await link(ourSupplier, ourBuyer))
    const one = await connect(ourBuyer.token)
    one.say({ client_id: "1", conversation_id: cnv, content: "Anybody?" })
    await one.ack("1")
    const other = await connect(ourSupplier.token)
    expect(await one.hear("presence", (frame) => frame.type === "presence")).toMatchObject({
      conversation_id: cnv,
      user_id: ourSupplier.owner.id,
      status: "online",
    })
    other.say({ type: "typing", conversation_id: cnv })
    expect(await one.hear("typing", (frame) => frame.type === "typing")).toMatchObject({ user_id: ourSupplier.owner.id })
    other.say({ type: "read", conversation_id: cnv, up_to_seq: 1 })
    expect(await one.hear("read", (frame) => frame.type === "read")).toMatchObject({ user_id: ourSupplier.owner.id, up_to_seq: 1 })
    other.say({ type: "ping" })
    await other.hear("pong", (frame) => frame.type === "pong")
    other.say({ type: "read", conversation_id: cnv, up_to_seq: 99 })
    expect(await other.hear("the refusal", (frame) => frame.type === "error")).toMatchObject({ code: "VALIDATION_FAILED" })
    for (const device of [one, other]) device.hangUp()
  })
})

describe("INV-CHT-5: access that ends", () => {
  test("closes the sockets that carry the subject, and no others", async () => {
    const [staying, going] = [await connect(buyer.token), await connect(rep.token)]
    await callInbox(env, rep.id as UserId, (inbox) => inbox.revoke([`${supplier.org.id}/sales_rep`]))
    await callInbox(env, buyer.owner.id as UserId, (inbox) => inbox.revoke([`${supplier.org.id}/sales_rep`]))
    expect(await going.closing()).toEqual({ code: 4403, reason: "Access was revoked" })
    staying.say({ type: "ping" })
    await staying.hear("pong", (frame) => frame.type === "pong")
    staying.hangUp()
  })

  test("opens no socket for who was disabled a moment ago, elsewhere", async () => {
    const clerk = await hire(supplier.token, "staff")
    const { body } = await api("POST", "/chat/tickets", { token: clerk.token })
    // Another isolate's revocation, which this one has not read yet.
    await d1("insert into revocations (subject, not_before, expires_at) values (?, ?, ?)", clerk.id, Date.now() + 1, Date.now() + 900_000)
    for (const options of [{ token: clerk.token }, { ticket: body.ticket as string }]) expect((await open(options)).status).toBe(401)
  })

  test("keeps the oldest sockets from piling up: the eleventh takes the place of the first", async () => {
    const crowd = await hire(supplier.token, "staff")
    const devices: Device[] = []
    for (let n = 0; n < 11; n += 1) devices.push(await connect(crowd.token))
    expect((await (devices[0] as Device).closing()).code).toBe(4409)
    devices[10]?.say({ type: "ping" })
    await devices[10]?.hear("pong", (frame) => frame.type === "pong")
    for (const device of devices) device.hangUp()
  })

  test("lets a deactivated organization read and not write", async () => {
    const [ourSupplier, ourBuyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
    const cnv = conversationOf(await link(ourSupplier, ourBuyer))
    await api("DELETE", `/organizations/${ourBuyer.org.id}`, { token: ourBuyer.token })
    const { token } = await signIn(ourBuyer.owner.email)
    const device = await connect(token)
    device.say({ client_id: "1", conversation_id: cnv, content: "Still here" })
    expect((await device.ack("1")).code).toBe("FORBIDDEN")
    device.say({ type: "resume", after: { [cnv]: 0 } })
    await device.hear("the end", (frame) => frame.type === "resumed")
    device.hangUp()
  })
})
