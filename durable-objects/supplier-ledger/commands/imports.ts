import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import type { AskedLine, OrderFacts } from "../../../src/domains/orders/rules.ts"
import type { InputFault, Result } from "../../../src/kernel/result.ts"
import { refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"
import type { Command } from "./command.ts"
import { type PlaceOrder, placeOrder } from "./orders.ts"
import { createProduct, type UpdateProduct, updateProduct } from "./products.ts"

/** A product as a file states it: by its SKU, and what else the file says of it. */
type SaveProduct = Omit<UpdateProduct, "productId" | "sku"> & { readonly sku: string }

type PlaceOrderBySku = Omit<PlaceOrder, "lines"> & {
  readonly lines: ReadonlyArray<Omit<AskedLine, "productId"> & { readonly sku: string }>
}

const missing = (members: readonly string[]): InputFault[] =>
  members.map((member) => ({ pointer: `/${member}`, code: "REQUIRED", message: "A new product needs it." }))

/** Creates the product of this SKU or changes it. What already is as stated stays untouched: no version, no event. */
function saveProduct(work: LedgerWork, input: SaveProduct): Result<ProductFacts> {
  const id = work.store.products.idBySku(input.sku)
  if (id !== undefined) return updateProduct(work, { ...input, productId: id, unlessSame: true }, undefined)
  const { name, price } = input
  if (name === undefined || price === undefined) {
    const errors = missing([...(name === undefined ? ["name"] : []), ...(price === undefined ? ["price"] : [])])
    return refuse("VALIDATION_FAILED", undefined, { errors })
  }
  return createProduct(work, { ...input, name, price })
}

/** An order whose lines name products as people do. INV-LED-1: what SKUs a supplier has is told to those linked with it alone. */
function placeOrderBySku(work: LedgerWork, { lines, ...order }: PlaceOrderBySku): Result<OrderFacts> {
  const { links, products } = work.store
  const isParty = work.actor.organizationId === order.buyerId || work.actor.organizationId === work.store.organization.id
  if (!isParty || links.ofBuyer(order.buyerId)?.status !== "APPROVED") {
    return refuse("LINK_NOT_APPROVED", "Orders need an approved link with the supplier.")
  }
  const unknown: InputFault[] = []
  const asked = lines.flatMap(({ sku, ...line }, index): AskedLine[] => {
    const productId = products.idBySku(sku)
    if (productId !== undefined) return [{ productId, ...line }]
    unknown.push({ pointer: `/items/${index}/sku`, code: "UNKNOWN_PRODUCT", message: "The supplier sells no such product." })
    return []
  })
  return unknown.length > 0 ? refuse("VALIDATION_FAILED", undefined, { errors: unknown }) : placeOrder(work, { ...order, lines: asked })
}

/** What a file of many rows asks for, row by row. */
export const importCommands = {
  saveProduct: { by: "owner", run: saveProduct },
  placeOrderBySku: { by: "party", run: placeOrderBySku },
} as const satisfies Record<string, Command>
