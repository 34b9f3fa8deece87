import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import {
  enumInput,
  flagInput,
  idSchema,
  idView,
  instantView,
  lazily,
  listOf,
  pageQuery,
  quantityInput,
  quantityView,
} from "../../platform/http/schemas.ts"
import { componentRoles } from "./rules.ts"

const sku = () => z.string().openapi({ example: "00845-P-1-WY-N" })
const bundleSku = () => z.string().openapi({ example: "00845-K" })
const perBundle = () => quantityView.openapi({ description: "Of the component, in one unit of the bundle.", example: 2 })

const facts = () => ({
  parent_id: idView("prd"),
  child_id: idView("prd"),
  sku: sku().openapi({ description: "The component's." }),
  name: z.string().openapi({ description: "The component's.", example: "Remote control" }),
  unit: z.string().openapi({ description: "The component's.", example: "piece" }),
  quantity: perBundle(),
})

export const componentView = lazily(() =>
  z
    .object({
      id: idView("bcp"),
      ...facts(),
      parent_sku: bundleSku(),
      parent_name: z.string().openapi({ example: "Wave soundbar with remote" }),
      role: z.enum(componentRoles).openapi({ example: "PRIMARY" }),
      created_at: instantView,
      version: z.int(),
    })
    .openapi("BundleComponent"),
)

const bomLine = lazily(() =>
  z
    .object({
      component_id: idView("bcp")
        .nullable()
        .openapi({ description: "Null where quantities of several levels are summed up.", example: null }),
      ...facts(),
      role: z.enum(componentRoles).nullable().openapi({ example: "PRIMARY" }),
      is_bundle: z.boolean().openapi({ description: "Whether it is made of others itself.", example: false }),
    })
    .openapi("BomLine"),
)

const stock = () =>
  z.object({
    product_id: idView("prd"),
    sku: sku(),
    name: z.string().openapi({ example: "Remote control" }),
    unit: z.string().openapi({ example: "piece" }),
    quantity: perBundle(),
    stock_quantity: quantityView.openapi({ description: "Of the component, now: what can be sold of it.", example: 25 }),
    buildable: quantityView.openapi({ description: "How many bundles that is enough for.", example: 12 }),
  })

export const availabilityView = lazily(() =>
  z
    .object({
      product_id: idView("prd"),
      sku: bundleSku(),
      name: z.string().openapi({ example: "Wave soundbar with remote" }),
      buildable: quantityView.openapi({
        description: "How many can be built. Of a product that is made of nothing: its own stock.",
        example: 12,
      }),
      limiting: stock()
        .nullable()
        .openapi({ description: "The component that runs out first. Null for a product that is made of nothing." }),
      components: z.array(stock()).openapi({ description: "All that it comes apart into, on the lowest level." }),
    })
    .openapi("BundleAvailability"),
)

export const componentList = listOf(componentView, "BundleComponentList")
export const bomList = listOf(bomLine, "BillOfMaterials")

export const addComponentInput = lazily(() =>
  z
    .strictObject({
      parent_id: idSchema("prd"),
      child_id: idSchema("prd").openapi({ example: "prd_01jd8x2y3zf4g5h6j7k8m9n0pr" }),
      quantity: quantityInput("positive").openapi({ description: "Of the component, in one unit of the bundle.", example: 2 }),
      role: enumInput(componentRoles).optional().openapi({ description: "Defaults to PRIMARY.", example: "PRIMARY" }),
    })
    .openapi("AddBundleComponent", {
      description: `Bundles may stand in bundles, over at most ${limits.bundleLevelsMax} levels and ${limits.bundlePartsMax} products in all, and never in a circle. Quantities multiply down to the leaves and are never rounded.`,
    }),
)

export const bomQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    deep: flagInput().optional().openapi({
      type: "boolean",
      description: "Down to what is made of nothing, quantities multiplied and summed up.",
    }),
  }),
)
