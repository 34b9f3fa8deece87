import { z } from "@hono/zod-openapi"
import type { OrganizationId } from "../../kernel/ids.ts"
import { eventsOf } from "../../platform/events/define-event.ts"
import { lazily } from "../../platform/http/schemas.ts"
import type { Location } from "./rules.ts"

const placeData = lazily(() =>
  z.object({
    warehouse_id: z.string(),
    code: z.string(),
    name: z.string(),
    kind: z.string(),
    owner_id: z.string(),
    owner_name: z.string(),
    operator_id: z.string().nullable(),
    operator_name: z.string().nullable(),
  }),
)

type PlaceEventData = z.infer<typeof placeData>

const placeEvent = eventsOf("inventory.warehouse.read", placeData)

export const placeEvents = {
  created: placeEvent("warehouse.created"),
  updated: placeEvent("warehouse.updated"),
  archived: placeEvent("warehouse.archived"),
  /** To a partner, when it begins to run a place of another organization, and when it ceases to. */
  assigned: placeEvent("warehouse.operator_assigned"),
  left: placeEvent("warehouse.operator_removed"),
} as const

export const placeEventDataOf = (place: Location, owner: { readonly id: OrganizationId; readonly name: string }): PlaceEventData => ({
  warehouse_id: place.id,
  code: place.code,
  name: place.name,
  kind: place.kind,
  owner_id: owner.id,
  owner_name: owner.name,
  operator_id: place.operator?.id ?? null,
  operator_name: place.operator?.name ?? null,
})
