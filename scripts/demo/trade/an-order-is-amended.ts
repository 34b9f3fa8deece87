import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const anOrderIsAmended: Chapter<Trade> = {
  title: "Less than was asked for, a van that breaks down, and a bill by weight",
  async tell(story) {
    const order = await story.order(20)
    story.created("twenty kilos are ordered", order)
    const id = order.text("id")
    const item_id = order.text("items.0.id")
    const set = (token: string, body: Readonly<Record<string, unknown>>) => story.api.put(`/orders/${id}/status`, { token, body })
    const offered = await set(story.supplier.token, { status: "ACCEPTED", items: [{ item_id, quantity: 15 }], reason: "Hail" })
    story.equal(
      "the supplier has fifteen: the order waits for the restaurant, with both quantities on its line",
      [offered.at("status"), offered.at("items.0.ordered_quantity"), offered.at("items.0.proposal.quantity")],
      ["AMENDED", 20, 15],
    )
    story.equal("nothing has left the stock, but fifteen kilos are kept", await story.stock(), 80)
    story.refused(
      "the supplier cannot agree to its own offer",
      await set(story.supplier.token, { status: "ACCEPTED" }),
      409,
      "INVALID_TRANSITION",
    )
    const agreed = await set(story.buyer.token, { status: "ACCEPTED" })
    story.equal("the restaurant agrees, at 89.85", [agreed.at("status"), agreed.at("total_amount")], ["ACCEPTED", "89.85"])
    story.equal("and fifteen kilos leave the stock", await story.stock(), 65)
    await story.move("they are sent out", story.supplier, "IN_DELIVERY", id)
    await story.move("the van breaks down", story.supplier, "FAILED_DELIVERY", id)
    await story.move("they are sent out again", story.supplier, "IN_DELIVERY", id)
    const weighed = [{ item_id, delivered: 14.94, billed: 14.94 }]
    const done = await set(story.supplier.token, { status: "COMPLETED", items: weighed })
    story.equal(
      "and weigh 14.94 on arrival: ordered, accepted, delivered and billed stand apart, and the bill is 89.49",
      ["ordered", "accepted", "delivered", "billed"].map((what) => done.at(`items.0.${what}_quantity`)).concat(done.at("total_amount")),
      [20, 15, 14.94, 14.94, "89.49"],
    )
    const back = await story.api.patch(`/products/${story.tomatoesId}`, { token: story.supplier.token, body: { stock_quantity: 80 } })
    story.equal("fifteen new kilos are counted", back.at("stock_quantity"), 80)
  },
}
