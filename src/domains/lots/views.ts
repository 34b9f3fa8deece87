import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { type Lot, type LotFact, type LotTrace, type Recipient, recipientsOf, shownStatusOf } from "./rules.ts"

export const lotEtag = ({ version, seq }: Lot): string => etagOf(version, seq)

export const toLotView = ({ lot, product, onHandMilli }: Pick<LotFact, "lot" | "product" | "onHandMilli">) => ({
  id: lot.id,
  lot_number: lot.number,
  product_id: lot.productId,
  sku: product.sku,
  name: product.name,
  unit: product.unit,
  expires_on: lot.expiresOn,
  status: shownStatusOf(lot),
  reason: lot.reason,
  on_hand: quantityNumber(onHandMilli),
  received_at: formatInstant(lot.receivedAt),
  updated_at: formatInstant(lot.updatedAt),
  version: lot.version,
})

const toRecipientView = ({ buyerId, buyerName, quantityMilli, orders }: Recipient) => ({
  buyer_id: buyerId,
  buyer_name: buyerName,
  quantity: quantityNumber(quantityMilli),
  orders: orders.map((order) => ({
    order_id: order.orderId,
    number: order.number,
    status: order.status,
    quantity: quantityNumber(order.quantityMilli),
  })),
})

export function toRecallView(fact: LotFact) {
  const recipients = recipientsOf(fact.orders)
  return {
    ...toLotView(fact),
    quantity_out: quantityNumber(recipients.reduce((sum, { quantityMilli }) => sum + quantityMilli, 0)),
    buyers: recipients.map(toRecipientView),
    is_cut_short: fact.isCutShort,
  }
}

const toStep = (movement: LotTrace["movements"][number]) => ({
  movement_id: movement.id,
  reason: movement.reason,
  quantity: quantityNumber(movement.type === "ADJUSTMENT" ? movement.quantityMilli : Math.abs(movement.quantityMilli)),
  warehouse_id: movement.locationId,
  reference: movement.reference,
  effective_at: formatInstant(movement.effectiveAt),
  recorded_at: formatInstant(movement.recordedAt),
  by: { id: movement.actorId, name: movement.actorName },
})

export function toTraceView({ lot, product, orders, movements, places, isCutShort }: LotTrace) {
  const onHandMilli = places.reduce((sum, place) => sum + place.onHandMilli, 0)
  return {
    ...toLotView({ lot, product, onHandMilli }),
    receipts: movements.filter(({ type }) => type === "IN").map(toStep),
    orders: orders.map((order) => ({
      order_id: order.orderId,
      number: order.number,
      status: order.status,
      buyer_id: order.buyerId,
      buyer_name: order.buyerName,
      sent: quantityNumber(order.sentMilli),
      returned: quantityNumber(order.returnedMilli),
      quantity: quantityNumber(order.sentMilli - order.returnedMilli),
      at: formatInstant(order.movedAt),
    })),
    buyers: recipientsOf(orders).map(toRecipientView),
    transfers: movements.flatMap((movement) =>
      movement.toLocationId === null
        ? []
        : [
            {
              ...toStep(movement),
              to_warehouse_id: movement.toLocationId,
              in_transit_quantity: movement.openMilli === null ? null : quantityNumber(movement.openMilli),
            },
          ],
    ),
    other_movements: movements
      .filter(({ type }) => type === "OUT" || type === "ADJUSTMENT")
      .map((movement) => ({ ...toStep(movement), type: movement.type })),
    locations: places.map((place) => ({
      warehouse_id: place.id,
      code: place.code,
      name: place.name,
      kind: place.kind,
      on_hand: quantityNumber(place.onHandMilli),
      reserved: quantityNumber(place.reservedMilli),
      incoming: quantityNumber(place.incomingMilli),
    })),
    is_cut_short: isCutShort,
  }
}
