import type { Flow } from "../../kernel/flow.ts"
import type { OrganizationId, RoutingNumber } from "../../kernel/ids.ts"

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

/** INV-ORG-1: nothing is deleted; the platform may bring a deactivated organization back. */
export const organizationFlow = { ACTIVE: ["DEACTIVATED"], DEACTIVATED: ["ACTIVE"] } as const satisfies Flow<OrganizationStatus>

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

export const defaultSettings = (requiresKyb: boolean): OrganizationSettings => ({
  currency: "USD",
  time_zone: "UTC",
  share_stock: false,
  require_kyb_for_link_approval: requiresKyb,
})

/** A slug is one DNS label (RFC 1123), since it becomes the subdomain. */
const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/

/** Labels that are the platform's own, or that a reader would take for it. */
const reservedSlugs: ReadonlySet<string> = new Set(["api", "www", "app", "admin", "docs", "mail", "static", "status", "support", "waybill"])

export const isSlug = (text: string): boolean => slugPattern.test(text) && !reservedSlugs.has(text)

const derivedSlugCharsMax = 50

/** A slug from a name, or undefined where the name leaves too little of the Latin alphabet. */
export function slugOf(name: string): string | undefined {
  const slug = name
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, derivedSlugCharsMax)
    .replace(/^-+|-+$/g, "")
  return isSlug(slug) ? slug : undefined
}

/** Whether the runtime's copy of the IANA time zone database knows the name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name })
    return /^[A-Za-z]/.test(name)
  } catch {
    return false
  }
}

/**
 * INV-ORG-3: whether an organization's own staff may set the KYB policy so. Where the platform's default asks for
 * verification, only the platform relaxes it, or it would protect nobody.
 */
export const mayRelaxKyb = (wanted: boolean | undefined, platformDefault: boolean, isPlatformStaff: boolean): boolean =>
  wanted !== false || !platformDefault || isPlatformStaff
