import { z } from "@hono/zod-openapi"
import { quantityNumber } from "../../kernel/quantity.ts"
import { eventsOf } from "../../platform/events/define-event.ts"
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

const componentEvent = eventsOf("catalog.product.read", componentEventData)

export const bundleEvents = {
  added: componentEvent("bundle.component_added"),
  removed: componentEvent("bundle.component_removed"),
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
