import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const theLogTells: Chapter<Trade> = {
  title: "Who did what",
  async tell(story) {
    const log = await story.api.get("/audit-logs?limit=100", { token: story.supplier.token })
    const entries = log.list("data").map((entry) => `${entry.text("actor.name")}: ${entry.text("action")}`)
    for (const action of [
      "catalog.product.create",
      "partners.link.set-status",
      "orders.order.accept",
      "catalog.product.update",
      "identity.invitation.create",
    ]) {
      story.equal(`the supplier's log says that its owner did ${action}`, entries.includes(`Owner of Sunrise Produce: ${action}`), true)
    }
    const mine = await story.api.get("/audit-logs?limit=100", { token: story.buyer.token })
    const actions = mine.list("data").map((entry) => entry.text("action"))
    story.equal(
      "the restaurant's log has its own deeds and none of the supplier's",
      [actions.includes("orders.order.place"), actions.includes("catalog.product.create")],
      [true, false],
    )
  },
}
