import type { Books, LedgerBooks } from "../books.ts"
import { groupBy, must } from "./check.ts"

/** In the order in which the ledger wrote them: its ids sort within a command, too. What is sent from place to place has another number since it arrived, and no cost. */
const inOrder = (movements: LedgerBooks["movements"]): LedgerBooks["movements"] =>
  movements.filter(({ type }) => type !== "TRANSFER").sort((a, b) => a.seq - b.seq || (a.id < b.id ? -1 : 1))

const halfUp = (dividend: bigint, divisor: bigint): bigint => (dividend * 2n + divisor) / (divisor * 2n)

/** What one piece cost after all of them, in thousandths of the minor unit; undefined where no receipt said anything. */
function averageOf(movements: LedgerBooks["movements"]): bigint | undefined {
  let onHand = 0n
  let average: bigint | undefined
  for (const { quantity_milli: milli, unit_cost_milli: cost } of inOrder(movements)) {
    const quantity = BigInt(milli)
    if (cost !== null)
      average =
        average === undefined || onHand === 0n ? BigInt(cost) : halfUp(onHand * average + quantity * BigInt(cost), onHand + quantity)
    onHand += quantity
  }
  return average
}

const decimal = (minor: bigint): string => `${minor / 100n}.${String(minor % 100n).padStart(2, "0")}`

/** The average of a product follows from its receipts, one after the other; what an owner is told is that times what is there, a place rounded once. */
export function stockIsWorthItsCosts({ ledgers, worths }: Books): number {
  let averaged = 0
  for (const { organization, movements, costs, levels } of ledgers) {
    const known = new Map(costs.map((row) => [row.product_id, row]))
    for (const [product, own] of groupBy(movements, ({ product_id: id }) => id)) {
      const average = averageOf(own)
      const stands = known.get(product)?.average_milli
      must(
        average === undefined ? stands === undefined : stands === Number(average),
        () => `${product} is to cost ${average} thousandths by its receipts, and ${stands} are said`,
      )
      if (average !== undefined) averaged += 1
    }
    const byPlace = new Map<string, bigint>()
    const without = new Set<string>()
    for (const { product_id: product, location_id: place, on_hand_milli: onHand } of levels) {
      const average = known.get(product)?.average_milli
      if (onHand === 0) continue
      if (average === undefined) without.add(product)
      else byPlace.set(place, (byPlace.get(place) ?? 0n) + BigInt(onHand) * BigInt(average))
    }
    const worth = new Map([...byPlace].map(([place, millionths]) => [place, halfUp(millionths, 1_000_000n)]))
    const total = [...worth.values()].reduce((sum, one) => sum + one, 0n)
    const wanted = [
      ...[...worth].map(([place, minor]) => `${place} ${decimal(minor)}`),
      ...(worth.size === 0 ? [] : [`total ${decimal(total)}`]),
    ]
    const told = worths.find(({ orgId }) => orgId === organization.id)
    const said = [
      ...(told?.warehouses ?? []).flatMap(({ warehouse_id: place, values }) => values.map(({ value }) => `${place} ${value}`)),
      ...(told?.totals ?? []).map(({ value }) => `total ${value}`),
    ]
    must(
      said.sort().join() === wanted.sort().join() && told?.products_without_cost === without.size,
      () =>
        `${organization.name}'s stock is worth ${wanted.join(", ")} and ${without.size} products have no cost; it is told ${said.join(", ")} and ${told?.products_without_cost}`,
    )
  }
  return averaged
}
