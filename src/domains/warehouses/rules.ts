import type { LocationId, OrganizationId } from "../../kernel/ids.ts"
import type { Milli } from "../../kernel/quantity.ts"
import type { Instant } from "../../kernel/time.ts"

/** What a place is for. Stock in quarantine or on its way counts as on hand and is never sold. */
export const locationKinds = ["WAREHOUSE", "CFA_DEPOT", "STOCKIST", "STORE", "QUARANTINE", "IN_TRANSIT"] as const
export type LocationKind = (typeof locationKinds)[number]

/** Where one can send somebody. */
export type Address = {
  readonly street: string
  readonly city: string
  readonly region: string
  readonly postalCode: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
}

/** The linked organization that runs a place; the stock stays its owner's. */
export type Operator = { readonly id: OrganizationId; readonly name: string }

/** A place that holds stock, as its owner's ledger has it. */
export type Location = {
  readonly id: LocationId
  readonly code: string
  readonly name: string
  readonly kind: LocationKind
  readonly address: Address | null
  /** How much it is meant to hold, for people to plan by: INV-WHS-7. */
  readonly capacityMilli: Milli | null
  readonly operator: Operator | null
  /** Everybody who ever ran it: who no longer does must be told so. */
  readonly operators: ReadonlyArray<Operator & { readonly isCurrent: boolean }>
  /** Where opening stock and counts without a place go. */
  readonly isDefault: boolean
  readonly archivedAt: Instant | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly version: number
  readonly seq: number
}

/** What its owner states of a place. */
export type LocationTerms = Pick<Location, "code" | "name" | "kind" | "address" | "capacityMilli">

/** A place as one organization sees it. */
export type SeenLocation = Omit<Location, "operators"> & { readonly ownerId: OrganizationId }

/** What lies at a place and what is on its way there: sums over its products, each in its own unit. */
export type Holding = { readonly onHandMilli: Milli; readonly incomingMilli: Milli }

/** A place by itself, with what it holds. */
export type LocationDetail = SeenLocation & { readonly holds: Holding }

/** INV-WHS-7: more lies at a place, or is on its way there, than it is meant to hold. People are told so; nothing is refused for it. */
export const isOverCapacity = ({ capacityMilli, holds: { onHandMilli, incomingMilli } }: LocationDetail): boolean =>
  capacityMilli !== null && onHandMilli + incomingMilli > capacityMilli

/** INV-WHS-1: orders are filled from no other kind of place. */
export const isSellableFrom = (kind: LocationKind): boolean => kind !== "QUARANTINE" && kind !== "IN_TRANSIT"

/** The code of the place that goods on their way are at; made with the first transfer that takes a while. */
export const transitCode = "IN-TRANSIT"

/** Goods on their way come to it and leave it by transfers alone; another place of its kind (a lorry) is one like any other. */
export const isTransit = ({ code }: Pick<Location, "code">): boolean => code === transitCode

/** INV-WHS-3: what the ledger itself falls back on stays what it is: the default place sells, and goods on their way have their own. */
export function fixedTerms(
  before: Location,
  after: LocationTerms & { readonly operator: Operator | null },
): Array<"code" | "kind" | "operator_id"> {
  const isOther = { code: before.code !== after.code, kind: before.kind !== after.kind, operator_id: after.operator !== null }
  if (isTransit(before)) return (["code", "kind", "operator_id"] as const).filter((term) => isOther[term])
  return before.isDefault && !isSellableFrom(after.kind) ? ["kind"] : []
}

/**
 * INV-WHS-4: a place's operators when this one runs it from now on, or nobody; undefined where there have been too many.
 * Nobody is ever dropped from the list: their row would go on saying that they run it.
 */
export function operatorsAfter(
  operators: Location["operators"],
  next: Operator | null,
  operatorsMax: number,
): Location["operators"] | undefined {
  const former = operators.filter(({ id }) => id !== next?.id).map((operator) => ({ ...operator, isCurrent: false }))
  const all = next === null ? former : [...former, { ...next, isCurrent: true }]
  return all.length > operatorsMax ? undefined : all
}

type WhyNotArchived = "DEFAULT" | "TRANSIT" | "NOT_EMPTY"

/** INV-WHS-2: a place goes only while it is empty, expects nothing and is not the one that the ledger itself falls back on. */
export function whyNotArchived(location: Location, holds: Holding & { readonly hasUnits: boolean }): WhyNotArchived | undefined {
  if (location.isDefault) return "DEFAULT"
  if (isTransit(location)) return "TRANSIT"
  return holds.onHandMilli !== 0 || holds.incomingMilli !== 0 || holds.hasUnits ? "NOT_EMPTY" : undefined
}
