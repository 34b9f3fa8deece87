import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { formatInstant } from "../../kernel/time.ts"
import { defineEvent, eventsOf } from "../../platform/events/define-event.ts"
import { type Unit, type UnitVerb, unitStatuses } from "./rules.ts"

const receivedData = z.object({
  count: z.number(),
  unit_ids: z.array(z.string()),
  product_ids: z.array(z.string()),
})

const unitData = z.object({
  unit_id: z.string(),
  product_id: z.string(),
  sku: z.string(),
  name: z.string(),
  serial: z.string(),
  from: z.enum(unitStatuses),
  status: z.enum(unitStatuses),
  warehouse_id: z.string(),
  reserved_until: z.string().nullable(),
  reason: z.string().nullable(),
})

export type UnitEventData = z.infer<typeof unitData>

const permission = "inventory.stock.read"
const unitEvent = eventsOf(permission, unitData)

export const unitEvents = {
  /** One for all units that were received together. */
  received: defineEvent("unit.received", permission, receivedData),
  reserved: unitEvent("unit.reserved"),
  /** Also when a reservation's time is over. */
  released: unitEvent("unit.released"),
  sold: unitEvent("unit.sold"),
  moved: unitEvent("unit.moved"),
  damaged: unitEvent("unit.damaged"),
  returned: unitEvent("unit.returned"),
} as const

export const unitEventOf = {
  reserve: unitEvents.reserved,
  release: unitEvents.released,
  sell: unitEvents.sold,
  move: unitEvents.moved,
  damage: unitEvents.damaged,
  return: unitEvents.returned,
} as const satisfies Record<UnitVerb, unknown>

/** Of a large receipt, the first: the list of units has all. */
export const receivedDataOf = (units: readonly Unit[]): z.infer<typeof receivedData> => ({
  count: units.length,
  unit_ids: units.slice(0, limits.eventUnitsMax).map(({ id }) => id),
  product_ids: [...new Set(units.map(({ productId }) => productId))].slice(0, limits.eventUnitsMax),
})

/** A unit after its last step, as it is told of. */
export const unitEventDataOf = (unit: Unit, product: { readonly sku: string; readonly name: string } | undefined): UnitEventData => {
  const step = unit.history.at(-1)
  return {
    unit_id: unit.id,
    product_id: unit.productId,
    sku: product?.sku ?? "",
    name: product?.name ?? "",
    serial: unit.serial,
    from: step?.from ?? unit.status,
    status: unit.status,
    warehouse_id: unit.locationId,
    reserved_until: unit.reservedUntil === null ? null : formatInstant(unit.reservedUntil),
    reason: step?.reason ?? null,
  }
}
