import { randomUUID } from "node:crypto"
import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const anOrderIsAccepted: Chapter<Trade> = {
  title: "An order: placed, accepted, delivered, completed",
  async tell(story) {
    story.refused("nine kilos are below the minimum", await story.order(9), 422, "BELOW_MINIMUM")
    const key = randomUUID()
    const order = await story.order(20, { "idempotency-key": key })
    story.created("twenty kilos are ordered", order)
    story.orderId = order.text("id")
    story.equal(
      "for 119.80, pending, as the supplier's SO-00001",
      [order.at("total_amount"), order.at("status"), order.at("number")],
      ["119.80", "PENDING", "SO-00001"],
    )
    const replayed = await story.order(20, { "idempotency-key": key })
    story.equal(
      "the same request under the same Idempotency-Key is the same order",
      [replayed.status, replayed.at("id")],
      [201, story.orderId],
    )
    const other = await story.order(30, { "idempotency-key": key })
    story.refused("another request under that key is refused", other, 409, "IDEMPOTENCY_KEY_REUSED")
    story.equal("so there is one order", (await story.api.get("/orders/my-orders", { token: story.buyer.token })).list("data").length, 1)

    story.equal("no stock has moved yet", await story.stock(), 100)
    await story.move("the supplier accepts", story.supplier, "ACCEPTED")
    story.equal("and the stock goes from 100 to 80", await story.stock(), 80)
    const twice = await story.setStatus(story.supplier, "ACCEPTED")
    story.refused("accepting twice is refused", twice, 409, "INVALID_TRANSITION")
    story.equal("and says where the order can go", [twice.at("current"), twice.at("allowed")], ["ACCEPTED", ["IN_DELIVERY", "CANCELLED"]])
    await story.move("it is sent out", story.supplier, "IN_DELIVERY")
    await story.move("the restaurant says it has arrived", story.buyer, "COMPLETED")
    const done = await story.api.get(`/orders/${story.orderId}`, { token: story.buyer.token })
    story.equal(
      "the order's history has every step",
      done.list("history").map((step) => step.text("to")),
      ["PENDING", "ACCEPTED", "IN_DELIVERY", "COMPLETED"],
    )
    story.equal("and nothing more has left the stock", await story.stock(), 80)
  },
}
