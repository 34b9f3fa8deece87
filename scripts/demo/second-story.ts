import { randomUUID } from "node:crypto"
import type { Answer, Api } from "../lib/api.ts"
import { created, founds, joins, type Person, refused } from "./cast.ts"
import type { Checks } from "./checks.ts"
import { Feed } from "./feed.ts"
import { isAck, isError, isMessage, Phone } from "./phone.ts"
import { photo } from "./photo.ts"
import { Receiver } from "./receiver.ts"

/** The second story: the two companies talk, share photos, settle a complaint, and hear of everything as it happens. What it verified, in words. */
export async function tellSecondStory(api: Api, checks: Checks): Promise<string> {
  const story = new SecondStory(api, checks, randomUUID().slice(0, 8))
  try {
    await story.theyMeet()
    await story.theyTalk()
    await story.aPhotoIsSent()
    await story.theLinkIsBlocked()
    await story.itHappensLive()
    await story.mailsGoOut()
    await story.aComplaintIsSettled()
    await story.anotherSystemListens()
  } finally {
    await story.ends()
  }
  return "chat with tickets, acks, resume and read marks, photos and who sees them, blocking, live events, notifications and mails, complaints from open to closed, signed webhooks"
}

class SecondStory {
  readonly #api: Api
  readonly #checks: Checks
  readonly #run: string
  readonly #toEnd: Array<() => Promise<void>> = []
  #owner: Person = nobody
  #manager: Person = nobody
  #rep: Person = nobody
  #chef: Person = nobody
  #stranger: Person = nobody
  #linkId = ""
  #orderId = ""
  #orderNumber = ""
  #conversationId = ""

  constructor(api: Api, checks: Checks, run: string) {
    this.#api = api
    this.#checks = checks
    this.#run = run
  }

  async ends(): Promise<void> {
    for (const end of this.#toEnd.reverse()) await end()
  }

  async theyMeet(): Promise<void> {
    this.#checks.chapter("12. A fishmonger and a restaurant, with more people")
    this.#owner = await founds(this.#api, this.#run, "fishmonger", "Harbour Fish", "supplier")
    this.#chef = await founds(this.#api, this.#run, "cook", "Quayside Kitchen", "buyer")
    this.#stranger = await founds(this.#api, this.#run, "passer-by", "Someone Else", "buyer")
    this.#manager = await joins(this.#api, this.#run, this.#owner, "mona", "manager")
    this.#rep = await joins(this.#api, this.#run, this.#owner, "rasmus", "sales_rep")
    const link = await this.#api.must("POST", "/links/request", {
      token: this.#chef.token,
      body: { supplier_id: this.#owner.organizationId, message: "Cod, on Fridays." },
    })
    this.#linkId = link.text("id")
    await this.#link("APPROVED")
    const cod = await this.#api.must("POST", "/products", {
      token: this.#owner.token,
      body: { sku: "COD-1", name: "Cod", price: "12.50", unit: "kg", stock_quantity: 500 },
    })
    const order = await this.#api.must("POST", "/orders", {
      token: this.#chef.token,
      body: { supplier_id: this.#owner.organizationId, items: [{ product_id: cod.text("id"), quantity: 8 }] },
    })
    this.#orderId = order.text("id")
    this.#orderNumber = order.text("number")
    this.#checks.equal("they are linked and have an order", [order.status, order.at("status")], [201, "PENDING"])
  }

  async theyTalk(): Promise<void> {
    this.#checks.chapter("13. They talk")
    const withToken = await this.#api.get(`/chat/ws?token=${this.#chef.token}`)
    this.#checks.equal("an access token in the address is refused", withToken.status >= 400 && withToken.status < 500, true)
    const ticket = (await this.#api.must("POST", "/chat/tickets", { token: this.#chef.token })).text("ticket")
    const chef = await Phone.withTicket(this.#api, ticket)
    const again = await Phone.withTicket(this.#api, ticket).then(
      () => "opened",
      () => "refused",
    )
    this.#checks.equal("a ticket opens one socket", again, "refused")
    const rep = await Phone.open(this.#api, this.#rep)

    chef.send({ client_id: "c1", recipient_id: this.#rep.userId, content: "Is the cod fresh?", attachment_url: null })
    const ack = await chef.hears(isAck("c1"))
    this.#checks.equal("the chef's first message is acknowledged as number 1", ack["seq"], 1)
    const heard = await rep.hears(isMessage("Is the cod fresh?"))
    this.#conversationId = String(heard["conversation_id"])
    this.#checks.equal(
      "and the sales rep gets it, with who sent it",
      [heard["type"], heard["id"], heard["sender_id"]],
      ["message", ack["id"], this.#chef.userId],
    )
    chef.send({ client_id: "c1", recipient_id: this.#rep.userId, content: "Is the cod fresh?" })
    this.#checks.equal("sent again, it gets the same acknowledgement", (await chef.hears(isAck("c1")))["seq"], 1)

    await rep.hangsUp()
    for (const content of ["Hello?", "Rasmus?"]) {
      chef.send({ client_id: content, conversation_id: this.#conversationId, content })
      await chef.hears(isAck(content))
    }
    const inbox = await this.#eventually(async () => {
      const shown = await this.#conversations(this.#manager)
      return shown?.number("unread_count") === 3 ? shown : undefined
    })
    this.#checks.equal("the manager, who was away, has three unread in the list", inbox?.number("unread_count"), 3)
    const back = await Phone.open(this.#api, this.#rep)
    back.send({ type: "resume", after: { [this.#conversationId]: 1 } })
    this.#checks.equal(
      "the rep comes back and gets what was missed, in order",
      [(await back.hears(isMessage("Hello?")))["seq"], (await back.hears(isMessage("Rasmus?")))["seq"]],
      [2, 3],
    )
    back.send({ type: "read", conversation_id: this.#conversationId, up_to_seq: 3 })
    const read = await chef.hears((frame) => frame["type"] === "read")
    this.#checks.equal("the chef sees that it was read", [read["user_id"], read["up_to_seq"]], [this.#rep.userId, 3])
    const history = await this.#api.get(`/chat/history/${this.#rep.userId}?limit=2`, { token: this.#chef.token })
    this.#checks.equal("the history comes in pages", [history.list("data").length, history.text("next_cursor") !== ""], [2, true])
    const spied = await this.#api.get(`/chat/conversations/${this.#conversationId}/messages`, { token: this.#stranger.token })
    refused(this.#checks, "to a stranger the conversation does not exist", spied, 404, "NOT_FOUND")
    await back.hangsUp()
    await chef.hangsUp()
  }

  async aPhotoIsSent(): Promise<void> {
    this.#checks.chapter("14. A photo of the cod")
    const file = await this.#upload("chat_attachment", "cod.png", photo, this.#chef)
    created(this.#checks, "the chef uploads it", file)
    this.#checks.equal(
      "its type is found from what it holds",
      [file.at("content_type"), file.at("size_bytes")],
      ["image/png", photo.byteLength],
    )
    const forged = await this.#upload("chat_attachment", "cod.png", new Uint8Array(Buffer.from("<svg onload='alert(1)'/>")), this.#chef)
    this.#checks.equal("something else by that name is refused", forged.status, 415)
    const early = await this.#api.get(`/files/${file.text("id")}`, { token: this.#rep.token })
    refused(this.#checks, "before it is sent nobody else sees it", early, 404, "NOT_FOUND")
    const chef = await Phone.open(this.#api, this.#chef)
    const rep = await Phone.open(this.#api, this.#rep)
    chef.send({
      client_id: "photo",
      conversation_id: this.#conversationId,
      content: "This one.",
      attachment_ids: [file.text("id")],
    })
    await chef.hears(isAck("photo"))
    const heard = await rep.hears(isMessage("This one."))
    const [attached] = heard["attachments"] as Array<{ file_id: string; name: string }>
    this.#checks.equal("the rep gets the message with it", [attached?.file_id, attached?.name], [file.text("id"), "cod.png"])
    const meta = await this.#api.get(`/files/${file.text("id")}`, { token: this.#rep.token })
    this.#checks.equal("and may see it now", meta.status, 200)
    const bytes = await fetch(new URL(meta.text("url"), this.#api.base))
    this.#checks.equal(
      "by a signed address that lasts a while",
      [
        bytes.status,
        bytes.headers.get("content-type"),
        bytes.headers.get("x-content-type-options"),
        (await bytes.arrayBuffer()).byteLength,
      ],
      [200, "image/png", "nosniff", photo.byteLength],
    )
    const altered = await fetch(new URL(meta.text("url").replace(file.text("id"), "fil_01jd8x2y3zf4g5h6j7k8m9n0pq"), this.#api.base))
    await altered.body?.cancel()
    this.#checks.equal("and for nothing else", altered.status >= 400 && altered.status < 500, true)
    const stranger = await this.#api.get(`/files/${file.text("id")}`, { token: this.#stranger.token })
    refused(this.#checks, "to a stranger there is no such file", stranger, 404, "NOT_FOUND")
    await chef.hangsUp()
    await rep.hangsUp()
  }

  async theLinkIsBlocked(): Promise<void> {
    this.#checks.chapter("15. The supplier blocks the restaurant")
    const chef = await Phone.open(this.#api, this.#chef)
    await this.#link("BLOCKED")
    chef.send({ client_id: "blocked", conversation_id: this.#conversationId, content: "Hey!" })
    this.#checks.equal("writing stops at once", (await chef.hears(isError))["code"], "LINK_NOT_APPROVED")
    const history = await this.#api.get(`/chat/conversations/${this.#conversationId}/messages`, { token: this.#chef.token })
    this.#checks.equal("what was said can still be read", [history.status, history.list("data").length], [200, 4])
    await this.#link("APPROVED")
    chef.send({ client_id: "again", conversation_id: this.#conversationId, content: "Thanks." })
    this.#checks.equal("and with the link it comes back", (await chef.hears(isAck("again")))["client_id"], "again")
    await chef.hangsUp()
  }

  async itHappensLive(): Promise<void> {
    this.#checks.chapter("16. What happens shows as it happens")
    const feed = await Feed.open(this.#api, this.#chef)
    this.#toEnd.push(() => feed.close())
    const accepted = await this.#setStatus("ACCEPTED")
    const at = Date.now()
    const event = await feed.hears((type, data) => type === "order.accepted" && orderIn(data) === this.#orderId)
    this.#checks.equal("the supplier accepts", accepted.status, 200)
    this.#checks.equal("and the restaurant's screen knows within a second", Date.now() - at < 1_000, true)
    await feed.close()
    await this.#setStatus("IN_DELIVERY")
    const resumed = await Feed.open(this.#api, this.#chef, event.id)
    this.#toEnd.push(() => resumed.close())
    const missed = await resumed.hears((type) => type.startsWith("order."))
    this.#checks.equal("a screen that was off gets what it missed", missed.type, "order.in_delivery")
    await resumed.close()
  }

  async mailsGoOut(): Promise<void> {
    this.#checks.chapter("17. Who should know is told")
    const mail = await this.#eventually(async () => {
      const mails = await this.#mailsTo(this.#chef)
      return mails.find((one) => one.text("subject").includes(this.#orderNumber))
    })
    this.#checks.equal(
      "the chef has a mail about the order, in words and in HTML",
      [mail?.text("text") !== "", mail?.text("html") !== ""],
      [true, true],
    )
    const notes = await this.#eventually(async () => {
      const page = await this.#api.get("/notifications", { token: this.#chef.token })
      return page.list("data").length > 0 ? page : undefined
    })
    this.#checks.equal("and notifications that are not read yet", (notes?.number("unread_count") ?? 0) > 0, true)
    const [first] = notes?.list("data") ?? []
    const read = await this.#api.post(`/notifications/${first?.text("id") ?? ""}/read`, { token: this.#chef.token })
    this.#checks.equal("one is read", read.status < 300, true)
    const own = await this.#mailsTo(this.#owner)
    this.#checks.equal(
      "the supplier's owner, who accepted it, has no mail about that",
      own.filter((one) => /accepted/i.test(one.text("subject"))).length,
      0,
    )
  }

  async aComplaintIsSettled(): Promise<void> {
    this.#checks.chapter("18. A complaint")
    await this.#setStatus("COMPLETED")
    const evidence = await this.#upload("complaint_evidence", "warm.png", photo, this.#chef)
    const complaint = await this.#api.post("/complaints", {
      token: this.#chef.token,
      body: {
        order_id: this.#orderId,
        title: "Two kilos were warm",
        description: "The ice had melted.",
        evidence: [evidence.text("id")],
      },
    })
    created(this.#checks, "the chef complains, with a photo", complaint)
    const path = `/complaints/${complaint.text("id")}`
    const act = (who: Person, verb: string, body?: unknown): Promise<Answer> =>
      this.#api.put(`${path}/${verb}`, { token: who.token, ...(body === undefined ? {} : { body }) })
    const assigned = await act(this.#rep, "assign")
    this.#checks.equal("the sales rep takes it", [assigned.status, assigned.at("assignee_id")], [200, this.#rep.userId])
    const seen = await this.#api.get(`/files/${evidence.text("id")}`, { token: this.#rep.token })
    this.#checks.equal("and sees the photo", seen.status, 200)
    const escalated = await act(this.#rep, "escalate", { reason: "More than I may credit." })
    this.#checks.equal("and passes it up", [escalated.status, escalated.at("level")], [200, "MANAGER"])
    const tooLow = await act(this.#rep, "resolve", { kind: "CREDIT", text: "Here." })
    this.#checks.equal("from where it is not the rep's to resolve", tooLow.status >= 403, true)
    const resolved = await act(this.#manager, "resolve", { kind: "CREDIT", text: "25.00 off the next order." })
    this.#checks.equal("the manager resolves it with a credit", [resolved.status, resolved.at("resolution.kind")], [200, "CREDIT"])
    const reopened = await act(this.#chef, "reopen", { reason: "It was three kilos." })
    this.#checks.equal("the chef is not content", reopened.status, 200)
    await act(this.#manager, "resolve", { kind: "CREDIT", text: "37.50 off the next order." })
    const closed = await act(this.#chef, "confirm")
    this.#checks.equal("the chef is content now", [closed.status, closed.at("status")], [200, "CLOSED"])
    const late = await act(this.#chef, "reopen")
    refused(this.#checks, "what is closed stays closed", late, 409, "INVALID_TRANSITION")
    const spied = await this.#api.get(path, { token: this.#stranger.token })
    refused(this.#checks, "to a stranger there is no such complaint", spied, 404, "NOT_FOUND")
    const log = await fetch(`${this.#api.base}/api/v1/complaints/export`, { headers: { authorization: `Bearer ${this.#manager.token}` } })
    this.#checks.equal(
      "the incident log is a CSV file with it",
      [log.status, log.headers.get("content-type")?.startsWith("text/csv"), (await log.text()).includes("Two kilos were warm")],
      [200, true, true],
    )
  }

  async anotherSystemListens(): Promise<void> {
    this.#checks.chapter("19. Another system listens")
    const receiver = await Receiver.open()
    this.#toEnd.push(() => receiver.close())
    const webhook = await this.#api.post("/webhooks", {
      token: this.#owner.token,
      body: { url: receiver.url, event_types: ["order.placed"] },
    })
    created(this.#checks, "the supplier's own system subscribes to orders", webhook)
    const order = await this.#api.must("POST", `/orders/${this.#orderId}/reorder`, { token: this.#chef.token })
    const delivery = await receiver.hears(webhook.text("secret"))
    this.#checks.equal("the next order reaches it, signed", delivery.isVerified, true)
    this.#checks.equal("and says which", delivery.text.includes(order.text("id")), true)
    const shown = await this.#api.get("/webhooks", { token: this.#owner.token })
    this.#checks.equal("its secret was shown once", shown.at("data.0.secret") ?? null, null)
    const deliveries = await this.#eventually(async () => {
      const page = await this.#api.get(`/webhooks/${webhook.text("id")}/deliveries`, { token: this.#owner.token })
      return page.at("data.0.status") === "DELIVERED" ? page : undefined
    })
    this.#checks.equal("the log has the delivery", deliveries?.at("data.0.status"), "DELIVERED")
  }

  async #link(status: string): Promise<void> {
    await this.#api.must("PUT", `/links/${this.#linkId}/status`, { token: this.#owner.token, body: { status } })
  }

  #setStatus(status: string): Promise<Answer> {
    return this.#api.put(`/orders/${this.#orderId}/status`, { token: this.#owner.token, body: { status } })
  }

  async #conversations({ token }: Person): Promise<Answer | undefined> {
    const page = await this.#api.get("/chat/conversations", { token })
    return page.list("data").find((one) => one.text("id") === this.#conversationId)
  }

  async #mailsTo({ email }: Person): Promise<Answer[]> {
    return (await this.#api.get(`./dev/mail?to=${encodeURIComponent(email)}`)).list("data")
  }

  async #upload(purpose: string, name: string, bytes: Uint8Array<ArrayBuffer>, { token }: Person): Promise<Answer> {
    return this.#api.upload(`/files?purpose=${purpose}&name=${name}`, { token, bytes })
  }

  /** What comes by way of a queue comes a moment later. */
  async #eventually<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
    const deadline = Date.now() + eventuallyMs
    for (;;) {
      const found = await look()
      if (found !== undefined || Date.now() > deadline) return found
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

const eventuallyMs = 15_000

const nobody: Person = { userId: "", organizationId: "", email: "", token: "" }

const orderIn = (data: unknown): unknown =>
  typeof data === "object" && data !== null
    ? ((data as { data?: { id?: unknown; order_id?: unknown } }).data?.order_id ?? (data as { data?: { id?: unknown } }).data?.id)
    : undefined
