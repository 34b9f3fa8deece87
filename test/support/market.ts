import type { OrganizationId } from "../../src/kernel/ids.ts"
import { routingOf } from "../../src/kernel/ids.ts"
import { organization, TestLedger } from "./ledger.ts"
import { api, must, signUp } from "./world.ts"

/** A supplier and a buyer with an approved link, and a product with this much stock: all made through the API. */
export async function market(stock = 1_000) {
  const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
  const link = await must(201, api("POST", "/links/request", { token: buyer.token, body: { supplier_id: supplier.org.id } }))
  await must(200, api("PUT", `/links/${link.id}/status`, { token: supplier.token, body: { status: "APPROVED" } }))
  const product = await must(
    201,
    api("POST", "/products", {
      token: supplier.token,
      body: { sku: "TOM-001", name: "Tomatoes", price: "5.99", stock_quantity: stock },
    }),
  )
  const id = supplier.org.id as OrganizationId
  const ledger = new TestLedger({ ...organization(supplier.org.name), id, routing: routingOf(id) })
  return { supplier, buyer, ledger, body: { supplier_id: supplier.org.id, items: [{ product_id: product.id as string, quantity: 1 }] } }
}
