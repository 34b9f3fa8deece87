import { isAck, isError, Phone } from "../phone.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const theLinkIsBlocked: Chapter<Talk> = {
  title: "The supplier blocks the restaurant",
  async tell(story) {
    const chef = await Phone.open(story.api, story.chef)
    await story.link("BLOCKED")
    chef.send({ client_id: "blocked", conversation_id: story.conversationId, content: "Hey!" })
    story.equal("writing stops at once", (await chef.hears(isError))["code"], "LINK_NOT_APPROVED")
    const history = await story.api.get(`/chat/conversations/${story.conversationId}/messages`, { token: story.chef.token })
    story.equal("what was said can still be read", [history.status, history.list("data").length], [200, 4])
    await story.link("APPROVED")
    chef.send({ client_id: "again", conversation_id: story.conversationId, content: "Thanks." })
    story.equal("and with the link it comes back", (await chef.hears(isAck("again")))["client_id"], "again")
    await chef.hangsUp()
  },
}
