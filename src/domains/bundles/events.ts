import { z } from "@hono/zod-openapi"
import { quantityNumber } from "../../kernel/quantity.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { defineEvent } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import { type BundleComponent, componentRoles } from "./rules.ts"

const componentEventData = lazily(() =>
  z.object({
    component_id: z.string(),
    /** The bundle's, since it is the bundle that changes. */
    product_id: z.string(),
    sku: z.string(),
    child_id: z.string(),
    child_sku: z.string(),
    quantity: z.number(),
    role: z.enum(componentRoles),
  }),
)

type ComponentEventData = z.infer<typeof componentEventData>

const permission: Permission = "catalog.product.read"

export const bundleEvents = {
  added: defineEvent("bundle.component_added", permission, componentEventData),
  removed: defineEvent("bundle.component_removed", permission, componentEventData),
} as const

export const componentEventDataOf = (component: BundleComponent, sku: string, childSku: string): ComponentEventData => ({
  component_id: component.id,
  product_id: component.parentId,
  sku,
  child_id: component.childId,
  child_sku: childSku,
  quantity: quantityNumber(component.quantityMilli),
  role: component.role,
})
