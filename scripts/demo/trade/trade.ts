import type { Answer, CallOptions } from "../../lib/api.ts"
import { nobody, type Person } from "../cast.ts"
import { Stage } from "../stage.ts"

/** Two companies that have never met, the goods they trade and the people who do it. */
export class Trade extends Stage {
  supplier: Person = nobody
  buyer: Person = nobody
  linkId = ""
  tomatoesId = ""
  orderId = ""

  catalog(query = ""): Promise<Answer> {
    return this.api.get(`/products/catalog${query}`, { token: this.buyer.token })
  }

  decide(token: string, status: string): Promise<Answer> {
    return this.api.put(`/links/${this.linkId}/status`, { token, body: { status } })
  }

  order(quantity: number, headers: CallOptions["headers"] = {}): Promise<Answer> {
    // Before the goods are listed any product will do: the link is looked at first.
    const product_id = this.tomatoesId === "" ? unlistedProduct : this.tomatoesId
    return this.api.post("/orders", {
      token: this.buyer.token,
      headers,
      body: { supplier_id: this.supplier.organizationId, items: [{ product_id, quantity }] },
    })
  }

  setStatus({ token }: Person, status: string, orderId = this.orderId): Promise<Answer> {
    return this.api.put(`/orders/${orderId}/status`, { token, body: { status } })
  }

  async move(what: string, person: Person, status: string, orderId = this.orderId): Promise<void> {
    const answer = await this.setStatus(person, status, orderId)
    this.equal(what, [answer.status, answer.at("status")], [200, status])
  }

  async stock(): Promise<unknown> {
    return (await this.api.get(`/products/${this.tomatoesId}`, { token: this.supplier.token })).at("stock_quantity")
  }
}

const unlistedProduct = "prd_01jd8x2y3zf4g5h6j7k8m9n0pq"
