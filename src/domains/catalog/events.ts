import { z } from "@hono/zod-openapi"
import { formatMoney } from "../../kernel/money.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { defineEvent } from "../../platform/events/define-event.ts"
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

const permission: Permission = "catalog.product.read"

export const productEvents = {
  created: defineEvent("product.created", permission, productEventData),
  updated: defineEvent("product.updated", permission, productEventData),
  archived: defineEvent("product.archived", permission, productEventData),
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
