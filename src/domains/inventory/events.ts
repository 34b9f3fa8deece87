import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { defineEvent } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"

const lowStockData = lazily(() =>
  z.object({
    product_id: z.string(),
    sku: z.string(),
    name: z.string(),
    unit: z.string(),
    /** Where; null is all places together. */
    warehouse_id: z.string().nullable(),
    warehouse_name: z.string().nullable(),
    on_hand: z.number(),
    min_stock_level: z.number(),
  }),
)

const movementsData = lazily(() =>
  z.object({
    count: z.number(),
    movement_ids: z.array(z.string()),
    product_ids: z.array(z.string()),
  }),
)

const permission = "inventory.stock.read"

export const stockEvents = {
  /** Once when stock falls under its minimum, and not again before it has been above. */
  low: defineEvent("stock.low", permission, lowStockData),
  /** One for all movements that were recorded together. */
  moved: defineEvent("stock.moved", permission, movementsData),
} as const

export const lowStockDataOf = (
  product: { readonly id: string; readonly sku: string; readonly name: string; readonly unit: string },
  place: { readonly id: string; readonly name: string } | undefined,
  onHandMilli: number,
  minMilli: number,
): z.infer<typeof lowStockData> => ({
  product_id: product.id,
  sku: product.sku,
  name: product.name,
  unit: product.unit,
  warehouse_id: place?.id ?? null,
  warehouse_name: place?.name ?? null,
  on_hand: quantityNumber(onHandMilli),
  min_stock_level: quantityNumber(minMilli),
})

/** Of a large batch, the first: the journal has all. */
export const movementsDataOf = (
  movements: ReadonlyArray<{ readonly id: string; readonly productId: string }>,
): z.infer<typeof movementsData> => ({
  count: movements.length,
  movement_ids: movements.slice(0, limits.eventMovementsMax).map(({ id }) => id),
  product_ids: [...new Set(movements.map(({ productId }) => productId))].slice(0, limits.eventMovementsMax),
})
