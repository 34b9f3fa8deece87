import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { idSchema, idView, instantView, lazily, listOf, moneyView, pageQuery, quantityView } from "../../platform/http/schemas.ts"

const dateView = z.string().openapi({ format: "date", example: "2027-01-31" })

const quantities = () => ({
  on_hand: quantityView.openapi({ example: 120, description: "What lies there." }),
  reserved: quantityView.openapi({ example: 20, description: "Of it, what is promised." }),
  available: quantityView.openapi({
    example: 100,
    description:
      "Of it, what can be sold: nothing of what is reserved, in quarantine, on its way, on hold, recalled or out of date, and nothing of a bundle, which is built of its components when it is sold.",
  }),
  incoming: quantityView.openapi({ example: 0, description: "What is on its way there." }),
})

const placed = () => ({
  product_id: idView("prd"),
  sku: z.string().openapi({ example: "TOM-001" }),
  name: z.string().openapi({ example: "Organic Tomatoes" }),
  unit: z.string().openapi({ example: "kg" }),
  owner_id: idView("org").openapi({ description: "Whose stock it is." }),
  warehouse_id: idView("whs"),
  warehouse_code: z.string().openapi({ example: "HAM-1" }),
})

const levelView = lazily(() =>
  z
    .object({
      ...placed(),
      lot_number: z.string().nullable().openapi({
        example: "L-2026-014",
        description: "Null for what is in no lot; and in levels by product and warehouse, which sum up the lots.",
      }),
      lot_status: z.string().nullable().openapi({ example: "ACTIVE" }),
      expires_on: dateView.nullable().openapi({ description: "The last day on which the lot may be sold." }),
      ...quantities(),
    })
    .openapi("StockLevel"),
)

export const levelList = listOf(levelView, "StockLevelList")

const expiringView = lazily(() =>
  z
    .object({
      ...placed(),
      lot_number: z.string().openapi({ example: "L-2026-014" }),
      lot_status: z.string().openapi({ example: "ACTIVE" }),
      expires_on: dateView,
      is_expired: z.boolean().openapi({ description: "Whether its last day is over." }),
      ...quantities(),
    })
    .openapi("ExpiringStock"),
)

export const expiringList = listOf(expiringView, "ExpiringStockList")

const lowStockView = lazily(() =>
  z
    .object({
      product_id: idView("prd"),
      sku: z.string().openapi({ example: "TOM-001" }),
      name: z.string().openapi({ example: "Organic Tomatoes" }),
      unit: z.string().openapi({ example: "kg" }),
      warehouse_id: idView("whs").nullable().openapi({ description: "Where; null is all warehouses together." }),
      warehouse_code: z.string().nullable().openapi({ example: "HAM-1" }),
      on_hand: quantityView.openapi({ example: 8 }),
      min_stock_level: quantityView.openapi({ example: 20 }),
      low_since: instantView,
    })
    .openapi("LowStock"),
)

export const lowStockList = listOf(lowStockView, "LowStockList")

const worthView = lazily(() =>
  z.object({ currency: z.string().openapi({ example: "USD" }), value: moneyView.openapi({ example: "18250.00" }) }).openapi("Worth"),
)

export const stockValueView = lazily(() =>
  z
    .object({
      totals: z.array(worthView).openapi({ description: "One for each currency." }),
      warehouses: z.array(
        z.object({
          warehouse_id: idView("whs"),
          code: z.string().openapi({ example: "HAM-1" }),
          name: z.string().openapi({ example: "Hamburg harbour" }),
          values: z.array(worthView),
        }),
      ),
      products_without_cost: z.int().openapi({
        example: 3,
        description: "Products on hand of which no receipt said what they cost: they are in no sum.",
      }),
    })
    .openapi("StockValue"),
)

export const levelQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    product_id: idSchema("prd").optional(),
    warehouse_id: idSchema("whs").optional(),
    lot_number: z
      .string()
      .trim()
      .min(1)
      .max(limits.lotNumberCharsMax)
      .optional()
      .openapi({ description: "Levels of lots of this number alone, each by itself." }),
  }),
)

export const productLevelsParams = lazily(() => z.strictObject({ product_id: idSchema("prd") }))

export const expiringQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    days: z
      .preprocess(
        (given) => (typeof given === "string" ? (/^\d{1,9}$/.test(given) ? Number(given) : Number.NaN) : given),
        z.number().int().min(0).max(limits.expiringDaysMax).default(limits.expiringDaysDefault),
      )
      .openapi({
        type: "integer",
        example: limits.expiringDaysDefault,
        description: "How many days ahead; what is out of date already comes first.",
      }),
  }),
)
