import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import {
  enumInput,
  idSchema,
  idView,
  instantView,
  lazily,
  listOf,
  nameInput,
  pageQuery,
  quantityInput,
  quantityView,
  someField,
  textInput,
} from "../../platform/http/schemas.ts"
import { locationKinds } from "./rules.ts"

const addressExample = { street: "Market Street 7", city: "Hamburg", region: "", postal_code: "20095", country: "DE" }

const addressView = lazily(() =>
  z
    .object({
      street: z.string(),
      city: z.string(),
      region: z.string(),
      postal_code: z.string(),
      country: z.string().openapi({ description: "ISO 3166-1 alpha-2." }),
    })
    .openapi("Address", { example: addressExample }),
)

export const warehouseView = lazily(() =>
  z
    .object({
      id: idView("whs"),
      owner_id: idView("org").openapi({
        description: "Whose stock it holds: the caller's own organization, or one that it operates the place for.",
      }),
      code: z.string().openapi({ example: "HAM-1" }),
      name: z.string().openapi({ example: "Hamburg harbour" }),
      kind: z.enum(locationKinds).openapi({ example: "WAREHOUSE" }),
      address: addressView.nullable(),
      capacity: quantityView.nullable().openapi({
        example: 12_000,
        description: "What it is meant to hold, all products together; more is shown (is_over_capacity), not refused.",
      }),
      operator_id: idView("org").nullable().openapi({ description: "The linked organization that runs it; null where its owner does." }),
      operator_name: z.string().nullable().openapi({ example: "Harbour Logistics" }),
      is_default: z.boolean().openapi({ description: "Where opening stock and counts without a warehouse go." }),
      version: z.int(),
      created_at: instantView,
      updated_at: instantView,
    })
    .openapi("Warehouse"),
)

export const warehouseDetailView = lazily(() =>
  warehouseView
    .unwrap()
    .extend({
      on_hand: quantityView.optional().openapi({
        example: 9_500,
        description: "All that lies there, each product in its own unit. To those who may read stock alone, as what follows.",
      }),
      incoming: quantityView.optional().openapi({ example: 300, description: "All that is on its way there." }),
      is_over_capacity: z
        .boolean()
        .optional()
        .openapi({ description: "Whether that is, with what is on its way, more than the capacity.", example: false }),
    })
    .openapi("WarehouseDetail"),
)

export const warehouseList = listOf(warehouseView, "WarehouseList")

const line = textInput(limits.nameCharsMax).default("")

const addressInput = lazily(() =>
  z
    .strictObject({
      street: line,
      city: textInput(limits.nameCharsMax, 1),
      region: line,
      postal_code: textInput(limits.unitCharsMax).default(""),
      country: z
        .string()
        .regex(/^[A-Za-z]{2}$/, "Must be an ISO 3166-1 alpha-2 code such as DE.")
        .transform((code) => code.toUpperCase()),
    })
    .openapi("AddressInput", { example: addressExample }),
)

/** Codes are compared in upper case. */
const codeInput = z
  .string()
  .trim()
  .max(limits.locationCodeCharsMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "Must be letters, digits, dots, hyphens and underscores, and begin with a letter or digit.")
  .transform((code) => code.toUpperCase())
  .openapi({
    type: "string",
    example: "HAM-1",
    description: "Unique in the organization, also among warehouses that were deleted; kept in capitals.",
  })

const terms = () => ({
  address: addressInput.nullable().optional(),
  capacity: quantityInput("not negative").nullable().optional().openapi({ example: 12_000 }),
  operator_id: idSchema("org")
    .nullable()
    .optional()
    .openapi({ description: "An organization that buys from this one under an approved link; it sees the warehouse and the stock there." }),
})

const kindInput = enumInput(locationKinds).optional().openapi({
  example: "WAREHOUSE",
  description: "Stock of the kinds QUARANTINE and IN_TRANSIT is on hand and never sold. Defaults to WAREHOUSE.",
})

const createExample = { code: "HAM-1", name: "Hamburg harbour", kind: "CFA_DEPOT", address: addressExample, capacity: 12_000 }

export const createWarehouseInput = lazily(() =>
  z.strictObject({ code: codeInput, name: nameInput, kind: kindInput, ...terms() }).openapi("CreateWarehouse", { example: createExample }),
)

export const updateWarehouseInput = lazily(() =>
  z
    .strictObject({ code: codeInput.optional(), name: nameInput.optional(), kind: kindInput, ...terms() })
    .refine(...someField)
    .openapi("UpdateWarehouse", { example: { name: "Hamburg harbour, hall 2" } }),
)

export type WarehouseBody = z.output<typeof updateWarehouseInput>

export const warehouseQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    kind: enumInput(locationKinds).optional(),
  }),
)
