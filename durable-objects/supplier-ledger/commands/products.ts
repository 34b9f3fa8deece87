import { productEventDataOf, productEvents } from "../../../src/domains/catalog/events.ts"
import {
  checkTerms,
  noVariant,
  type PlaceMinimum,
  type ProductDetail,
  type ProductFacts,
  type ProductImage,
  type ProductTerms,
  type Variant,
} from "../../../src/domains/catalog/rules.ts"
import type { FileId, LocationId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { parseMoney } from "../../../src/kernel/money.ts"
import { checkPacks } from "../../../src/kernel/pack.ts"
import { isOnStep, type Milli, quantityNumber } from "../../../src/kernel/quantity.ts"
import { err, ok, type Refusal, type Result, refuse } from "../../../src/kernel/result.ts"
import { withoutUndefined } from "../../../src/kernel/without-undefined.ts"
import { oneUnit } from "../stock-book.ts"
import type { LedgerWork } from "../work.ts"
import { comeApart } from "./bundles.ts"
import { type Command, checkVersion } from "./command.ts"

/** A product as its supplier states it. The price comes as written: how many digits fit depends on the currency, and that may be the organization's. */
type ProductInput = Partial<Omit<ProductTerms, "priceMinor" | "sku" | "name">> & {
  readonly price?: string | number
  readonly stockMilli?: Milli
  /** All that there are of single places. */
  readonly minimums?: ReadonlyArray<{ readonly locationId: LocationId; readonly minMilli: Milli }>
}
/** A variant is a product that was made from an identity; the caller has made its SKU from both. */
type CreateProduct = ProductInput & {
  readonly sku: string
  readonly name: string
  readonly price: string | number
  readonly variant?: Variant
}
export type UpdateProduct = ProductInput & {
  readonly productId: ProductId
  readonly sku?: string
  readonly name?: string
  /** Whoever states all of a product may state what it is already: then nothing happens. */
  readonly unlessSame?: true
}

type AttachIdentity = { readonly productId: ProductId; readonly sku: string; readonly variant: Variant }
type ArchiveProduct = { readonly productId: ProductId }
type AddProductImage = { readonly productId: ProductId; readonly image: ProductImage }
type RemoveProductImage = { readonly productId: ProductId; readonly fileId: FileId }

/** The product, unless it is archived or at another version than If-Match names. */
function toChange({ store }: LedgerWork, id: ProductId, ifMatch: number | undefined): Result<ProductFacts> {
  const found = store.products.find(id)
  if (found === undefined || found.archivedAt !== null) return refuse("NOT_FOUND", "There is no such product.")
  return checkVersion("product", found, ifMatch) ?? ok(found)
}

export function createProduct(work: LedgerWork, input: CreateProduct): Result<ProductDetail> {
  const { store } = work
  const currency = input.currency ?? store.organization.settings.currency
  const price = priceIn(input.price, currency)
  if (!price.ok) return price
  const quantityStepMilli = input.quantityStepMilli ?? 1_000
  const terms: ProductTerms = {
    sku: input.sku,
    gtin: input.gtin ?? null,
    name: input.name,
    description: input.description ?? "",
    category: input.category ?? "",
    unit: input.unit ?? "piece",
    quantityStepMilli,
    priceMinor: price.value,
    currency,
    minOrderMilli: input.minOrderMilli ?? quantityStepMilli,
    minStockMilli: input.minStockMilli ?? 0,
    isActive: input.isActive ?? true,
    packs: input.packs ?? [],
  }
  const stockMilli = input.stockMilli ?? 0
  const refusal = checkProduct(work, terms, stockMilli) ?? checkMinimums(work, input.minimums)
  if (refusal !== undefined) return err(refusal)

  const id = work.mint("prd")
  const { variant = noVariant } = input
  store.products.save({ id, ...terms, ...variant, ...newcomer(work) })
  work.touch("product", id)
  work.stock.setMinimum(id, "", terms.minStockMilli)
  setMinimums(work, id, input.minimums)
  if (stockMilli > 0) {
    work.stock.move({
      productId: id,
      locationId: store.locations.default().id,
      lotId: "",
      type: "IN",
      quantityMilli: stockMilli,
      reason: "OPENING",
    })
  }
  return finish(work, id, "create")
}

export function updateProduct(work: LedgerWork, input: UpdateProduct, ifMatch: number | undefined): Result<ProductDetail> {
  const { store } = work
  const found = toChange(work, input.productId, ifMatch)
  if (!found.ok) return found
  const before = found.value
  const { productId, price: givenPrice, stockMilli, minimums, unlessSame, ...given } = input
  if (before.identityId !== null && given.sku !== undefined && given.sku !== before.sku) {
    const message = "A variant's SKU is made from its identity and never changes."
    return refuse("VALIDATION_FAILED", message, { errors: [{ pointer: "/sku", code: "GENERATED", message }] })
  }
  const currency = given.currency ?? before.currency
  // A price stands in a currency: moving to another without saying the price again would change what it means.
  if (currency !== before.currency && givenPrice === undefined) {
    return refuse("VALIDATION_FAILED", undefined, {
      errors: [{ pointer: "/price", code: "REQUIRED", message: "A change of currency needs the price in it." }],
    })
  }
  const price = givenPrice === undefined ? ok(before.priceMinor) : priceIn(givenPrice, currency)
  if (!price.ok) return price
  const after: ProductFacts = { ...before, ...withoutUndefined(given), priceMinor: price.value }
  const refusal = checkProduct(work, after, stockMilli ?? 0, before.id) ?? checkMinimums(work, minimums) ?? checkStepOfUnits(work, after)
  if (refusal !== undefined) return err(refusal)
  if (stockMilli !== undefined && stockMilli !== before.stockMilli && store.components.ofBundle(productId).length > 0) {
    const message = "A bundle has no stock of its own: count its components."
    return refuse("VALIDATION_FAILED", message, { errors: [{ pointer: "/stock_quantity", code: "BUNDLE", message }] })
  }
  const minimumsBefore = store.minimums.ofPlaces(productId)
  if (unlessSame === true && (stockMilli ?? before.stockMilli) === before.stockMilli && isSame(before, after))
    return ok({ ...before, minimums: minimumsBefore })

  store.products.save({ ...after, ...work.revise(before) })
  work.touch("product", productId)
  work.stock.setMinimum(productId, "", after.minStockMilli)
  setMinimums(work, productId, minimums)
  const counted = (stockMilli ?? before.stockMilli) - before.stockMilli
  if (counted !== 0) {
    const refused = count(work, productId, counted)
    if (refused !== undefined) return err(refused)
  }
  return finish(work, productId, "update", { ...before, minimums: minimumsBefore })
}

/**
 * INV-UPI-5: makes a variant of a product that was made without an identity. Its SKU gives way to the one that the caller has made of
 * both; its id, stock, price and orders stay.
 */
function attachIdentity(work: LedgerWork, input: AttachIdentity, ifMatch: number | undefined): Result<ProductDetail> {
  const { productId, sku, variant } = input
  const found = toChange(work, productId, ifMatch)
  if (!found.ok) return found
  const before = found.value
  if (before.identityId !== null) {
    const message = `${before.sku} is a variant already, and stays what it is.`
    return refuse("CONFLICT", message, { errors: [{ pointer: "/product_id", code: "IS_A_VARIANT", message }] })
  }
  const after: ProductFacts = { ...before, ...variant, sku }
  const refusal = checkProduct(work, after, 0, productId)
  if (refusal !== undefined) return err(refusal)
  work.store.products.save({ ...after, ...work.revise(before) })
  work.touch("product", productId)
  return finish(work, productId, "update", { ...before, minimums: work.store.minimums.ofPlaces(productId) })
}

function archiveProduct(work: LedgerWork, input: ArchiveProduct, ifMatch: number | undefined): Result<ProductDetail> {
  const found = toChange(work, input.productId, ifMatch)
  if (!found.ok) return found
  const before = found.value
  const refusal = comeApart(work, before.id)
  if (refusal !== undefined) return err(refusal)
  work.store.products.save({
    ...before,
    isActive: false,
    archivedAt: work.now,
    ...work.revise(before),
  })
  work.touch("product", before.id)
  const minimums = work.store.minimums.ofPlaces(before.id)
  for (const { locationId } of work.store.minimums.ofProduct(before.id)) work.stock.setMinimum(before.id, locationId, 0)
  return finish(work, before.id, "archive", { ...before, minimums })
}

/** Shows one more image, after those there are. That the file is one, and the product's, the caller has seen to. */
function addProductImage(work: LedgerWork, input: AddProductImage, ifMatch: number | undefined): Result<ProductDetail> {
  const found = toChange(work, input.productId, ifMatch)
  if (!found.ok) return found
  const before = found.value
  if (before.images.some(({ fileId }) => fileId === input.image.fileId)) return refuse("CONFLICT", "The product shows this image already.")
  if (before.images.length >= limits.productImagesMax) {
    return refuse("CONFLICT", `A product shows at most ${limits.productImagesMax} images; take one off first.`)
  }
  return saveImages(work, before, [...before.images, input.image])
}

/** Takes an image off a product. The file itself is its owner's to delete. */
function removeProductImage(work: LedgerWork, input: RemoveProductImage, ifMatch: number | undefined): Result<ProductDetail> {
  // An image that is not there is 404 whatever version was seen, so If-Match comes after it.
  const found = toChange(work, input.productId, undefined)
  if (!found.ok) return found
  const before = found.value
  if (!before.images.some(({ fileId }) => fileId === input.fileId)) return refuse("NOT_FOUND", "The product has no such image.")
  const stale = checkVersion("product", before, ifMatch)
  if (stale !== undefined) return stale
  return saveImages(
    work,
    before,
    before.images.filter(({ fileId }) => fileId !== input.fileId),
  )
}

function saveImages(work: LedgerWork, before: ProductFacts, images: readonly ProductImage[]): Result<ProductDetail> {
  work.store.products.save({ ...before, images, ...work.revise(before) })
  work.touch("product", before.id)
  return finish(work, before.id, "update", { ...before, minimums: work.store.minimums.ofPlaces(before.id) })
}

/** A stated stock is a count of the default location: the difference is an adjustment, in the journal like any other movement. */
function count(work: LedgerWork, productId: ProductId, difference: Milli): Refusal | undefined {
  const locationId = work.store.locations.default().id
  const cell = { productId, locationId, lotId: "" } as const
  const here = work.stock.freeLooseOf(cell)
  if (here + difference < 0) {
    return {
      code: "CONFLICT",
      detail: "Stock at other places, in lots or units, or reserved is more than the stated total.",
      errors: [
        { pointer: "/stock_quantity", code: "CONFLICT", message: "Less than what other places and lots hold, or what is reserved." },
      ],
    }
  }
  work.stock.move({ ...cell, type: "ADJUSTMENT", quantityMilli: difference, reason: "COUNT" })
  return undefined
}

function checkProduct(work: LedgerWork, terms: ProductTerms, stockMilli: Milli, self?: ProductId): Refusal | undefined {
  const faults = checkTerms(terms, stockMilli)
  if (faults.length > 0) return { code: "OFF_STEP", errors: faults }
  const ambiguous = checkPacks(terms)
  if (ambiguous.length > 0) return { code: "VALIDATION_FAILED", errors: ambiguous }
  const holder = work.store.products.idBySku(terms.sku)
  if (holder !== undefined && holder !== self) {
    return {
      code: "CONFLICT",
      detail: "Another product has this SKU.",
      errors: [{ pointer: "/sku", code: "TAKEN", message: "Another product has this SKU." }],
    }
  }
  const bearer = terms.gtin === null ? undefined : work.store.products.byGtin(terms.gtin)
  if (bearer !== undefined && bearer.id !== self) {
    const message = `The product ${bearer.sku} has this GTIN.`
    return { code: "CONFLICT", detail: message, errors: [{ pointer: "/gtin", code: "TAKEN", message }] }
  }
  return undefined
}

/** INV-UNT-5: what has serialized units is counted by the piece. */
function checkStepOfUnits(work: LedgerWork, { id, quantityStepMilli }: ProductFacts): Refusal | undefined {
  if (isOnStep(quantityStepMilli, oneUnit) || !work.store.units.isAnyOf(id)) return undefined
  const message = "The product has serialized units: its step stays a whole number."
  return { code: "OFF_STEP", detail: message, errors: [{ pointer: "/quantity_step", code: "HAS_UNITS", message }] }
}

/** Each is of a place that there is, and stands once. */
function checkMinimums({ store }: LedgerWork, minimums: ProductInput["minimums"] = []): Refusal | undefined {
  const fault = (index: number, code: string, message: string): Refusal => ({
    code: "VALIDATION_FAILED",
    errors: [{ pointer: `/min_stock_levels/${index}/warehouse_id`, code, message }],
  })
  const seen = new Set<LocationId>()
  for (const [index, { locationId }] of minimums.entries()) {
    if (seen.has(locationId)) return fault(index, "DUPLICATE", "The warehouse stands twice.")
    seen.add(locationId)
    const place = store.locations.find(locationId)
    if (place === undefined || place.archivedAt !== null) return fault(index, "UNKNOWN_WAREHOUSE", "There is no such warehouse.")
  }
  return undefined
}

/** States the minimums of single places as a whole: of a place that is left out there is none. */
function setMinimums({ store, stock }: LedgerWork, id: ProductId, minimums: ProductInput["minimums"]): void {
  if (minimums === undefined) return
  const stated = new Map(minimums.map(({ locationId, minMilli }) => [locationId, minMilli]))
  for (const { locationId } of store.minimums.ofPlaces(id)) if (!stated.has(locationId)) stock.setMinimum(id, locationId, 0)
  for (const [locationId, minMilli] of stated) stock.setMinimum(id, locationId, minMilli)
}

const moneyFaults = {
  NOT_A_DECIMAL: "Must be a decimal number.",
  TOO_PRECISE: "Has more decimal places than the currency.",
  TOO_LARGE: `Must be at most ${limits.moneyMinorMax} minor units.`,
  NEGATIVE: "Must not be negative.",
} as const

function priceIn(price: string | number, currency: string): Result<number> {
  const parsed = parseMoney(price, currency)
  return parsed.ok
    ? parsed
    : refuse("VALIDATION_FAILED", undefined, { errors: [{ pointer: "/price", code: parsed.error, message: moneyFaults[parsed.error] }] })
}

const newcomer = (work: LedgerWork) => ({
  supplierId: work.store.organization.id,
  stockMilli: 0,
  availableMilli: 0,
  stockSeq: 0,
  images: [],
  archivedAt: null,
  createdAt: work.now,
  updatedAt: work.now,
  version: 1,
  seq: work.seq,
})

function finish(work: LedgerWork, id: ProductId, verb: "create" | "update" | "archive", before?: ProductDetail): Result<ProductDetail> {
  const saved = work.store.products.find(id)
  if (saved === undefined) throw new Error("a saved product is gone")
  const after = { ...saved, minimums: work.store.minimums.ofPlaces(id) }
  work.audit({
    action: `catalog.product.${verb}`,
    entity: "product",
    entityId: id,
    before: before === undefined ? undefined : said(before),
    after: said(after),
  })
  const type = { create: productEvents.created, update: productEvents.updated, archive: productEvents.archived }[verb]
  work.emit(after.supplierId, type, productEventDataOf(after))
  return ok(after)
}

/** A product as the audit log tells of it: in the API's own words and units. */
const said = (product: ProductDetail) => ({
  ...productEventDataOf(product),
  identity_id: product.identityId,
  gtin: product.gtin,
  description: product.description,
  category: product.category,
  unit: product.unit,
  quantity_step: quantityNumber(product.quantityStepMilli),
  min_order_qty: quantityNumber(product.minOrderMilli),
  packs: product.packs.map(({ unit, quantityMilli }) => ({ unit, quantity: quantityNumber(quantityMilli) })),
  min_stock_level: quantityNumber(product.minStockMilli),
  min_stock_levels: product.minimums.map(saidMinimum),
  stock_quantity: quantityNumber(product.stockMilli),
  images: product.images.map(({ fileId }) => fileId),
})

const saidMinimum = ({ locationId, minMilli }: PlaceMinimum) => ({ warehouse_id: locationId, quantity: quantityNumber(minMilli) })

const isSame = (before: ProductFacts, after: ProductFacts): boolean =>
  (Object.keys(after) as Array<keyof ProductFacts>).every((member) => before[member] === after[member])

export const productCommands = {
  createProduct: { by: "owner", run: createProduct },
  updateProduct: { by: "owner", run: updateProduct },
  attachIdentity: { by: "owner", run: attachIdentity },
  archiveProduct: { by: "owner", run: archiveProduct },
  addProductImage: { by: "owner", run: addProductImage },
  removeProductImage: { by: "owner", run: removeProductImage },
} as const satisfies Record<string, Command>
