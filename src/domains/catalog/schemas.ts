import { z } from "@hono/zod-openapi"
import { isGtin } from "../../kernel/gs1.ts"
import { limits } from "../../kernel/limits.ts"
import { priceRules } from "../../kernel/price.ts"
import {
  currencyInput,
  flagInput,
  idSchema,
  idView,
  instantView,
  lazily,
  listOf,
  moneyInput,
  moneyView,
  pageQuery,
  quantityInput,
  quantityView,
  someField,
  textInput,
} from "../../platform/http/schemas.ts"
import { availabilities, conditions } from "./rules.ts"

const signedExample =
  "https://api.waybill.example/api/v1/files/fil_01jd8x2y3zf4g5h6j7k8m9n0pq/content?org=org_01jd8x2y3zf4g5h6j7k8m9n0pq&expires=1769853600&signature=2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

const productImageView = lazily(() =>
  z
    .object({
      file_id: idView("fil"),
      url: z.string().openapi({ description: "Shows the image without a token, for 15 to 30 minutes.", example: signedExample }),
      thumbnail_url: z
        .string()
        .openapi({ description: "The same, at most 320 pixels wide, as WebP (a GIF as it is).", example: signedExample }),
      content_type: z.string().openapi({ example: "image/webp" }),
      width: z.int().nullable().openapi({ description: "Pixels.", example: 1200 }),
      height: z.int().nullable().openapi({ description: "Pixels.", example: 900 }),
    })
    .openapi("ProductImage"),
)

export const productView = lazily(() =>
  z
    .object({
      id: idView("prd"),
      supplier_id: idView("org"),
      sku: z.string().openapi({ example: "TOM-001" }),
      gtin: z
        .string()
        .nullable()
        .openapi({ description: "The number in its barcode, as it was given; null where it has none.", example: "4006381333931" }),
      name: z.string().openapi({ example: "Organic Tomatoes" }),
      description: z.string(),
      category: z.string().openapi({ example: "Vegetables" }),
      unit: z.string().openapi({ example: "kg" }),
      quantity_step: quantityView.openapi({ example: 1 }),
      identity_id: idView("idn").nullable().openapi({
        description:
          "The identity that the product is a variant of; null in a product that was made without one, until POST /variants attaches it.",
        example: null,
      }),
      color: z.string().nullable().openapi({ example: null }),
      size: z.string().nullable().openapi({ example: null }),
      condition: z.enum(conditions).nullable().openapi({ description: "New, refurbished or used.", example: null }),
      price: moneyView,
      currency: z.string().openapi({ example: "USD" }),
      unit_price: moneyView.openapi({
        example: "5.69",
        description:
          "What one unit costs the caller at the minimum order quantity, by the terms of its link; its own products cost it `price`.",
      }),
      price_rule: z.enum(priceRules).openapi({ example: "DISCOUNT", description: "What makes unit_price, as on an order's lines." }),
      price_tiers: z
        .array(z.object({ from_quantity: quantityView, unit_price: moneyView }))
        .openapi({ description: "The caller's prices for larger quantities, by its price list." }),
      min_order_qty: quantityView.openapi({ example: 10 }),
      packs: z.array(z.object({ unit: z.string(), quantity: quantityView })).openapi({
        description: "Names for so many of the unit, which an order's line or a movement may count in.",
        example: [{ unit: "box", quantity: 12 }],
      }),
      is_active: z.boolean(),
      availability: z.enum(availabilities),
      images: z.array(productImageView),
      stock_quantity: quantityView.optional().openapi({
        example: 100,
        description: "On hand. The supplier's own staff see it, and buyers where the supplier shares its stock.",
      }),
      min_stock_level: quantityView.optional().openapi({ example: 20, description: "The supplier's own staff alone see it." }),
      min_stock_levels: z
        .array(z.object({ warehouse_id: idView("whs"), quantity: quantityView.openapi({ example: 5 }) }))
        .optional()
        .openapi({
          description: "Minimums of single warehouses. The supplier's own staff alone see them, in the answers for one product.",
        }),
      version: z.int(),
      created_at: instantView,
      updated_at: instantView,
    })
    .openapi("Product"),
)

export const productList = listOf(productView, "ProductList")

/** A GTIN as written: of whatever length, with its check digit. */
export const gtinInput = z
  .string()
  .max(limits.gtinDigits)
  .refine(isGtin, "Must be a GTIN of 8, 12, 13 or 14 digits with its check digit.")
  .openapi({ pattern: "^([0-9]{8}|[0-9]{12,14})$", example: "4006381333931" })
const placeMinimumInput = lazily(() =>
  z.strictObject({ warehouse_id: idSchema("whs"), quantity: quantityInput("not negative").openapi({ example: 5 }) }),
)

/** What a supplier may say of any product beside its SKU, name and price. */
export const productTermsInput = () => ({
  gtin: gtinInput.nullable().optional().openapi({ description: "Unique in the organization; null takes it away." }),
  description: textInput(limits.descriptionCharsMax).optional(),
  category: textInput(limits.categoryCharsMax).optional().openapi({ example: "Vegetables" }),
  unit: textInput(limits.unitCharsMax, 1).optional().openapi({ example: "kg", description: "Defaults to piece." }),
  quantity_step: quantityInput("positive").optional().openapi({ example: 1 }),
  currency: currencyInput.optional().openapi({ description: "Defaults to the organization's." }),
  min_order_qty: quantityInput("positive").optional().openapi({ example: 10, description: "Defaults to one step." }),
  packs: z
    .array(z.strictObject({ unit: textInput(limits.unitCharsMax, 1), quantity: quantityInput("positive") }))
    .max(limits.packsPerProductMax)
    .optional()
    .openapi({
      description: "Each has a name of its own and a multiple of the step; they replace those there were.",
      example: [{ unit: "box", quantity: 12 }],
    }),
  min_stock_level: quantityInput("not negative").optional().openapi({ example: 20 }),
  min_stock_levels: z
    .array(placeMinimumInput)
    .max(limits.placeMinimumsMax)
    .optional()
    .openapi({ description: "Minimums of single warehouses, as a whole: a warehouse that is left out has none. 0 is none." }),
  stock_quantity: quantityInput("not negative").optional().openapi({ example: 100 }),
  is_active: z.boolean().optional(),
})

const skuInput = textInput(limits.skuCharsMax, 1).openapi({ example: "TOM-001" })
export const productName = textInput(limits.nameCharsMax, 1).openapi({ example: "Organic Tomatoes" })

export const createProductInput = lazily(() =>
  z
    .strictObject({ sku: skuInput, name: productName, price: moneyInput, ...productTermsInput() })
    .openapi("CreateProduct", { description: "stock_quantity is booked as an opening movement at the default location." }),
)

export const updateProductInput = lazily(() =>
  z
    .strictObject({ sku: skuInput.optional(), name: productName.optional(), price: moneyInput.optional(), ...productTermsInput() })
    .refine(...someField)
    .openapi("UpdateProduct", {
      description: "stock_quantity states a count: the difference is booked as an adjustment.",
      example: { price: "6.49" },
    }),
)

export type ProductBody = z.output<typeof updateProductInput>
export type NewProductBody = z.output<typeof createProductInput>

export const ownProductsQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    is_active: flagInput().optional().openapi({ type: "boolean" }),
  }),
)

export const productImageParams = lazily(() =>
  z.strictObject({
    id: idSchema("prd"),
    file_id: idSchema("fil"),
  }),
)

export const productImageQuery = lazily(() =>
  z.strictObject({
    name: textInput(limits.fileNameCharsMax, 1).optional().openapi({
      description: "What to call the image when it is downloaded.",
      example: "tomatoes.jpg",
    }),
  }),
)

export const addImageInput = lazily(() => z.strictObject({ file_id: idSchema("fil") }).openapi("AddProductImage"))

const sorts = ["name", "-name", "price", "-price"] as const

export const catalogQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    supplier_id: idSchema("org").optional(),
    q: z.string().trim().max(limits.searchCharsMax).optional().openapi({
      description: "Words in SKU, name, description or category; the last letters of each may be missing.",
    }),
    category: z.string().trim().max(limits.categoryCharsMax).optional(),
    in_stock: flagInput().optional().openapi({ type: "boolean" }),
    min_price: z
      .string()
      .regex(/^\d{1,12}(\.\d{1,4})?$/, "Must be a decimal.")
      .optional()
      .openapi({
        example: "1.00",
        description: "At least, by what the caller pays before quantity tiers.",
      }),
    max_price: z
      .string()
      .regex(/^\d{1,12}(\.\d{1,4})?$/, "Must be a decimal.")
      .optional()
      .openapi({
        example: "9.99",
        description: "At most, by what the caller pays before quantity tiers.",
      }),
    sort: z.enum(sorts).optional().openapi({
      description:
        "Without it the catalog comes by supplier, then name; price is the supplier's own. Across more than 50 suppliers, name supplier_id.",
    }),
  }),
)

export type CatalogQuery = z.output<typeof catalogQuery>
