import type { FileId, IdentityId, LocationId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import type { Minor } from "../../kernel/money.ts"
import type { Pack } from "../../kernel/pack.ts"
import { isOnStep, type Milli } from "../../kernel/quantity.ts"
import type { InputFault } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

export const availabilities = ["IN_STOCK", "LOW", "OUT_OF_STOCK"] as const
type Availability = (typeof availabilities)[number]

/** What a buyer may know of stock: whether there is any, and whether it is under the supplier's minimum. */
export const availabilityOf = (stock: Milli, minimum: Milli): Availability =>
  stock <= 0 ? "OUT_OF_STOCK" : stock < minimum ? "LOW" : "IN_STOCK"

/** An image as a product shows it: all that is needed to show it stands here, so that a page of products reads no files. */
export type ProductImage = {
  readonly fileId: FileId
  readonly contentType: string
  /** Pixels, as the image's header states them. */
  readonly width: number | null
  readonly height: number | null
}

export const conditions = ["N", "R", "U"] as const
export type Condition = (typeof conditions)[number]

/** What tells variants of one identity apart, each where it was given: color as two letters, size as one to four letters and digits. */
export type VariantAttributes = { readonly color: string | null; readonly size: string | null; readonly condition: Condition | null }

/** Which identity a product is of, and as what; all null in one that was made without, until it is attached. Never changed after. */
export type Variant = VariantAttributes & { readonly identityId: IdentityId | null }

export const noVariant: Variant = { identityId: null, color: null, size: null, condition: null }

/** A product as sold, as its supplier's ledger holds it. */
export type ProductFacts = Variant & {
  readonly id: ProductId
  readonly supplierId: OrganizationId
  readonly sku: string
  /** As its supplier writes it, of 8, 12, 13 or 14 digits; no other product of the organization has the same number. */
  readonly gtin: string | null
  readonly name: string
  readonly description: string
  readonly category: string
  readonly unit: string
  readonly quantityStepMilli: Milli
  readonly priceMinor: Minor
  readonly currency: string
  readonly minOrderMilli: Milli
  readonly minStockMilli: Milli
  /** Names for so many of the unit: a box of 12. */
  readonly packs: readonly Pack[]
  /** On hand over all locations; of a bundle, how many the stock of its components is enough for. */
  readonly stockMilli: Milli
  /** Of it, what can be sold now: reserved, held, expired and travelling stock is left out; of a bundle, likewise. */
  readonly availableMilli: Milli
  readonly stockSeq: number
  readonly isActive: boolean
  /** In the order they are shown. */
  readonly images: readonly ProductImage[]
  readonly archivedAt: Instant | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly version: number
  readonly seq: number
}

/** How much of a product should be at one place at least. `seq` is of the change that said so. */
export type PlaceMinimum = { readonly locationId: LocationId; readonly minMilli: Milli; readonly seq: number }

/** A product with what its own staff are shown of it alone. */
export type ProductDetail = ProductFacts & { readonly minimums: readonly PlaceMinimum[] }

/** The members of a product that its supplier states. */
export type ProductTerms = Pick<
  ProductFacts,
  | "sku"
  | "gtin"
  | "name"
  | "description"
  | "category"
  | "unit"
  | "quantityStepMilli"
  | "priceMinor"
  | "currency"
  | "minOrderMilli"
  | "minStockMilli"
  | "isActive"
  | "packs"
>

/** INV-CAT-1: every quantity that a supplier states of a product, its minimum order, its packs and a counted stock, is a multiple of its step. */
export function checkTerms(terms: ProductTerms, stockMilli: Milli): InputFault[] {
  const faults: InputFault[] = []
  const offStep = (pointer: string) =>
    faults.push({
      pointer,
      code: "OFF_STEP",
      message: `Must be a multiple of the product's quantity_step ${terms.quantityStepMilli / 1000}.`,
    })
  if (!isOnStep(terms.minOrderMilli, terms.quantityStepMilli)) offStep("/min_order_qty")
  if (!isOnStep(stockMilli, terms.quantityStepMilli)) offStep("/stock_quantity")
  terms.packs.forEach(({ quantityMilli }, index) => {
    if (!isOnStep(quantityMilli, terms.quantityStepMilli)) offStep(`/packs/${index}/quantity`)
  })
  return faults
}
