import { beforeAll, describe, expect, test } from "vitest"
import { connect, conversationOf, type Device, link } from "../../support/chat.ts"
import { d1, eventually, quiet } from "../../support/ledger.ts"
import { api, auditOf, hire, type Person, signUp, type World } from "../../support/world.ts"

quiet()

let supplier: World
let buyer: World
let rep: Person
let stranger: World
let conversation: string
let linkId: string

const conversationsOf = async (token: string) => (await api("GET", "/chat/conversations", { token })).body.data

beforeAll(async () => {
  ;[supplier, buyer, stranger] = await Promise.all([signUp(["supplier"]), signUp(["buyer"]), signUp(["buyer"])])
  rep = await hire(supplier.token, "sales_rep")
  linkId = await link(supplier, buyer)
  conversation = conversationOf(linkId)
})

async function say(device: Device, id: string, content: string): Promise<void> {
  device.say({ client_id: id, conversation_id: conversation, content })
  await device.ack(id)
}

describe("conversations", () => {
  test("are listed for both sides from the approval on, also for those who never connected", async () => {
    await eventually("the list", 25_000, async () => (await conversationsOf(rep.token)).length === 1)
    for (const [token, name] of [
      [rep.token, buyer.org.name],
      [buyer.token, supplier.org.name],
    ] as const) {
      await eventually("the list", 25_000, async () => (await conversationsOf(token)).length === 1)
      expect(await conversationsOf(token)).toEqual([
        expect.objectContaining({
          id: conversation,
          kind: "link",
          link_id: linkId,
          counterpart: expect.objectContaining({ name }),
          may_send: true,
          unread_count: 0,
          last_message: null,
        }),
      ])
    }
    expect(await conversationsOf(stranger.token)).toEqual([])
  })

  test("INV-CHT-9: tell last message and unread count, soon for who is away and at once for who is there", async () => {
    const [writer, reader] = [await connect(buyer.token), await connect(supplier.token)]
    reader.say({ type: "resume", after: {} })
    for (const n of [1, 2, 3]) await say(writer, `list-${n}`, `Number ${n}`)
    await reader.hear("the third", (frame) => frame.type === "message" && frame.content === "Number 3")
    for (const token of [supplier.token, buyer.token]) {
      const [shown] = await conversationsOf(token)
      expect(shown).toMatchObject({ last_seq: 3, unread_count: token === buyer.token ? 0 : 3, last_message: { content: "Number 3" } })
    }
    await eventually("the list of who is away", 25_000, async () => (await conversationsOf(rep.token))[0].unread_count === 3)
    const marked = await api("PUT", `/chat/conversations/${conversation}/read`, { token: rep.token, body: { up_to_seq: 2 } })
    expect([marked.status, marked.body]).toEqual([200, { conversation_id: conversation, up_to_seq: 2, unread_count: 1 }])
    expect((await conversationsOf(rep.token))[0]).toMatchObject({ read_seq: 2, unread_count: 1 })
    expect(await writer.hear("the mark", (frame) => frame.type === "read" && frame.user_id === rep.id)).toMatchObject({ up_to_seq: 2 })
    for (const device of [writer, reader]) device.hangUp()
  })

  test("are paged, the last one written in first", async () => {
    const firm = await signUp(["supplier"])
    const partners = [await signUp(["buyer"]), await signUp(["buyer"]), await signUp(["buyer"])]
    const ids: string[] = []
    for (const partner of partners) ids.push(conversationOf(await link(firm, partner)))
    const device = await connect(firm.token)
    device.say({ client_id: "x", conversation_id: ids[0], content: "You first" })
    await device.ack("x")
    await eventually("the first on top", 25_000, async () => (await conversationsOf(firm.token))[0]?.id === ids[0])
    const seen: string[] = []
    let cursor = ""
    for (let page = 0; page < 5; page += 1) {
      const { body } = await api("GET", `/chat/conversations?limit=1${cursor}`, { token: firm.token })
      seen.push(...body.data.map(({ id }: { id: string }) => id))
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    expect(seen[0]).toBe(ids[0])
    expect(seen.toSorted()).toEqual(ids.toSorted())
    device.hangUp()
  })
})

describe("messages", () => {
  test("are read page by page, newest first, by conversation and by user", async () => {
    const device = await connect(buyer.token)
    for (const n of [1, 2, 3, 4, 5]) await say(device, `page-${n}`, `Page ${n}`)
    const seen: number[] = []
    let path: string | undefined = `/chat/conversations/${conversation}/messages?limit=2`
    while (path !== undefined) {
      const { status, body } = await api("GET", path, { token: rep.token })
      expect(status).toBe(200)
      seen.push(...body.data.map(({ seq }: { seq: number }) => seq))
      path = body.next_cursor === null ? undefined : `/chat/conversations/${conversation}/messages?limit=2&cursor=${body.next_cursor}`
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => seen.length - index))
    const byUser = await api("GET", `/chat/history/${buyer.owner.id}?limit=1`, { token: rep.token })
    expect(byUser.body.data[0]).toMatchObject({ content: "Page 5", conversation_id: conversation })
    device.hangUp()
  })

  test("are nobody else's: 404 for a stranger, whatever is asked", async () => {
    for (const [method, path, body] of [
      ["GET", `/chat/conversations/${conversation}/messages`, undefined],
      ["PUT", `/chat/conversations/${conversation}/read`, { up_to_seq: 0 }],
      ["GET", `/chat/history/${rep.id}`, undefined],
      ["GET", "/chat/history/usr_01jd8x2y3zf4g5h6j7k8m9n0pq", undefined],
      ["GET", `/chat/history/${stranger.owner.id}`, undefined],
    ] as const) {
      const answer = await api(method, path, { token: stranger.token, ...(body === undefined ? {} : { body }) })
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, "NOT_FOUND"])
    }
  })

  test("a mark never goes back, and not beyond the end", async () => {
    const path = `/chat/conversations/${conversation}/read`
    const beyond = await api("PUT", path, { token: rep.token, body: { up_to_seq: 10_000 } })
    expect([beyond.status, beyond.body.errors[0]]).toEqual([422, expect.objectContaining({ pointer: "/up_to_seq", code: "BEYOND_END" })])
    await api("PUT", path, { token: rep.token, body: { up_to_seq: 3 } })
    const back = await api("PUT", path, { token: rep.token, body: { up_to_seq: 1 } })
    expect(back.body.up_to_seq).toBe(3)
    const key = { "idempotency-key": crypto.randomUUID() }
    const first = await api("PUT", path, { token: rep.token, body: { up_to_seq: 4 }, headers: key })
    expect((await api("PUT", path, { token: rep.token, body: { up_to_seq: 4 }, headers: key })).body).toEqual(first.body)
  })
})

describe("tickets", () => {
  test("are people's: neither an API key's nor the platform staff's; a repeat shows none", async () => {
    const made = await api("POST", "/api-keys", { token: supplier.token, body: { name: "Robot", permissions: ["chat.message.read"] } })
    const { status, body } = await api("POST", "/chat/tickets", { token: made.body.secret })
    expect([status, body.code]).toEqual([404, "NOT_FOUND"])
    expect((await api("GET", `/chat/conversations/${conversation}/messages`, { token: made.body.secret })).status).toBe(200)
    const headers = { "idempotency-key": crypto.randomUUID() }
    const first = await api("POST", "/chat/tickets", { token: rep.token, headers })
    const again = await api("POST", "/chat/tickets", { token: rep.token, headers })
    expect([first.status, typeof first.body.ticket]).toEqual([201, "string"])
    expect([again.status, again.body.ticket]).toEqual([201, null])
    const kept = await d1<{ body: string }>("select body from idempotency_keys where org_id = ?", supplier.org.id)
    expect(JSON.stringify(kept)).not.toContain(first.body.ticket.split(".")[1])
  })
})

describe("canned replies", () => {
  const body = { title: "Out for delivery", content: "Dear {{buyer_name}}, order {{ order_number }} has left. {{buyer_name}}!" }

  test("are made, listed with their placeholders, and deleted, each with its audit row", async () => {
    const made = await api("POST", "/chat/canned-replies", { token: rep.token, body })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ title: body.title, placeholders: ["buyer_name", "order_number"], created_by: rep.id })
    expect(made.headers.get("location")).toBe(`/api/v1/chat/canned-replies/${made.body.id}`)
    expect((await api("GET", "/chat/canned-replies", { token: supplier.token })).body.data).toEqual([made.body])
    expect((await api("DELETE", `/chat/canned-replies/${made.body.id}`, { token: stranger.token })).status).toBe(404)
    expect((await api("DELETE", `/chat/canned-replies/${made.body.id}`, { token: rep.token })).status).toBe(204)
    expect((await api("DELETE", `/chat/canned-replies/${made.body.id}`, { token: rep.token })).status).toBe(404)
    const actions = (await auditOf(supplier.org.id)).map(({ action }) => action)
    expect(actions.filter((action) => action.startsWith("chat."))).toEqual(["chat.canned-reply.create", "chat.canned-reply.delete"])
  })

  test("are made once under one key, refused by role, by shape and beyond the limit", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() }
    const first = await api("POST", "/chat/canned-replies", { token: rep.token, body, headers })
    expect((await api("POST", "/chat/canned-replies", { token: rep.token, body, headers })).body).toEqual(first.body)
    expect((await api("GET", "/chat/canned-replies", { token: rep.token })).body.data).toHaveLength(1)
    const clerk = await hire(supplier.token, "warehouse_op")
    expect((await api("GET", "/chat/canned-replies", { token: clerk.token })).status).toBe(403)
    for (const content of ["", "Dear {{Buyer}}", "Dear {{buyer_name}", "{{a}} }}"]) {
      const { status } = await api("POST", "/chat/canned-replies", { token: rep.token, body: { ...body, content } })
      expect([content, status]).toEqual([content, 422])
    }
    await d1(
      "insert into canned_replies (org_id, id, title, content, created_by, created_at) with recursive n (i) as (select 1 union all select i + 1 from n where i < 499) select ?, 'crp_' || printf('%026d', i), 't', 'c', 'x', 0 from n",
      supplier.org.id,
    )
    const full = await api("POST", "/chat/canned-replies", { token: rep.token, body })
    expect([full.status, full.body.code]).toEqual([409, "CONFLICT"])
  })
})
