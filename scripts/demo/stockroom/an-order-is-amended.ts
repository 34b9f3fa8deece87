import type { Chapter } from "../story.ts"
import type { Stockroom } from "./stockroom.ts"

export const anOrderIsAmended: Chapter<Stockroom> = {
  title: "Fewer than asked, if the clinic agrees",
  async tell(story) {
    const order = await story.order([{ product_id: story.boxId, quantity: 12 }])
    const id = order.text("id")
    story.refused(
      "twelve boxes are more than there are",
      await story.status(story.supplier, id, { status: "ACCEPTED" }),
      409,
      "STOCK_INSUFFICIENT",
    )
    const amended = await story.status(story.supplier, id, {
      status: "ACCEPTED",
      items: [{ item_id: order.text("items.0.id"), quantity: 8 }],
    })
    story.equal("the supplier offers eight", [amended.status, amended.at("status")], [200, "AMENDED"])
    const levels = await story.api.must("GET", `/inventory/${story.boxId}`, { token: story.supplier.token })
    story.equal("which are kept for it", [levels.number("data.0.on_hand"), levels.number("data.0.reserved")], [10, 8])
    const confirmed = await story.status(story.buyer, id, { status: "ACCEPTED" })
    story.equal("the clinic agrees", [confirmed.status, confirmed.at("status"), confirmed.at("total_amount")], [200, "ACCEPTED", "32.00"])
    story.equal("and eight are gone", await story.levels(story.boxId), ["MAIN -: 2"])
  },
}
