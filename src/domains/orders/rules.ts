import type { Flow } from "../../kernel/flow.ts"
import type { OrderId, OrderLineId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import { lineTotal, type Minor } from "../../kernel/money.ts"
import { type LinkPrices, type PriceRule, priceFor } from "../../kernel/price.ts"
import { isOnStep, type Milli } from "../../kernel/quantity.ts"
import { err, type InputFault, ok, type Refusal, type Result } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

export const orderStatuses = ["PENDING", "ACCEPTED", "REJECTED", "IN_DELIVERY", "COMPLETED", "CANCELLED"] as const
export type OrderStatus = (typeof orderStatuses)[number]

export const orderFlow = {
  PENDING: ["ACCEPTED", "REJECTED", "CANCELLED"],
  ACCEPTED: ["IN_DELIVERY", "CANCELLED"],
  IN_DELIVERY: ["COMPLETED"],
  COMPLETED: [],
  REJECTED: [],
  CANCELLED: [],
} as const satisfies Flow<OrderStatus>

/** What `PUT /orders/{id}/status` can ask for. */
export const settableOrderStatuses = ["ACCEPTED", "REJECTED", "IN_DELIVERY", "COMPLETED", "CANCELLED"] as const
export type SettableOrderStatus = (typeof settableOrderStatuses)[number]

export type Side = "supplier" | "buyer"

const buyerMay: readonly SettableOrderStatus[] = ["CANCELLED", "COMPLETED"]

/** INV-ORD-1: the states a side may move an order to from here. */
export function orderMovesOf(from: OrderStatus, side: Side): readonly SettableOrderStatus[] {
  const moves: readonly OrderStatus[] = orderFlow[from]
  return settableOrderStatuses.filter((to) => moves.includes(to) && (side === "supplier" || buyerMay.includes(to)))
}

export type OrderLine = {
  readonly id: OrderLineId
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
  readonly placedAt: Instant
  readonly updatedAt: Instant
  readonly version: number
  readonly seq: number
  readonly history: readonly OrderHistoryEntry[]
}

export type AskedLine = { readonly productId: ProductId; readonly quantityMilli: Milli }

/** Beyond this a sum of minor units is no longer exact. */
const orderTotalMinorMax = Number.MAX_SAFE_INTEGER

/** What placing an order needs to know of a product. */
export type OrderableProduct = {
  readonly id: ProductId
  readonly sku: string
  readonly name: string
  readonly unit: string
  readonly quantityStepMilli: Milli
  readonly minOrderMilli: Milli
  readonly priceMinor: Minor
  readonly currency: string
  readonly isActive: boolean
}

export type PricedOrder = { readonly currency: string; readonly totalMinor: Minor; readonly lines: readonly Omit<OrderLine, "id">[] }

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
  for (const { productId, quantityMilli } of asked) sums.set(productId, (sums.get(productId) ?? 0) + quantityMilli)

  const lines: Omit<OrderLine, "id">[] = []
  const currencies = new Set<string>()
  asked.forEach(({ productId, quantityMilli }, index) => {
    const product = productOf(productId)
    if (product === undefined || !product.isActive) {
      unknown.push({ pointer: `/items/${index}/product_id`, code: "UNKNOWN_PRODUCT", message: "The supplier sells no such product." })
      return
    }
    if (!isOnStep(quantityMilli, product.quantityStepMilli)) {
      offStep.push({
        pointer: `/items/${index}/quantity`,
        code: "OFF_STEP",
        message: `${product.sku} is sold in steps of ${product.quantityStepMilli / 1000} ${product.unit}.`,
      })
    }
    const inAllMilli = sums.get(productId) ?? 0
    if (inAllMilli < product.minOrderMilli) {
      below.push({
        pointer: `/items/${index}/quantity`,
        code: "BELOW_MINIMUM",
        message: `${product.sku} is sold from ${product.minOrderMilli / 1000} ${product.unit} on.`,
      })
    }
    currencies.add(product.currency)
    const { sku, name, unit } = product
    const { unitPriceMinor, rule } = priceFor(product, prices, inAllMilli)
    lines.push({
      productId,
      sku,
      name,
      unit,
      quantityMilli,
      unitPriceMinor,
      priceRule: rule,
      lineTotalMinor: lineTotal(unitPriceMinor, quantityMilli),
    })
  })

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
  const totalMinor = lines.reduce((sum, line) => sum + line.lineTotalMinor, 0)
  if (totalMinor > orderTotalMinorMax) {
    return refusal("VALIDATION_FAILED", [{ pointer: "/items", code: "TOO_LARGE", message: "The order's total is too large." }])
  }
  return ok({ currency, totalMinor, lines })
}

/** `SO-00001`: at least five digits, more when they are needed. */
export const orderNumber = (count: number): string => `SO-${String(count).padStart(5, "0")}`
