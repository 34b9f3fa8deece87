import type { Answer } from "../../lib/api.ts"
import { nobody, type Person } from "../cast.ts"
import { Stage } from "../stage.ts"

/** A pharmacy's supplier with two warehouses, and what it keeps in them. */
export class Stockroom extends Stage {
  supplier: Person = nobody
  buyer: Person = nobody
  mainId = ""
  northId = ""
  syrupId = ""
  orderId = ""

  /** What lies where of a product, lot by lot: `MAIN L-1: 40`. */
  async levels(productId: string): Promise<string[]> {
    const names = new Map([
      [this.mainId, "MAIN"],
      [this.northId, "NORTH"],
    ])
    const page = await this.api.must("GET", `/inventory/${productId}`, { token: this.supplier.token })
    return page
      .list("data")
      .filter((level) => level.number("on_hand") > 0)
      .map(
        (level) => `${names.get(level.text("warehouse_id")) ?? "elsewhere"} ${level.text("lot_number") || "-"}: ${level.number("on_hand")}`,
      )
      .sort()
  }

  move(body: unknown): Promise<Answer> {
    return this.api.post("/stock-movements", { token: this.supplier.token, body })
  }

  async order(items: ReadonlyArray<{ product_id: string; quantity: number }>): Promise<Answer> {
    return this.api.must("POST", "/orders", {
      token: this.buyer.token,
      body: { supplier_id: this.supplier.organizationId, items },
    })
  }

  status({ token }: Person, orderId: string, body: unknown): Promise<Answer> {
    return this.api.put(`/orders/${orderId}/status`, { token, body })
  }

  product(sku: string, name: string, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return this.api.must("POST", "/products", { token: this.supplier.token, body: { sku, name, price: "4.00", ...more } })
  }
}

/** A day so many days from now, as `2027-01-31`. */
export const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
