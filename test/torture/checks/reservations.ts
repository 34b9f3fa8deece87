import type { Books, LedgerBooks } from "../books.ts"
import { componentsAt, leavesOf } from "./bundles.ts"
import { groupBy, must } from "./check.ts"

/** What is reserved is promised to somebody who still counts on it: a unit that says so, or an order that waits for its buyer. */
export function reservationsAreLive({ ledgers }: Books): number {
  let live = 0
  for (const ledger of ledgers) {
    const { organization, reservations, units, orders, lots } = ledger
    const unitOf = new Map(units.map((unit) => [unit.id, unit]))
    const orderOf = new Map(orders.map((order) => [order.id, order]))
    const isForSale = new Set(
      lots.filter(({ status, expired_at: expiredAt }) => status === "ACTIVE" && expiredAt === null).map(({ id }) => id),
    )
    const promised = new Set<string>()
    for (const { id, unit_id: unitId, order_id: orderId, lot_id: lot, location_id: place, expires_at: until } of reservations) {
      must(lot === "" || isForSale.has(lot), () => `${id} of ${organization.name} promises some of ${lot}, which is not for sale`)
      if (unitId === null) {
        const order = orderOf.get(orderId ?? "")
        must(
          order?.status === "AMENDED" && order.answer_by === until,
          () => `${id} promises something to ${orderId} until ${until}, which is ${order?.status} until ${order?.answer_by}`,
        )
        continue
      }
      const unit = unitOf.get(unitId)
      must(
        unit?.status === "RESERVED" && unit.reserved_until === until && unit.location_id === place && !promised.has(unitId),
        () =>
          `${id} promises ${unitId} at ${place} until ${until}, which is ${unit?.status} at ${unit?.location_id} until ${unit?.reserved_until}`,
      )
      promised.add(unitId)
    }
    for (const { id, status } of units)
      must(status !== "RESERVED" || promised.has(id), () => `${id} is RESERVED and nothing says for how long`)
    mustKeepWhatIsOffered(ledger)
    live += reservations.length
  }
  return live
}

/** What is offered to a buyer is reserved, whole, but for lots that were held since. */
function mustKeepWhatIsOffered(ledger: LedgerBooks): void {
  const { orders, reservations, lots } = ledger
  const isInLots = new Set(lots.map(({ product_id: product }) => product))
  const kept = groupBy(reservations, ({ order_id: order }) => order)
  for (const { id, status, lines, seq } of orders) {
    if (status !== "AMENDED") continue
    // Its last change is that it was offered.
    const parts = componentsAt(ledger, seq)
    const offered = new Map<string, number>()
    for (const { proposal, ...line } of lines) {
      const { productId, quantityMilli } = proposal ?? line
      for (const [leaf, milli] of leavesOf(parts, productId, quantityMilli)) offered.set(leaf, (offered.get(leaf) ?? 0) + milli)
    }
    const byProduct = groupBy(kept.get(id) ?? [], ({ product_id: product }) => product)
    for (const product of new Set([...offered.keys(), ...byProduct.keys()])) {
      const promised = (byProduct.get(product) ?? []).reduce((sum, { quantity_milli: quantity }) => sum + quantity, 0)
      const wanted = offered.get(product) ?? 0
      must(
        promised === wanted || (isInLots.has(product) && promised < wanted),
        () => `${id} offers ${wanted} thousandths of ${product}, and ${promised} are kept for it`,
      )
    }
  }
}
