import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const aKitIsSold: Chapter<Trade> = {
  title: "A kit, and boxes of twelve",
  async tell(story) {
    const { token } = story.supplier
    const make = async (what: string, body: Readonly<Record<string, unknown>>) => {
      const made = await story.api.post("/products", { token, body })
      story.created(what, made)
      return made.text("id")
    }
    const jars = await make("Empty jars, also by the box of 12; 100 in stock", {
      sku: "JAR-001",
      name: "Jar",
      price: "0.40",
      stock_quantity: 100,
      packs: [{ unit: "box", quantity: 12 }],
    })
    const kit = await make("A canning kit", { sku: "KIT-001", name: "Canning kit", price: "12.00" })
    story.created("is made of six jars", await story.api.post("/bundles", { token, body: { parent_id: kit, child_id: jars, quantity: 6 } }))
    const stocks = async () => {
      const answers = await Promise.all([jars, kit].map((id) => story.api.get(`/products/${id}`, { token })))
      return answers.map((answer) => answer.at("stock_quantity"))
    }
    story.equal("so there are sixteen of it without anybody building one", await stocks(), [100, 16])
    const items = [
      { product_id: kit, quantity: 5 },
      { product_id: jars, quantity: 5, unit: "box" },
    ]
    const order = await story.api.post("/orders", { token: story.buyer.token, body: { supplier_id: story.supplier.organizationId, items } })
    story.created("five kits and five boxes of jars are ordered", order)
    story.equal("five boxes of twelve are sixty jars", [order.at("items.1.quantity"), order.at("items.1.ordered_unit")], [60, "box"])
    await story.move("accepting them takes the jars of both lines", story.supplier, "ACCEPTED", order.text("id"))
    story.equal("ninety in all: one kit is left", await stocks(), [10, 1])
    await story.move("cancelling gives them back", story.buyer, "CANCELLED", order.text("id"))
    story.equal("every one", await stocks(), [100, 16])
    const half = [{ product_id: jars, quantity: 0.5, unit: "box" }]
    const broken = await story.api.post("/orders", {
      token: story.buyer.token,
      body: { supplier_id: story.supplier.organizationId, items: half },
    })
    story.refused("half a box is refused", broken, 422, "OFF_STEP")
  },
}
