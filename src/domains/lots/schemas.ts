import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { idSchema, idView, instantView, lazily, quantityView, textInput } from "../../platform/http/schemas.ts"
import { lotNumberInput } from "../inventory/index.ts"
import { orderStatuses } from "../orders/index.ts"
import { shownLotStatuses } from "./rules.ts"

export const lotParams = lazily(() => z.strictObject({ lot_number: lotNumberInput.openapi({ example: "L-2026-11" }) }))

export const lotQuery = lazily(() =>
  z.strictObject({
    product_id: idSchema("prd").optional().openapi({ description: "Needed where several products have a lot of this number." }),
  }),
)

const reasonInput = textInput(limits.reasonCharsMax, 1)

export const holdLotInput = lazily(() =>
  z
    .strictObject({
      hold: z.boolean().default(true).openapi({ description: "False releases it." }),
      reason: reasonInput.optional().openapi({ example: "Cooling failed on the way" }),
    })
    .openapi("HoldLot"),
)

export const recallLotInput = lazily(() =>
  z.strictObject({ reason: reasonInput.openapi({ example: "Glass was found in one jar" }) }).openapi("RecallLot"),
)

const lotFields = () => ({
  id: idView("lot"),
  lot_number: z.string().openapi({ example: "L-2026-11" }),
  product_id: idView("prd"),
  sku: z.string().openapi({ example: "TOM-001" }),
  name: z.string().openapi({ example: "Organic Tomatoes" }),
  unit: z.string().openapi({ example: "kg" }),
  expires_on: z.string().nullable().openapi({ description: "The last day it may be sold; null where it keeps.", example: "2027-01-31" }),
  status: z.enum(shownLotStatuses).openapi({ example: "QUARANTINED" }),
  reason: z.string().nullable().openapi({ description: "Of the last step.", example: "Cooling failed on the way" }),
  on_hand: quantityView.openapi({ description: "At all places together." }),
  received_at: instantView,
  updated_at: instantView,
  version: z.int(),
})

export const lotView = lazily(() => z.object(lotFields()).openapi("Lot"))

const recipientView = lazily(() =>
  z
    .object({
      buyer_id: idView("org"),
      buyer_name: z.string().openapi({ example: "Harbour Hotel" }),
      quantity: quantityView.openapi({ description: "What it has of the lot: sent, less what came back." }),
      orders: z.array(
        z.object({
          order_id: idView("ord"),
          number: z.string().openapi({ example: "SO-00001" }),
          status: z.enum(orderStatuses).openapi({ example: "COMPLETED" }),
          quantity: quantityView,
        }),
      ),
    })
    .openapi("LotRecipient"),
)

const isCutShort = z
  .boolean()
  .openapi({ description: `Whether there is more than is shown: at most ${limits.lotOrdersMax} orders.`, example: false })

export const recallView = lazily(() =>
  z
    .object({
      ...lotFields(),
      quantity_out: quantityView.openapi({ description: "What buyers have of it." }),
      buyers: z.array(recipientView).openapi({ description: "Everybody who has some of it; each was told." }),
      is_cut_short: isCutShort,
    })
    .openapi("LotRecall"),
)

const by = z.object({ id: z.string().nullable(), name: z.string().openapi({ example: "Wanda Warehouse" }) })

const step = () => ({
  movement_id: idView("mov"),
  reason: z.string().openapi({ example: "RECEIPT" }),
  quantity: quantityView,
  warehouse_id: idView("whs"),
  reference: z.string().nullable().openapi({ example: "DN 4711" }),
  effective_at: instantView,
  recorded_at: instantView,
  by,
})

export const traceView = lazily(() =>
  z
    .object({
      ...lotFields(),
      receipts: z.array(z.object(step()).openapi("LotReceipt")).openapi({ description: "Backward: how it came in, oldest first." }),
      orders: z
        .array(
          z
            .object({
              order_id: idView("ord"),
              number: z.string().openapi({ example: "SO-00001" }),
              status: z.enum(orderStatuses).openapi({ example: "COMPLETED" }),
              buyer_id: idView("org"),
              buyer_name: z.string().openapi({ example: "Harbour Hotel" }),
              sent: quantityView,
              returned: quantityView.openapi({ example: 0 }),
              quantity: quantityView.openapi({ description: "Sent, less what came back." }),
              at: instantView.openapi({ description: "Of its last movement." }),
            })
            .openapi("LotOrder"),
        )
        .openapi({ description: "Forward: every order that took some of it, newest first." }),
      buyers: z.array(recipientView).openapi({ description: "Forward: who has some of it." }),
      transfers: z
        .array(
          z
            .object({
              ...step(),
              to_warehouse_id: idView("whs"),
              in_transit_quantity: quantityView.nullable().openapi({ description: "What of it has not arrived.", example: null }),
            })
            .openapi("LotTransfer"),
        )
        .openapi({ description: "Between places, oldest first." }),
      other_movements: z
        .array(z.object({ ...step(), type: z.string().openapi({ example: "OUT" }) }).openapi("LotMovement"))
        .openapi({ description: "Damaged, destroyed, counted, or gone as a unit, oldest first; an ADJUSTMENT is signed." }),
      locations: z
        .array(
          z
            .object({
              warehouse_id: idView("whs"),
              code: z.string().openapi({ example: "MAIN" }),
              name: z.string().openapi({ example: "Main warehouse" }),
              kind: z.string().openapi({ example: "WAREHOUSE" }),
              on_hand: quantityView,
              reserved: quantityView.openapi({ example: 0 }),
              incoming: quantityView.openapi({ example: 0 }),
            })
            .openapi("LotPlace"),
        )
        .openapi({ description: "Where it is." }),
      is_cut_short: z.boolean().openapi({
        description: `Whether there is more than is shown: at most ${limits.lotOrdersMax} orders and ${limits.lotTraceMovementsMax} other movements.`,
        example: false,
      }),
    })
    .openapi("LotTrace"),
)
