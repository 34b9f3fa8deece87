import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const stockRunsShort: Chapter<Trade> = {
  title: "More than there is",
  async tell(story) {
    const order = await story.order(90)
    story.created("ninety kilos can be ordered, since stock is looked at on acceptance", order)
    const refused = await story.setStatus(story.supplier, "ACCEPTED", order.text("id"))
    story.refused("accepting them is refused", refused, 409, "STOCK_INSUFFICIENT")
    story.equal("and the short line is named", refused.at("shortages"), [
      { product_id: story.tomatoesId, sku: "TOM-001", asked: 90, available: 80 },
    ])
    const still = await story.api.get(`/orders/${order.text("id")}`, { token: story.supplier.token })
    story.equal("the order waits and the stock is whole", [still.at("status"), await story.stock()], ["PENDING", 80])
    await story.move("the supplier turns it down", story.supplier, "REJECTED", order.text("id"))
  },
}
