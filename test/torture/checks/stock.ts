import type { Books, MovementRow, OrderRow } from "../books.ts"
import type { Journal } from "../journal.ts"
import { groupBy, must, mustBeUnique, ofKind } from "./check.ts"

export function movementsHaveCauses({ ledgers, audits }: Books, journal: Journal): number {
  const counts = new Map<string, number>()
  for (const { entity_id: id, before, after } of audits.filter(({ action }) => action === "catalog.product.update")) {
    if (Number(before?.["stock_quantity"]) !== Number(after?.["stock_quantity"])) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const openings = new Map(ofKind(journal, "create product").map(({ key, asked }) => [key, Number(asked["stock"])]))
  for (const { orders, products, movements } of ledgers) {
    mustBeUnique(movements, "movement")
    const byOrder = groupBy(movements, (movement) => movement.order_id)
    for (const order of orders) mustMoveItsStock(order, byOrder.get(order.id) ?? [])
    const byProduct = groupBy(
      movements.filter((movement) => movement.order_id === null),
      (movement) => movement.product_id,
    )
    for (const { id, sku } of products) {
      const own = byProduct.get(id) ?? []
      const opening = own.filter(({ reason }) => reason === "OPENING")
      const opened = openings.get(sku) ?? 0
      must(
        opening.length === (opened > 0 ? 1 : 0) && (opening[0]?.quantity_milli ?? 0) === opened * 1_000,
        () => `${id} opened with ${opened} and has ${JSON.stringify(opening)}`,
      )
      const counted = own.filter(({ reason }) => reason === "COUNT")
      must(
        counted.length === (counts.get(id) ?? 0),
        () => `${id} was counted to another stock ${counts.get(id) ?? 0} times and has ${counted.length} movements of it`,
      )
      must(opening.length + counted.length === own.length, () => `${id} has movements without a cause`)
    }
  }
  return ledgers.reduce((sum, { movements }) => sum + movements.length, 0)
}

/** Accepted takes all lines, cancelled after that brings back the same; anything else leaves the stock alone. */
function mustMoveItsStock(
  { id, lines, history }: Pick<OrderRow, "id" | "lines" | "history">,
  movements: ReadonlyArray<Omit<MovementRow, "org_id">>,
): void {
  const isAccepted = history.some(({ to }) => to === "ACCEPTED")
  const isUndone = isAccepted && history.some(({ to }) => to === "CANCELLED")
  for (const line of lines) {
    const moved = (reason: string) =>
      movements
        .filter((movement) => movement.order_line_id === line.id && movement.reason === reason)
        .reduce((sum, movement) => sum + movement.quantity_milli, 0)
    const [out, back] = [moved("ORDER_ACCEPTED"), moved("ORDER_CANCELLED")]
    must(out === (isAccepted ? -line.quantityMilli : 0), () => `${id}: line ${line.id} of ${line.quantityMilli} took ${-out}`)
    must(back === (isUndone ? line.quantityMilli : 0), () => `${id}: line ${line.id} of ${line.quantityMilli} brought back ${back}`)
  }
  const known = new Set(lines.map((line) => line.id))
  for (const { id: movement, order_line_id: lineId } of movements)
    must(lineId !== null && known.has(lineId), () => `${movement} moves stock for a line that ${id} does not have`)
}

const sumsOf = (movements: ReadonlyArray<Omit<MovementRow, "org_id">>): Map<string, number> => {
  const sums = new Map<string, number>()
  for (const { product_id: product, location_id: location, quantity_milli: quantity } of movements)
    sums.set(`${product} ${location}`, (sums.get(`${product} ${location}`) ?? 0) + quantity)
  return sums
}

export function levelsAreSums({ ledgers, levels, movements, products }: Books): number {
  const mustBeSums = (
    where: string,
    held: ReadonlyArray<{ product_id: string; location_id: string; on_hand_milli: number }>,
    sums: Map<string, number>,
  ) => {
    must(held.length === sums.size, () => `${where}: ${held.length} levels, movements of ${sums.size}`)
    for (const { product_id: product, location_id: location, on_hand_milli: onHand } of held) {
      const sum = sums.get(`${product} ${location}`) ?? 0
      must(onHand === sum && onHand >= 0, () => `${where}: ${product} at ${location} holds ${onHand}, its movements come to ${sum}`)
    }
  }
  for (const ledger of ledgers) mustBeSums(`ledger of ${ledger.organization.name}`, ledger.levels, sumsOf(ledger.movements))
  mustBeSums("D1", levels, sumsOf(movements))
  const stock = new Map<string, number>()
  for (const { product_id: product, on_hand_milli: onHand } of levels) stock.set(product, (stock.get(product) ?? 0) + onHand)
  for (const { id, stock_milli: shown } of products)
    must(shown === (stock.get(id) ?? 0), () => `${id} shows ${shown} and its levels hold ${stock.get(id) ?? 0}`)
  return levels.length
}
