import type { OrderLineId, ProductId } from "../../kernel/ids.ts"
import { lineTotal } from "../../kernel/money.ts"
import type { LinkPrices } from "../../kernel/price.ts"
import { isOnStep, type Milli } from "../../kernel/quantity.ts"
import { err, type InputFault, ok, type Result } from "../../kernel/result.ts"
import {
  goodsOf,
  type LineGoods,
  type OrderableProduct,
  type OrderFacts,
  type OrderLine,
  orderTotalMinorMax,
  type Side,
  totalOf,
} from "./rules.ts"

/** What a supplier accepts of one line instead of all of it: less of it, or so much of another product. */
export type AmendedItem = { readonly itemId: OrderLineId; readonly quantityMilli: Milli; readonly substituteId?: ProductId }
/** What came of one line, in the line's unit. */
export type DeliveredItem = { readonly itemId: OrderLineId; readonly deliveredMilli?: Milli; readonly billedMilli?: Milli }

/** Each item with its line; faults where an item names no line of the order, or one that another names. */
function linesOf<I extends { readonly itemId: OrderLineId }>(lines: readonly OrderLine[], items: readonly I[], faults: InputFault[]) {
  const byLine = new Map<OrderLineId, { readonly item: I; readonly at: string }>()
  items.forEach((item, index) => {
    const at = `/items/${index}`
    if (!lines.some(({ id }) => id === item.itemId))
      faults.push({ pointer: `${at}/item_id`, code: "UNKNOWN_ITEM", message: "The order has no such item." })
    else if (byLine.has(item.itemId)) faults.push({ pointer: `${at}/item_id`, code: "DUPLICATE", message: "The item is named twice." })
    else byLine.set(item.itemId, { item, at })
  })
  return byLine
}

/**
 * INV-ORD-7: the lines with what the supplier offers instead, undefined where that is just what was ordered. Less of a line keeps
 * its price; another product comes at the buyer's own, by what the order has of it in all. What was ordered stays as it was.
 */
export function amendOrder(
  { lines, currency }: Pick<OrderFacts, "lines" | "currency">,
  items: readonly AmendedItem[],
  productOf: (id: ProductId) => OrderableProduct | undefined,
  prices?: LinkPrices,
): Result<readonly OrderLine[] | undefined> {
  const faults: InputFault[] = []
  const offStep: InputFault[] = []
  const byLine = linesOf(lines, items, faults)
  const sums = new Map<ProductId, Milli>()
  const count = (id: ProductId, quantityMilli: Milli): void => void sums.set(id, (sums.get(id) ?? 0) + quantityMilli)
  const offers = lines.map((line) => {
    const { item, at = "" } = byLine.get(line.id) ?? {}
    const id = item?.substituteId ?? line.productId
    const quantityMilli = item?.quantityMilli ?? line.quantityMilli
    count(id, quantityMilli)
    if (item === undefined || (id === line.productId && quantityMilli === line.quantityMilli)) return { line }
    const fault = (field: string, code: string, message: string): void => void faults.push({ pointer: `${at}/${field}`, code, message })
    const product = productOf(id)
    if (id === line.productId) {
      if (quantityMilli > line.quantityMilli) fault("quantity", "MORE_THAN_ORDERED", "More than was ordered takes another order.")
    } else if (product === undefined || !product.isActive)
      fault("substitute_product_id", "UNKNOWN_PRODUCT", "The organization sells no such product.")
    else if (product.currency !== currency) fault("substitute_product_id", "OTHER_CURRENCY", `The order is in ${currency}.`)
    else if (quantityMilli === 0) fault("quantity", "ZERO", "A substitute is more than nothing.")
    if (product !== undefined && !isOnStep(quantityMilli, product.quantityStepMilli)) {
      const message = `${product.sku} is sold in steps of ${product.quantityStepMilli / 1000} ${product.unit}.`
      offStep.push({ pointer: `${at}/quantity`, code: "OFF_STEP", message })
    }
    return { line, quantityMilli, substitute: id === line.productId ? undefined : product }
  })
  if (faults.length > 0) return err({ code: "VALIDATION_FAILED", errors: faults })
  if (offStep.length > 0) return err({ code: "OFF_STEP", errors: offStep })
  const amended = offers.map(({ line, quantityMilli, substitute }): OrderLine => {
    if (quantityMilli === undefined) return line
    if (substitute !== undefined) return { ...line, proposal: goodsOf(substitute, quantityMilli, sums.get(substitute.id) ?? 0, prices) }
    const { productId, sku, name, unit, unitPriceMinor, priceRule = "BASE" } = line
    const lineTotalMinor = lineTotal(unitPriceMinor, quantityMilli)
    return { ...line, proposal: { productId, sku, name, unit, quantityMilli, unitPriceMinor, priceRule, lineTotalMinor } }
  })
  if (amended.every(({ proposal }) => proposal === undefined)) return ok(undefined)
  const nothing = amended.every(({ proposal, quantityMilli }) => (proposal?.quantityMilli ?? quantityMilli) === 0)
  const refused = (code: string, message: string) =>
    err({ code: "VALIDATION_FAILED" as const, errors: [{ pointer: "/items", code, message }] })
  if (nothing) return refused("NOTHING", "To accept nothing is to reject the order.")
  return totalOf(agreedLines(amended)) > orderTotalMinorMax ? refused("TOO_LARGE", "The order's total is too large.") : ok(amended)
}

/** The lines as the buyer agreed to them: each about what was offered, and what was ordered beside it. */
export const agreedLines = (lines: readonly OrderLine[]): readonly OrderLine[] =>
  lines.map(({ proposal, ...line }) => {
    if (proposal === undefined) return line
    const { productId, sku, name, unit, quantityMilli, unitPriceMinor, priceRule = "BASE", lineTotalMinor } = line
    return { ...line, ...proposal, ordered: { productId, sku, name, unit, quantityMilli, unitPriceMinor, priceRule, lineTotalMinor } }
  })

/** The lines as they were ordered, without what was offered instead. */
export const declinedLines = (lines: readonly OrderLine[]): readonly OrderLine[] => lines.map(({ proposal: _declined, ...line }) => line)

/** What a line was about when the order was placed. */
export const orderedOf = (line: OrderLine): LineGoods => line.ordered ?? line

/** Catch weight is of what was accepted, so it comes near it: at most half as much again. */
const deliveredOverMax = 1.5

/**
 * INV-ORD-8: the lines as one side says they were delivered, and as they are billed: to the thousandth, whatever the step, since
 * that is how goods weigh. Of less than was accepted the supplier bills what was delivered, and of more what was accepted,
 * unless it says otherwise, never more than was delivered. The buyer's word changes no bill. A line that is billed otherwise
 * rounds half up as any other.
 */
export function deliverLines(lines: readonly OrderLine[], items: readonly DeliveredItem[], by: Side): Result<readonly OrderLine[]> {
  const faults: InputFault[] = []
  const byLine = linesOf(lines, items, faults)
  const delivered = lines.map((line): OrderLine => {
    const { item, at } = byLine.get(line.id) ?? {}
    if (item === undefined) return line
    const { deliveredMilli = line.quantityMilli } = item
    if (deliveredMilli > line.quantityMilli * deliveredOverMax)
      faults.push({ pointer: `${at}/delivered`, code: "TOO_MUCH", message: "At most half as much again as was accepted." })
    if (by === "buyer") return { ...line, deliveredMilli }
    const { billedMilli = Math.min(line.quantityMilli, deliveredMilli) } = item
    if (billedMilli > deliveredMilli)
      faults.push({ pointer: `${at}/billed`, code: "MORE_THAN_DELIVERED", message: "No more is billed than was delivered." })
    return { ...line, deliveredMilli, billedMilli, lineTotalMinor: lineTotal(line.unitPriceMinor, billedMilli) }
  })
  if (faults.length === 0 && totalOf(delivered) > orderTotalMinorMax)
    faults.push({ pointer: "/items", code: "TOO_LARGE", message: "The order's total is too large." })
  return faults.length > 0 ? err({ code: "VALIDATION_FAILED", errors: faults }) : ok(delivered)
}
