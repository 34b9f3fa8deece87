import type { Flow } from "../../kernel/flow.ts"
import type { OrderId, OrderLineId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import { lineTotal, type Minor } from "../../kernel/money.ts"
import { type Packed, unpack } from "../../kernel/pack.ts"
import { type LinkPrices, type PriceRule, priceFor } from "../../kernel/price.ts"
import { isOnStep, type Milli } from "../../kernel/quantity.ts"
import { err, type InputFault, ok, type Refusal, type Result } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

export const orderStatuses = [
  "PENDING",
  "AMENDED",
  "ACCEPTED",
  "REJECTED",
  "IN_DELIVERY",
  "FAILED_DELIVERY",
  "COMPLETED",
  "CANCELLED",
] as const
export type OrderStatus = (typeof orderStatuses)[number]

export const orderFlow = {
  PENDING: ["AMENDED", "ACCEPTED", "REJECTED", "CANCELLED"],
  AMENDED: ["ACCEPTED", "CANCELLED"],
  ACCEPTED: ["IN_DELIVERY", "CANCELLED"],
  IN_DELIVERY: ["COMPLETED", "FAILED_DELIVERY"],
  FAILED_DELIVERY: ["IN_DELIVERY", "CANCELLED"],
  COMPLETED: [],
  REJECTED: [],
  CANCELLED: [],
} as const satisfies Flow<OrderStatus>

/** What `PUT /orders/{id}/status` can ask for; AMENDED is what becomes of an ACCEPTED that offers less or other goods. */
export const settableOrderStatuses = ["ACCEPTED", "REJECTED", "IN_DELIVERY", "FAILED_DELIVERY", "COMPLETED", "CANCELLED"] as const
export type SettableOrderStatus = (typeof settableOrderStatuses)[number]

export type Side = "supplier" | "buyer"

const buyerMay: readonly SettableOrderStatus[] = ["CANCELLED", "COMPLETED"]

/** INV-ORD-1: the states a side may move an order to from here: the supplier accepts what was ordered, the buyer what was offered instead. */
export function orderMovesOf(from: OrderStatus, side: Side): readonly SettableOrderStatus[] {
  const moves: readonly OrderStatus[] = orderFlow[from]
  const mayAccept = side === (from === "AMENDED" ? "buyer" : "supplier")
  return settableOrderStatuses.filter(
    (to) => moves.includes(to) && (to === "ACCEPTED" ? mayAccept : side === "supplier" || buyerMay.includes(to)),
  )
}

/** What a line is about, and at what price. */
export type LineGoods = {
  readonly productId: ProductId
  readonly sku: string
  readonly name: string
  readonly unit: string
  readonly quantityMilli: Milli
  /** The price when the order was placed; later prices never touch it. */
  readonly unitPriceMinor: Minor
  /** What made that price; missing on lines from before links had terms, which were all BASE. */
  readonly priceRule?: PriceRule
  readonly lineTotalMinor: Minor
}

export type OrderLine = LineGoods & {
  readonly id: OrderLineId
  /** How it was asked for, where that was in packs: so many thousandths of this unit. */
  readonly asked?: { readonly unit: string; readonly quantityMilli: Milli }
  /** What the supplier offers instead, while the order is AMENDED. */
  readonly proposal?: LineGoods
  /** What was ordered, where the buyer agreed to something else. */
  readonly ordered?: LineGoods
  /** As weighed on delivery; the quantity itself where nobody said. */
  readonly deliveredMilli?: Milli
  /** What the line's total is about once it is delivered; the quantity itself where nobody said. */
  readonly billedMilli?: Milli
}

export type OrderHistoryEntry = {
  readonly from: OrderStatus | null
  readonly to: OrderStatus
  readonly at: Instant
  readonly by: { readonly id: string | null; readonly name: string; readonly organizationId: OrganizationId }
  readonly reason: string | null
}

/** An order as the supplier's ledger holds it. */
export type OrderFacts = {
  readonly id: OrderId
  readonly number: string
  readonly supplierId: OrganizationId
  readonly supplierName: string
  readonly buyerId: OrganizationId
  readonly buyerName: string
  readonly status: OrderStatus
  readonly currency: string
  readonly totalMinor: Minor
  readonly lines: readonly OrderLine[]
  readonly note: string | null
  /** The supplier's own words; no buyer ever sees them. */
  readonly internalNote: string | null
  readonly requestedDeliveryOn: string | null
  /** Until when the buyer may agree to what is offered instead; null but for an order that is AMENDED. */
  readonly answerBy: Instant | null
  readonly placedAt: Instant
  readonly updatedAt: Instant
  readonly version: number
  readonly seq: number
  readonly history: readonly OrderHistoryEntry[]
}

/** `unit` is one of the product's packs, which the quantity then counts. */
export type AskedLine = { readonly productId: ProductId; readonly quantityMilli: Milli; readonly unit?: string }

/** Beyond this a sum of minor units is no longer exact. */
export const orderTotalMinorMax = Number.MAX_SAFE_INTEGER

/** What placing an order needs to know of a product. */
export type OrderableProduct = Packed & {
  readonly id: ProductId
  readonly sku: string
  readonly name: string
  readonly quantityStepMilli: Milli
  readonly minOrderMilli: Milli
  readonly priceMinor: Minor
  readonly currency: string
  readonly isActive: boolean
}

type PricedOrder = { readonly currency: string; readonly totalMinor: Minor; readonly lines: readonly Omit<OrderLine, "id">[] }

/**
 * INV-ORD-2: prices the lines asked for at the products' present prices, or the buyer's own: a product's lines together
 * decide on its tier, so that splitting them gains nothing. Each line must be on its product's step; a
 * product's lines together must reach its minimum; all prices are in one currency. Stock is not looked at:
 * accepting an order is what takes it.
 */
export function priceOrder(
  asked: readonly AskedLine[],
  productOf: (id: ProductId) => OrderableProduct | undefined,
  prices?: LinkPrices,
): Result<PricedOrder> {
  const unknown: InputFault[] = []
  const offStep: InputFault[] = []
  const below: InputFault[] = []
  const sums = new Map<ProductId, Milli>()
  const found = asked.flatMap((line, index) => {
    const product = productOf(line.productId)
    if (product === undefined || !product.isActive) {
      unknown.push({ pointer: `/items/${index}/product_id`, code: "UNKNOWN_PRODUCT", message: "The supplier sells no such product." })
      return []
    }
    const unpacked = unpack(product, line.quantityMilli, line.unit, `/items/${index}`)
    if (!unpacked.ok) {
      const { refusal, ...fault } = unpacked.error
      ;(refusal === "OFF_STEP" ? offStep : unknown).push(fault)
      return []
    }
    sums.set(product.id, (sums.get(product.id) ?? 0) + unpacked.value)
    return [{ product, index, quantityMilli: unpacked.value, asked: askedIn(line, unpacked.value) }]
  })

  const lines: Omit<OrderLine, "id">[] = []
  const currencies = new Set<string>()
  for (const { product, index, quantityMilli, asked: inPacks } of found) {
    if (!isOnStep(quantityMilli, product.quantityStepMilli)) {
      offStep.push({
        pointer: `/items/${index}/quantity`,
        code: "OFF_STEP",
        message: `${product.sku} is sold in steps of ${product.quantityStepMilli / 1000} ${product.unit}.`,
      })
    }
    const inAllMilli = sums.get(product.id) ?? 0
    if (inAllMilli < product.minOrderMilli) {
      below.push({
        pointer: `/items/${index}/quantity`,
        code: "BELOW_MINIMUM",
        message: `${product.sku} is sold from ${product.minOrderMilli / 1000} ${product.unit} on.`,
      })
    }
    currencies.add(product.currency)
    lines.push({ ...goodsOf(product, quantityMilli, inAllMilli, prices), ...inPacks })
  }

  const refusal = (code: Refusal["code"], errors: readonly InputFault[]) => err({ code, errors })
  if (unknown.length > 0) return refusal("VALIDATION_FAILED", unknown)
  if (offStep.length > 0) return refusal("OFF_STEP", offStep)
  if (below.length > 0) return refusal("BELOW_MINIMUM", below)
  const [currency, ...others] = currencies
  if (currency === undefined || others.length > 0) {
    return refusal("VALIDATION_FAILED", [
      { pointer: "/items", code: "MIXED_CURRENCIES", message: "An order has one currency; place one order for each." },
    ])
  }
  const totalMinor = totalOf(lines)
  if (totalMinor > orderTotalMinorMax) {
    return refusal("VALIDATION_FAILED", [{ pointer: "/items", code: "TOO_LARGE", message: "The order's total is too large." }])
  }
  return ok({ currency, totalMinor, lines })
}

/** So many packs, where the line was asked for in packs. */
const askedIn = ({ unit, quantityMilli }: AskedLine, unpackedMilli: Milli): Pick<OrderLine, "asked"> =>
  unit === undefined || unpackedMilli === quantityMilli ? {} : { asked: { unit, quantityMilli } }

/** So much of a product at the buyer's price, of which the order has `inAllMilli` over all its lines. */
export function goodsOf(product: OrderableProduct, quantityMilli: Milli, inAllMilli: Milli, prices: LinkPrices | undefined): LineGoods {
  const { id: productId, sku, name, unit } = product
  const { unitPriceMinor, rule } = priceFor(product, prices, inAllMilli)
  const lineTotalMinor = lineTotal(unitPriceMinor, quantityMilli)
  return { productId, sku, name, unit, quantityMilli, unitPriceMinor, priceRule: rule, lineTotalMinor }
}

/** INV-ORD-2: the sum of the lines. */
export const totalOf = (lines: ReadonlyArray<{ readonly lineTotalMinor: Minor }>): Minor =>
  lines.reduce((sum, line) => sum + line.lineTotalMinor, 0)

/** `SO-00001`: at least five digits, more when they are needed. */
export const orderNumber = (count: number): string => `SO-${String(count).padStart(5, "0")}`
