import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const pricesChange: Chapter<Trade> = {
  title: "A new price",
  async tell(story) {
    const path = `/products/${story.tomatoesId}`
    const etag = (await story.api.get(path, { token: story.supplier.token })).headers.get("etag") ?? ""
    const changed = await story.api.patch(path, { token: story.supplier.token, body: { price: "6.49" }, headers: { "if-match": etag } })
    story.equal("tomatoes cost 6.49 from now on", [changed.status, changed.at("price")], [200, "6.49"])
    const stale = await story.api.patch(path, { token: story.supplier.token, body: { price: "7.00" }, headers: { "if-match": etag } })
    story.refused("an edit that has not seen it is refused", stale, 412, "VERSION_MISMATCH")
    const old = await story.api.get(`/orders/${story.orderId}`, { token: story.buyer.token })
    story.equal("the first order keeps its price", [old.at("items.0.unit_price_at_time"), old.at("total_amount")], ["5.99", "119.80"])
    const expecting = await story.api.post(`/orders/${story.orderId}/reorder`, {
      token: story.buyer.token,
      body: { expected_total: "119.80" },
    })
    story.refused("ordering it again for the old total is refused", expecting, 409, "PRICE_CHANGED")
    const again = await story.api.post(`/orders/${story.orderId}/reorder`, { token: story.buyer.token })
    story.created("ordering it again works", again)
    story.equal("at today's price", [again.at("items.0.unit_price_at_time"), again.at("total_amount")], ["6.49", "129.80"])
  },
}
