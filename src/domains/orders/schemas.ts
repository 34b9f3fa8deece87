import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { priceRules } from "../../kernel/price.ts"
import {
  enumInput,
  idSchema,
  idView,
  instantView,
  lazily,
  listOf,
  moneyInput,
  moneyView,
  pageQuery,
  quantityInput,
  quantityView,
  textInput,
} from "../../platform/http/schemas.ts"
import { orderStatuses, settableOrderStatuses } from "./rules.ts"

const goodsView = () => ({
  product_id: idView("prd"),
  sku: z.string().openapi({ example: "TOM-001" }),
  name: z.string().openapi({ example: "Organic Tomatoes" }),
  unit: z.string().openapi({ example: "kg" }),
  quantity: quantityView,
  unit_price_at_time: moneyView,
  price_rule: z.enum(priceRules).openapi({
    description:
      "What made the unit price: the product's own price (BASE), the link's discount on it, the link's price list, or a from-quantity TIER of that list.",
    example: "BASE",
  }),
  line_total: z.string().openapi({ example: "119.80" }),
})

const lineGoodsView = lazily(() => z.object(goodsView()).openapi("OrderLineGoods"))

const orderLineView = lazily(() =>
  z
    .object({
      id: idView("oln"),
      ...goodsView(),
      ordered_unit: z
        .string()
        .openapi({ example: "box", description: "What the buyer counted in: the unit, or one of the product's packs." }),
      ordered_unit_quantity: quantityView.openapi({ example: 5, description: "How many of ordered_unit." }),
      ordered_quantity: quantityView.openapi({ description: "The same in the product's own unit. Once accepted, `quantity` may be less." }),
      accepted_quantity: quantityView.nullable().openapi({ description: "Null until the order is accepted." }),
      delivered_quantity: quantityView.nullable().openapi({ example: 19.4, description: "As weighed; null until the order is completed." }),
      billed_quantity: quantityView
        .nullable()
        .openapi({ example: 19.4, description: "What line_total is about; null until the order is completed." }),
      proposal: lineGoodsView.nullable().openapi({
        description: "While the order is AMENDED: what the supplier offers instead of this line, at the price the buyer would pay.",
      }),
      substitute_for: z
        .object({ product_id: idView("prd"), sku: z.string(), name: z.string(), unit: z.string() })
        .nullable()
        .openapi({ description: "What was ordered, where the buyer agreed to another product." }),
    })
    .openapi("OrderLine"),
)

const orderHistoryView = lazily(() =>
  z
    .object({
      from: z.enum(orderStatuses).nullable(),
      to: z.enum(orderStatuses),
      at: instantView,
      by: z.object({ id: z.string().nullable(), name: z.string().openapi({ example: "Alma Buyer" }), organization_id: idView("org") }),
      reason: z.string().nullable(),
    })
    .openapi("OrderHistoryEntry"),
)

const orderHead = () => ({
  id: idView("ord"),
  number: z.string().openapi({ example: "SO-00001" }),
  supplier_id: idView("org"),
  supplier_name: z.string().openapi({ example: "Green Valley Farms" }),
  buyer_id: idView("org"),
  buyer_name: z.string().openapi({ example: "Harbour Hotel" }),
  status: z.enum(orderStatuses),
  currency: z.string().openapi({ example: "USD" }),
  total_amount: z.string().openapi({ example: "119.80" }),
  proposed_total_amount: z
    .string()
    .nullable()
    .openapi({ example: null, description: "While the order is AMENDED: what it would come to if the buyer agrees." }),
  answer_by: instantView.nullable().openapi({ example: null, description: "While the order is AMENDED: until when the buyer may agree." }),
  note: z.string().nullable(),
  internal_note: z.string().nullable().optional().openapi({ description: "The supplier's own; never in a buyer's answer." }),
  requested_delivery_on: z.string().nullable().openapi({ format: "date", example: "2026-02-14" }),
  placed_at: instantView,
  updated_at: instantView,
  version: z.int(),
})

export const orderView = lazily(() =>
  z.object({ ...orderHead(), items: z.array(orderLineView), history: z.array(orderHistoryView) }).openapi("Order"),
)
const orderSummaryView = lazily(() => z.object(orderHead()).openapi("OrderSummary"))
export const orderList = listOf(orderSummaryView, "OrderList")

export const placeOrderInput = lazily(() =>
  z
    .strictObject({
      supplier_id: idSchema("org"),
      items: z
        .array(
          z.strictObject({
            product_id: idSchema("prd"),
            quantity: quantityInput("positive"),
            unit: textInput(limits.unitCharsMax, 1)
              .optional()
              .openapi({ example: "box", description: "One of the product's packs, which the quantity then counts." }),
          }),
        )
        .min(1)
        .max(limits.orderLinesMax),
      note: textInput(limits.noteCharsMax).optional(),
      requested_delivery_on: z.iso.date().optional().openapi({ example: "2026-02-14" }),
      expected_total: moneyInput
        .optional()
        .openapi({ description: "The total the client shows its user; another total is refused with PRICE_CHANGED." }),
      buyer_id: idSchema("org").optional().openapi({ description: "For the supplier's staff, who may place an order for a linked buyer." }),
    })
    .openapi("PlaceOrder"),
)

export const reorderInput = lazily(() => z.strictObject({ expected_total: moneyInput.optional() }).optional().openapi("Reorder"))

const statusItem = lazily(() =>
  z.strictObject({
    item_id: idSchema("oln"),
    quantity: quantityInput("not negative")
      .optional()
      .openapi({ description: "With ACCEPTED: how much of it, in the product's unit; 0 drops the line.", example: 15 }),
    substitute_product_id: idSchema("prd")
      .optional()
      .openapi({ description: "With ACCEPTED: the product that the quantity is of instead." }),
    delivered: quantityInput("not negative")
      .optional()
      .openapi({ description: "With COMPLETED: as weighed, in the line's unit. All that was accepted, unless said.", example: 19.4 }),
    billed: quantityInput("not negative").optional().openapi({
      description:
        "With COMPLETED, by the supplier: what the line's total is about; at most what was delivered. Unless said, what was delivered, up to what was accepted.",
      example: 19.4,
    }),
  }),
)

export type StatusItem = z.output<typeof statusItem>

export const setOrderStatusInput = lazily(() =>
  z
    .strictObject({
      status: enumInput(settableOrderStatuses),
      reason: textInput(limits.reasonCharsMax).optional(),
      internal_note: textInput(limits.noteCharsMax).optional().openapi({ description: "The supplier's own words, which no buyer sees." }),
      items: z
        .array(statusItem)
        .max(limits.orderLinesMax)
        .optional()
        .openapi({ description: "Lines that are accepted, or were delivered, otherwise than ordered; the others are as they are." }),
    })
    .openapi("SetOrderStatus", { example: { status: "ACCEPTED" } }),
)

const day = lazily(() => z.union([z.iso.date(), z.iso.datetime({ offset: true })]).transform((text) => Math.max(0, Date.parse(text))))

export const orderQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    status: enumInput(orderStatuses).optional(),
    side: z.enum(["supplier", "buyer"]).optional(),
    q: z
      .string()
      .trim()
      .max(limits.searchCharsMax)
      .optional()
      .openapi({ description: "Part of an order number or of the other side's name." }),
    from: day.optional().openapi({ type: "string", format: "date-time", description: "Placed at or after." }),
    to: day.optional().openapi({ type: "string", format: "date-time", description: "Placed before." }),
  }),
)
