import type { Answer } from "../../lib/api.ts"
import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const goodsAreListed: Chapter<Trade> = {
  title: "The supplier lists tomatoes, and the restaurant finds them",
  async tell(story) {
    const product = await story.api.post("/products", {
      token: story.supplier.token,
      body: {
        name: "Organic Tomatoes",
        sku: "TOM-001",
        price: 5.99,
        unit: "kg",
        category: "Vegetables",
        stock_quantity: 100,
        min_order_qty: 10,
      },
    })
    story.created("Organic Tomatoes, TOM-001, 5.99 a kilo, 100 in stock, from 10 on", product)
    story.tomatoesId = product.text("id")
    story.equal("the price is kept as a decimal", product.at("price"), "5.99")
    const twice = await story.api.post("/products", {
      token: story.supplier.token,
      body: { name: "Others", sku: "TOM-001", price: "1.00" },
    })
    story.refused("a second product of that SKU is refused", twice, 409, "CONFLICT")

    const seen = await story.catalog()
    story.equal("the restaurant's catalog shows it", namesOf(seen), ["Organic Tomatoes"])
    story.equal(
      "as in stock, without saying how much",
      [seen.at("data.0.availability"), seen.at("data.0.stock_quantity")],
      ["IN_STOCK", undefined],
    )
    story.equal("a search for 'organ tom' finds it", namesOf(await story.catalog("?q=organ+tom")), ["Organic Tomatoes"])
    story.equal("a search for cheese does not", namesOf(await story.catalog("?q=cheese")), [])
  },
}

const namesOf = (page: Answer): string[] => page.list("data").map((one) => one.text("name"))
