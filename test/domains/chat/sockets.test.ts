import { beforeAll, describe, expect, test } from "vitest"
import { connect, conversationOf, link, setLink } from "../../support/chat.ts"
import { quiet } from "../../support/ledger.ts"
import { api, hire, type Person, signUp, type World } from "../../support/world.ts"

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
  })
})
void [api, setLink]
