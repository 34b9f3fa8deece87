import { signsUp } from "../cast.ts"
import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const strangersSeeNothing: Chapter<Trade> = {
  title: "A third company",
  async tell(story) {
    const { token } = await signsUp(story, "Nosy Neighbour", "eve", "buyer")
    story.refused("to it the order does not exist", await story.api.get(`/orders/${story.orderId}`, { token }), 404, "NOT_FOUND")
    story.refused("nor the product", await story.api.get(`/products/${story.tomatoesId}`, { token }), 404, "NOT_FOUND")
    story.refused("nor the link", await story.api.get(`/links/${story.linkId}`, { token }), 404, "NOT_FOUND")
    const cancel = await story.api.put(`/orders/${story.orderId}/status`, { token, body: { status: "CANCELLED" } })
    story.refused("and it cannot cancel what it cannot see", cancel, 404, "NOT_FOUND")
    const own = await story.api.get("/products/catalog", { token })
    story.equal("its catalog is empty", own.at("data"), [])
    const disguised = await story.api.get("/orders/my-orders", { token, headers: { "x-tenant-id": story.supplier.organizationId } })
    story.refused("naming the supplier's organization does not help", disguised, 403, "TENANT_MISMATCH")
  },
}
