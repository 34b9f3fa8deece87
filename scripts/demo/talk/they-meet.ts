import { joins, signsUp } from "../cast.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const theyMeet: Chapter<Talk> = {
  title: "A fishmonger and a restaurant, with more people",
  async tell(story) {
    story.owner = await signsUp(story, "Harbour Fish", "fishmonger", "supplier")
    story.chef = await signsUp(story, "Quayside Kitchen", "cook", "buyer")
    story.stranger = await signsUp(story, "Someone Else", "passer-by", "buyer")
    story.manager = await joins(story, story.owner, "mona", "manager")
    story.rep = await joins(story, story.owner, "rasmus", "sales_rep")
    const link = await story.api.must("POST", "/links/request", {
      token: story.chef.token,
      body: { supplier_id: story.owner.organizationId, message: "Cod, on Fridays." },
    })
    story.linkId = link.text("id")
    await story.link("APPROVED")
    const cod = await story.api.must("POST", "/products", {
      token: story.owner.token,
      body: { sku: "COD-1", name: "Cod", price: "12.50", unit: "kg", stock_quantity: 500 },
    })
    const order = await story.api.must("POST", "/orders", {
      token: story.chef.token,
      body: { supplier_id: story.owner.organizationId, items: [{ product_id: cod.text("id"), quantity: 8 }] },
    })
    story.orderId = order.text("id")
    story.orderNumber = order.text("number")
    story.equal("they are linked and have an order", [order.status, order.at("status")], [201, "PENDING"])
  },
}
