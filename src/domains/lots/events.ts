import { z } from "@hono/zod-openapi"
import { quantityNumber } from "../../kernel/quantity.ts"
import { defineEvent, eventsOf } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import { type Lot, shownStatusOf } from "./rules.ts"

/** Which lot it is, in the words of both sides. */
const whichLot = () => ({
  lot_number: z.string(),
  product_id: z.string(),
  sku: z.string(),
  name: z.string(),
  expires_on: z.string().nullable(),
})

const lotData = lazily(() =>
  z.object({
    ...whichLot(),
    status: z.string(),
    reason: z.string().nullable(),
    /** At all places of the owner. */
    on_hand: z.number(),
  }),
)

/** What a buyer who got some of it must know: which of its orders, and how much. */
const receivedRecallData = lazily(() =>
  z.object({
    ...whichLot(),
    reason: z.string().nullable(),
    counterparty_name: z.string(),
    quantity: z.number(),
    orders: z.array(z.object({ order_id: z.string(), number: z.string(), quantity: z.number() })),
  }),
)

const lotEvent = eventsOf("inventory.stock.read", lotData)

export const lotEvents = {
  expired: lotEvent("lot.expired"),
  quarantined: lotEvent("lot.quarantined"),
  released: lotEvent("lot.released"),
  recalled: lotEvent("lot.recalled"),
  /** To each buyer who got some of the lot. */
  recallReceived: defineEvent("lot.recall_received", "orders.order.read", receivedRecallData),
} as const

export type LotEventVerb = Exclude<keyof typeof lotEvents, "expired" | "recallReceived">

export const lotEventDataOf = (
  lot: Lot,
  product: { readonly sku: string; readonly name: string },
  onHandMilli: number,
): z.infer<typeof lotData> => ({
  lot_number: lot.number,
  product_id: lot.productId,
  sku: product.sku,
  name: product.name,
  expires_on: lot.expiresOn,
  status: shownStatusOf(lot),
  reason: lot.reason,
  on_hand: quantityNumber(onHandMilli),
})
