import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import {
  currencyInput,
  idSchema,
  idView,
  instantView,
  listOf,
  moneyInput,
  moneyView,
  pageQuery,
  quantityInput,
  quantityView,
  textInput,
} from "../../platform/http/schemas.ts"
import { availabilities } from "./rules.ts"

export const productView = z
  .object({
    id: idView("prd"),
    supplier_id: idView("org"),
    sku: z.string().openapi({ example: "TOM-001" }),
    name: z.string().openapi({ example: "Organic Tomatoes" }),
    description: z.string(),
    category: z.string().openapi({ example: "Vegetables" }),
    unit: z.string().openapi({ example: "kg" }),
    quantity_step: quantityView.openapi({ example: 1 }),
    price: moneyView,
    currency: z.string().openapi({ example: "USD" }),
    min_order_qty: quantityView.openapi({ example: 10 }),
    is_active: z.boolean(),
    availability: z.enum(availabilities),
    images: z.array(z.string()),
    stock_quantity: quantityView
      .optional()
      .openapi({ example: 100, description: "On hand. The supplier's own staff see it, and buyers where the supplier shares its stock." }),
    min_stock_level: quantityView.optional().openapi({ example: 20, description: "The supplier's own staff alone see it." }),
    version: z.int(),
    created_at: instantView,
    updated_at: instantView,
  })
  .openapi("Product")

export const productList = listOf(productView, "ProductList")

const terms = {
  description: textInput(limits.descriptionCharsMax).optional(),
  category: textInput(limits.categoryCharsMax).optional().openapi({ example: "Vegetables" }),
  unit: textInput(limits.unitCharsMax, 1).optional().openapi({ example: "kg", description: "Defaults to piece." }),
  quantity_step: quantityInput("positive").optional().openapi({ example: 1 }),
  currency: currencyInput.optional().openapi({ description: "Defaults to the organization's." }),
  min_order_qty: quantityInput("positive").optional().openapi({ example: 10, description: "Defaults to one step." }),
  min_stock_level: quantityInput("not negative").optional().openapi({ example: 20 }),
  stock_quantity: quantityInput("not negative").optional().openapi({ example: 100 }),
  is_active: z.boolean().optional(),
}

const skuInput = textInput(limits.skuCharsMax, 1).openapi({ example: "TOM-001" })
const productName = textInput(limits.nameCharsMax, 1).openapi({ example: "Organic Tomatoes" })

export const createProductInput = z
  .strictObject({ sku: skuInput, name: productName, price: moneyInput, ...terms })
  .openapi("CreateProduct", { description: "stock_quantity is booked as an opening movement at the default location." })

export const updateProductInput = z
  .strictObject({ sku: skuInput.optional(), name: productName.optional(), price: moneyInput.optional(), ...terms })
  .refine((body) => Object.keys(body).length > 0, "Say at least one field to change.")
  .openapi("UpdateProduct", {
    description: "stock_quantity states a count: the difference is booked as an adjustment.",
    example: { price: "6.49" },
  })

export type ProductBody = z.output<typeof updateProductInput>
export type NewProductBody = z.output<typeof createProductInput>

export const ownProductsQuery = z.strictObject({
  ...pageQuery,
  is_active: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .openapi({ param: { name: "is_active", in: "query" }, type: "boolean" }),
})

export const productImageParams = z.strictObject({
  id: idSchema("prd").openapi({ param: { name: "id", in: "path" } }),
  file_id: idSchema("fil").openapi({ param: { name: "file_id", in: "path" } }),
})

export const sorts = ["name", "-name", "price", "-price"] as const

export const catalogQuery = z.strictObject({
  ...pageQuery,
  supplier_id: idSchema("org")
    .optional()
    .openapi({ param: { name: "supplier_id", in: "query" } }),
  q: z
    .string()
    .trim()
    .max(limits.searchCharsMax)
    .optional()
    .openapi({
      param: { name: "q", in: "query" },
      description: "Words in SKU, name, description or category; the last letters of each may be missing.",
    }),
  category: z
    .string()
    .trim()
    .max(limits.categoryCharsMax)
    .optional()
    .openapi({ param: { name: "category", in: "query" } }),
  in_stock: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .openapi({ param: { name: "in_stock", in: "query" }, type: "boolean" }),
  min_price: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,4})?$/, "Must be a decimal.")
    .optional()
    .openapi({ param: { name: "min_price", in: "query" }, example: "1.00" }),
  max_price: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,4})?$/, "Must be a decimal.")
    .optional()
    .openapi({ param: { name: "max_price", in: "query" }, example: "9.99" }),
  sort: z
    .enum(sorts)
    .optional()
    .openapi({
      param: { name: "sort", in: "query" },
      description: "Without it the catalog comes by supplier, then name. Across more than 50 suppliers, name supplier_id.",
    }),
})

export type CatalogQuery = z.output<typeof catalogQuery>
