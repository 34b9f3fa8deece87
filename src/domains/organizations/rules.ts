import type { OrganizationId, RoutingNumber } from "../../kernel/ids.ts"
import type { Flow } from "../../kernel/flow.ts"

/** What an organization does; not exclusive, since a distributor buys and sells. */
export const capabilities = ["supplier", "buyer", "manufacturer", "cfa", "stockist", "field_sales", "channel_seller"] as const
export type Capability = (typeof capabilities)[number]

export const kybStatuses = ["UNVERIFIED", "PENDING", "VERIFIED", "REJECTED"] as const
export type KybStatus = (typeof kybStatuses)[number]

/** Know Your Business: the organization submits, the platform decides; a verified one may be found wanting later. */
export const kybFlow = {
  UNVERIFIED: ["PENDING"],
  PENDING: ["VERIFIED", "REJECTED"],
  REJECTED: ["PENDING"],
  VERIFIED: ["REJECTED"],
} as const satisfies Flow<KybStatus>

export const organizationStatuses = ["ACTIVE", "DEACTIVATED"] as const
export type OrganizationStatus = (typeof organizationStatuses)[number]

export type OrganizationSettings = {
  readonly currency: string
  readonly time_zone: string
  /** Buyers with a link see quantities, not only availability. */
  readonly share_stock: boolean
  readonly require_kyb_for_link_approval: boolean
}

/** The copy of an organization that its ledger decides by: whole, and versioned so that an older one never overwrites a newer. */
export type OrganizationFacts = {
  readonly id: OrganizationId
  readonly routing: RoutingNumber
  readonly name: string
  readonly status: OrganizationStatus
  readonly kybStatus: KybStatus
  readonly isSupplier: boolean
  readonly settings: OrganizationSettings
  readonly version: number
}
