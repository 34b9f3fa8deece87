import type { OrganizationId } from "../../src/kernel/ids.ts"
import { routingOf } from "../../src/kernel/ids.ts"
import { organization, TestLedger } from "./ledger.ts"
import { type Answer, api, signUp } from "./world.ts"

/** The body of an answer that has to be this one. */
function expectStatus({ status, body }: Answer, wanted: number): Answer["body"] {
  if (status !== wanted) throw new Error(`${status} instead of ${wanted}: ${JSON.stringify(body)}`)
  return body
}

/** A supplier and a buyer with an approved link, and a product with this much stock: all made through the API. */
export async function market(stock = 1_000) {
  const [supplier, buyer] = await Promise.all([signUp(["supplier"]), signUp(["buyer"])])
  const link = expectStatus(await api("POST", "/links/request", { token: buyer.token, body: { supplier_id: supplier.org.id } }), 201)
  expectStatus(await api("PUT", `/links/${link.id}/status`, { token: supplier.token, body: { status: "APPROVED" } }), 200)
  const product = expectStatus(
    await api("POST", "/products", {
      token: supplier.token,
      body: { sku: "TOM-001", name: "Tomatoes", price: "5.99", stock_quantity: stock },
    }),
    201,
  )
  const id = supplier.org.id as OrganizationId
  const ledger = new TestLedger({ ...organization(supplier.org.name), id, routing: routingOf(id) })
  return { supplier, buyer, ledger, body: { supplier_id: supplier.org.id, items: [{ product_id: product.id as string, quantity: 1 }] } }
}
