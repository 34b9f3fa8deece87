import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const anOrderIsCancelled: Chapter<Trade> = {
  title: "A change of mind",
  async tell(story) {
    const order = await story.order(35)
    story.created("thirty-five kilos are ordered", order)
    await story.move("and accepted", story.supplier, "ACCEPTED", order.text("id"))
    story.equal("so 45 are left", await story.stock(), 45)
    await story.move("the restaurant cancels", story.buyer, "CANCELLED", order.text("id"))
    story.equal("and exactly 35 come back", await story.stock(), 80)
    const again = await story.setStatus(story.buyer, "CANCELLED", order.text("id"))
    story.refused("it cannot be cancelled twice", again, 409, "INVALID_TRANSITION")
    story.equal("and the stock stays at 80", await story.stock(), 80)
  },
}
