import { z } from "@hono/zod-openapi"
import { formatMoney } from "../../kernel/money.ts"
import { eventsOf } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import type { ProductFacts } from "./rules.ts"

const productEventData = lazily(() =>
  z.object({
    product_id: z.string(),
    sku: z.string(),
    name: z.string(),
    price: z.string(),
    currency: z.string(),
    is_active: z.boolean(),
    version: z.number(),
  }),
)

type ProductEventData = z.infer<typeof productEventData>

const productEvent = eventsOf("catalog.product.read", productEventData)

export const productEvents = {
  created: productEvent("product.created"),
  updated: productEvent("product.updated"),
  archived: productEvent("product.archived"),
} as const

export const productEventDataOf = (product: ProductFacts): ProductEventData => ({
  product_id: product.id,
  sku: product.sku,
  name: product.name,
  price: formatMoney(product.priceMinor, product.currency),
  currency: product.currency,
  is_active: product.isActive,
  version: product.version,
})
