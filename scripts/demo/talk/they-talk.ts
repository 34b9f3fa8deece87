import { isAck, isMessage, Phone } from "../phone.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const theyTalk: Chapter<Talk> = {
  title: "They talk",
  async tell(story) {
    const withToken = await story.api.get(`/chat/ws?token=${story.chef.token}`)
    story.equal("an access token in the address is refused", withToken.status >= 400 && withToken.status < 500, true)
    const ticket = (await story.api.must("POST", "/chat/tickets", { token: story.chef.token })).text("ticket")
    const chef = await Phone.withTicket(story.api, ticket)
    const again = await Phone.withTicket(story.api, ticket).then(
      () => "opened",
      () => "refused",
    )
    story.equal("a ticket opens one socket", again, "refused")
    const rep = await Phone.open(story.api, story.rep)

    chef.send({ client_id: "c1", recipient_id: story.rep.userId, content: "Is the cod fresh?", attachment_url: null })
    const ack = await chef.hears(isAck("c1"))
    story.equal("the chef's first message is acknowledged as number 1", ack["seq"], 1)
    const heard = await rep.hears(isMessage("Is the cod fresh?"))
    story.conversationId = String(heard["conversation_id"])
    story.equal(
      "and the sales rep gets it, with who sent it",
      [heard["type"], heard["id"], heard["sender_id"]],
      ["message", ack["id"], story.chef.userId],
    )
    chef.send({ client_id: "c1", recipient_id: story.rep.userId, content: "Is the cod fresh?" })
    story.equal("sent again, it gets the same acknowledgement", (await chef.hears(isAck("c1")))["seq"], 1)

    await rep.hangsUp()
    for (const content of ["Hello?", "Rasmus?"]) {
      chef.send({ client_id: content, conversation_id: story.conversationId, content })
      await chef.hears(isAck(content))
    }
    const inbox = await story.eventually(async () => {
      const shown = await story.conversationOf(story.manager)
      return shown?.number("unread_count") === 3 ? shown : undefined
    })
    story.equal("the manager, who was away, has three unread in the list", inbox?.number("unread_count"), 3)
    const back = await Phone.open(story.api, story.rep)
    back.send({ type: "resume", after: { [story.conversationId]: 1 } })
    story.equal(
      "the rep comes back and gets what was missed, in order",
      [(await back.hears(isMessage("Hello?")))["seq"], (await back.hears(isMessage("Rasmus?")))["seq"]],
      [2, 3],
    )
    back.send({ type: "read", conversation_id: story.conversationId, up_to_seq: 3 })
    const read = await chef.hears((frame) => frame["type"] === "read")
    story.equal("the chef sees that it was read", [read["user_id"], read["up_to_seq"]], [story.rep.userId, 3])
    const history = await story.api.get(`/chat/history/${story.rep.userId}?limit=2`, { token: story.chef.token })
    story.equal("the history comes in pages", [history.list("data").length, history.text("next_cursor") !== ""], [2, true])
    const spied = await story.api.get(`/chat/conversations/${story.conversationId}/messages`, { token: story.stranger.token })
    story.refused("to a stranger the conversation does not exist", spied, 404, "NOT_FOUND")
    await back.hangsUp()
    await chef.hangsUp()
  },
}
