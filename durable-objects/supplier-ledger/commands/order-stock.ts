import type { BundleFault } from "../../../src/domains/bundles/rules.ts"
import { type Allocation, allocate, type Demand } from "../../../src/domains/inventory/rules.ts"
import type { AmendedItem } from "../../../src/domains/orders/line-rules.ts"
import type { LineGoods, OrderFacts } from "../../../src/domains/orders/rules.ts"
import type { OrderLineId, ProductId } from "../../../src/kernel/ids.ts"
import { isOnStep, quantityNumber } from "../../../src/kernel/quantity.ts"
import { err, type InputFault, ok, type Refusal, type Result } from "../../../src/kernel/result.ts"
import type { Instant } from "../../../src/kernel/time.ts"
import type { LedgerWork } from "../work.ts"
import { demandFor } from "./bundles.ts"

/** `pointer` says where the request has the quantity, unless its items are the lines in their order. */
type Goods = Pick<LineGoods, "productId" | "sku" | "quantityMilli"> & { readonly pointer?: string }

const faults: Readonly<Record<BundleFault, string>> = {
  CYCLE: "is part of itself",
  TOO_DEEP: "stands in too many bundles",
  TOO_MANY_PARTS: "is made of too many products",
  TOO_MANY_BUNDLES: "stands in too many bundles",
  QUANTITY_NOT_EXACT: "cannot be taken apart exactly",
  QUANTITY_TOO_LARGE: "takes too much of a component",
}

/**
 * INV-ORD-9: what lines take from stock: of a bundle its components, down to the leaves; each whole by its own step, so that half a
 * kit never takes half a screw.
 */
export function partsOf<G extends Goods>(
  work: LedgerWork,
  lines: readonly G[],
): Result<ReadonlyArray<Omit<Demand, "lineId"> & { readonly line: G }>> {
  const wrong: InputFault[] = []
  const parts = lines.flatMap((line, index) => {
    if (line.quantityMilli === 0) return []
    const demands = demandFor(work.store, line.productId, line.quantityMilli)
    const { pointer = `/items/${index}/quantity` } = line
    const fault = (why: string): void => void wrong.push({ pointer, code: "OFF_STEP", message: `So much of ${line.sku} ${why}.` })
    if (!demands.ok) {
      fault(faults[demands.error])
      return []
    }
    return demands.value.map(({ productId, quantityMilli }) => {
      const part = productId === line.productId ? undefined : work.store.products.nameOf(productId)
      if (part !== undefined && !isOnStep(quantityMilli, part.stepMilli))
        fault(`takes ${quantityNumber(quantityMilli)} of ${part.sku}, which comes in steps of ${quantityNumber(part.stepMilli)}`)
      return { line, productId, quantityMilli }
    })
  })
  return wrong.length > 0 ? err({ code: "OFF_STEP", errors: wrong }) : ok(parts)
}

/** INV-STK-2: where each line's goods would come from, all of them or none; what keeps too short for this buyer is left. */
function allocateOrder(
  work: LedgerWork,
  order: OrderFacts,
  lines: ReadonlyArray<Goods & { readonly id: OrderLineId }>,
): Result<Allocation[]> {
  const parts = partsOf(work, lines)
  if (!parts.ok) return parts
  const demands = parts.value.map(({ line, productId, quantityMilli }): Demand => ({ lineId: line.id, productId, quantityMilli }))
  const link = work.store.links.ofBuyer(order.buyerId)
  const shelfDaysMin = (link === undefined ? undefined : work.store.terms.of(link.id)?.terms.minShelfLifeDays) ?? 0
  const allocated = allocate(demands, (productId) => work.stock.forSale(productId, shelfDaysMin))
  if (allocated.ok) return allocated
  const skuOf = (productId: ProductId): string => work.store.products.nameOf(productId)?.sku ?? ""
  return err({
    code: "STOCK_INSUFFICIENT",
    detail: "Nothing was taken; the order is as it was.",
    extra: {
      shortages: allocated.error.map(({ productId, askedMilli, availableMilli }) => ({
        product_id: productId,
        sku: skuOf(productId),
        asked: quantityNumber(askedMilli),
        available: quantityNumber(availableMilli),
      })),
    },
  })
}

/** Takes the stock of all lines, or of none. */
export function takeStock(work: LedgerWork, order: OrderFacts): Refusal | undefined {
  const allocated = allocateOrder(work, order, order.lines)
  if (!allocated.ok) return allocated.error
  work.stock.take(order.id, allocated.value)
  return undefined
}

/** Promises the stock of what is offered instead of what was ordered, all of it or nothing, until then. */
export function reserveStock(work: LedgerWork, order: OrderFacts, items: readonly AmendedItem[], until: Instant): Refusal | undefined {
  const offered = order.lines.map(({ id, proposal, ...line }) => {
    const index = items.findIndex(({ itemId }) => itemId === id)
    return { id, ...(proposal ?? line), pointer: index === -1 ? "/items" : `/items/${index}/quantity` }
  })
  const allocated = allocateOrder(work, order, offered)
  if (!allocated.ok) return allocated.error
  for (const { lineId, quantityMilli, ...cell } of allocated.value) {
    work.stock.reserve(cell, quantityMilli, { orderId: order.id, orderLineId: lineId }, until)
  }
  return undefined
}
