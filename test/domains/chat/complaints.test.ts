import { beforeAll, describe, expect, test } from "vitest"
import { connect, conversationOf, type Device, type Frame, link, setLink } from "../../support/chat.ts"
import { complain, type Shop, shop, step } from "../../support/complaints.ts"
import { D1Spy } from "../../support/d1-spy.ts"
import { quiet } from "../../support/ledger.ts"
import { api, hire, must, signUp } from "../../support/world.ts"

quiet()

let at: Shop
let complaint: { readonly id: string; readonly link_id: string; readonly conversation_id: string | null }
beforeAll(async () => {
  at = await shop()
  complaint = await complain(at)
})

const says = async (device: Device, clientId: string, frame: object): Promise<Frame> => {
  device.say({ client_id: clientId, content: "About this one", ...frame })
  return device.hear(clientId, ({ type, client_id }) => ["ack", "error"].includes(type) && client_id === clientId, 20_000)
}

describe("INV-CHT-11: a message about a complaint", () => {
  test("is delivered and listed with it, from either side", async () => {
    const conversation = String(complaint.conversation_id)
    expect(conversation).toBe(conversationOf(complaint.link_id))
    const [buyer, rep] = [await connect(at.buyer.token), await connect(at.rep.token)]
    expect(await says(buyer, "b", { conversation_id: conversation, complaint_id: complaint.id })).toMatchObject({ type: "ack" })
    expect(await rep.hear("it", (frame) => frame.type === "message", 20_000)).toMatchObject({ complaint_id: complaint.id })
    expect(await says(rep, "r", { recipient_id: at.buyer.owner.id, complaint_id: complaint.id })).toMatchObject({ type: "ack" })
    expect(await says(rep, "plain", { conversation_id: conversation })).toMatchObject({ type: "ack" })
    const { body } = await api("GET", `/chat/conversations/${conversation}/messages`, { token: at.manager.token })
    expect(body.data.map((message: { complaint_id: string | null }) => message.complaint_id)).toEqual([null, complaint.id, complaint.id])
    const late = await connect(at.manager.token)
    late.say({ type: "resume", after: { [conversation]: 0 } })
    await late.hear("the end", (frame) => frame.type === "resumed", 20_000)
    expect(late.of("message").map(({ complaint_id }) => complaint_id)).toEqual([complaint.id, complaint.id, null])
    for (const device of [buyer, rep, late]) device.hangUp()
  })

  test("costs D1 where it names one, and nothing where it does not", async () => {
    const device = await connect(at.buyer.token)
    const conversation_id = conversationOf(complaint.link_id)
    await says(device, "first", { conversation_id })
    using spy = new D1Spy()
    await says(device, "without", { conversation_id })
    expect(spy.take().filter(({ reason }) => reason?.startsWith("a chat"))).toEqual([])
    await says(device, "with", { conversation_id, complaint_id: complaint.id })
    expect(spy.take().filter(({ reason }) => reason?.startsWith("a chat"))).toHaveLength(1)
    device.hangUp()
  })

  test("between colleagues is about one of their organization's", async () => {
    const device = await connect(at.rep.token)
    expect(await says(device, "c", { recipient_id: at.manager.id, complaint_id: complaint.id })).toMatchObject({ type: "ack" })
    device.hangUp()
  })

  test("is refused alike for another's complaint, one of another link, one that is none, and who may see none", async () => {
    const other = await shop()
    const theirs = await complain(other)
    const third = await signUp(["supplier"])
    const elsewhere = conversationOf(await link(third, at.buyer))
    const conversation_id = conversationOf(complaint.link_id)
    const device = await connect(at.buyer.token)
    const unknown = "cmp_01jd8x2y3zf4g5h6j7k8m9n0pq"
    const answers: Frame[] = []
    for (const [index, frame] of [
      { conversation_id, complaint_id: theirs.id },
      { conversation_id, complaint_id: unknown },
      { conversation_id: elsewhere, complaint_id: complaint.id },
    ].entries()) {
      const { client_id: _, ...answer } = await says(device, `n${index}`, frame)
      answers.push(answer)
    }
    expect(answers.map(({ code }) => code)).toEqual(["VALIDATION_FAILED", "VALIDATION_FAILED", "VALIDATION_FAILED"])
    expect(new Set(answers.map(({ message }) => message)).size).toBe(1)
    expect(await says(device, "kind", { conversation_id, complaint_id: at.order.id })).toMatchObject({ code: "VALIDATION_FAILED" })

    await must(
      201,
      api("POST", "/roles", {
        token: at.supplier.token,
        body: { name: "chatter", permissions: ["chat.message.read", "chat.message.send"] },
      }),
    )
    const clerk = await hire(at.supplier.token, "chatter")
    const blind = await connect(clerk.token)
    expect(await says(blind, "blind", { conversation_id, complaint_id: complaint.id })).toMatchObject({ code: "VALIDATION_FAILED" })
    for (const one of [device, blind]) one.hangUp()
  })
})

describe("a complaint's conversation", () => {
  test("is told in every answer about it while the link is approved, and null once it has ended", async () => {
    const own = await shop()
    const made = await complain(own)
    const conversation = conversationOf(made.link_id)
    const shownTo = async (token: string) => (await must(200, api("GET", `/complaints/${made.id}`, { token }))).conversation_id
    expect([made.conversation_id, await shownTo(own.buyer.token), await shownTo(own.rep.token)]).toEqual([
      conversation,
      conversation,
      conversation,
    ])
    expect((await step(own.rep.token, made.id, "assign")).body.conversation_id).toBe(conversation)
    const tagOf = async () => (await api("GET", `/complaints/${made.id}`, { token: own.buyer.token })).headers.get("etag")
    const before = await tagOf()
    await setLink(own.supplier, made.link_id, "BLOCKED")
    expect(await tagOf(), "what a cache holds is not this any more").not.toBe(before)
    expect([await shownTo(own.buyer.token), await shownTo(own.rep.token)]).toEqual([null, null])
    expect((await step(own.rep.token, made.id, "resolve")).body.conversation_id).toBeNull()
    await setLink(own.supplier, made.link_id, "APPROVED")
    expect(await shownTo(own.buyer.token)).toBe(conversation)
  })
})
