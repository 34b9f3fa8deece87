import { Receiver } from "../receiver.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const anotherSystemListens: Chapter<Talk> = {
  title: "Another system listens",
  async tell(story) {
    const receiver = await Receiver.open()
    story.atTheEnd(() => receiver.close())
    const webhook = await story.api.post("/webhooks", {
      token: story.owner.token,
      body: { url: receiver.url, event_types: ["order.placed"] },
    })
    story.created("the supplier's own system subscribes to orders", webhook)
    const order = await story.api.must("POST", `/orders/${story.orderId}/reorder`, { token: story.chef.token })
    const delivery = await receiver.hears(webhook.text("secret"))
    story.equal("the next order reaches it, signed", delivery.isVerified, true)
    story.equal("and says which", delivery.text.includes(order.text("id")), true)
    const shown = await story.api.get("/webhooks", { token: story.owner.token })
    story.equal("its secret was shown once", shown.at("data.0.secret") ?? null, null)
    const deliveries = await story.eventually(async () => {
      const page = await story.api.get(`/webhooks/${webhook.text("id")}/deliveries`, { token: story.owner.token })
      return page.at("data.0.status") === "DELIVERED" ? page : undefined
    })
    story.equal("the log has the delivery", deliveries?.at("data.0.status"), "DELIVERED")
  },
}
