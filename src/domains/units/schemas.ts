import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import {
  enumInput,
  idSchema,
  idView,
  instantView,
  lazily,
  listOf,
  moneyInput,
  pageQuery,
  quantityView,
  textInput,
} from "../../platform/http/schemas.ts"
import { labelFields, readLabel } from "../inventory/index.ts"
import { unitStatuses } from "./rules.ts"

const status = z.enum(unitStatuses).openapi({ example: "AVAILABLE" })
const serialView = z.string().openapi({ example: "SN-2026-000017" })
const lotView = z.string().nullable().openapi({ example: "LOT-7" })
const by = z.object({ id: z.string().nullable(), name: z.string().openapi({ example: "Walt Warehouse" }) })

const head = () => ({
  id: idView("unt"),
  product_id: idView("prd"),
  serial: serialView,
  status,
  warehouse_id: idView("whs").openapi({ description: "Where it is, or was when it left. On its way: the place of what is in transit." }),
  lot_number: lotView,
  order_id: idView("ord").nullable().openapi({ description: "The order that it was sold with.", example: null }),
  reserved_until: instantView.nullable(),
  created_at: instantView,
  updated_at: instantView,
  version: z.int(),
})

const step = lazily(() =>
  z
    .object({
      from: status.nullable().openapi({ example: null }),
      to: status,
      at: instantView,
      warehouse_id: idView("whs"),
      by,
      reason: z.string().nullable().openapi({ example: "Demonstration at the fair" }),
    })
    .openapi("UnitHistoryEntry"),
)

const unitSummaryView = lazily(() => z.object(head()).openapi("UnitSummary"))
export const unitView = lazily(() =>
  z
    .object({
      ...head(),
      history: z.array(step).openapi({ description: `Its last ${limits.unitHistoryMax} steps, oldest first; the audit log has all.` }),
    })
    .openapi("Unit"),
)
export const unitList = listOf(unitSummaryView, "UnitList")

export const receivedView = lazily(() =>
  z.union([
    unitView,
    z
      .object({ items: z.array(unitSummaryView).openapi({ description: "In the order in which they were given." }) })
      .openapi("UnitsReceived"),
  ]),
)

export const countsView = lazily(() =>
  z
    .object({
      product_id: idView("prd"),
      sku: z.string().openapi({ example: "00845-P-1-WY-N" }),
      on_hand: quantityView.openapi({ description: "All that is there, units or not." }),
      reserved: quantityView,
      available: quantityView.openapi({ description: "What can be sold now." }),
      units: z.object(Object.fromEntries(unitStatuses.map((name) => [name, z.int().openapi({ example: 4 })]))).openapi({
        description: "How many serialized units are in which state. AVAILABLE, RESERVED and IN_TRANSIT ones are on hand.",
      }),
      total_units: z.int().openapi({ example: 24 }),
    })
    .openapi("UnitCounts"),
)

export const unitQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    product_id: idSchema("prd").optional(),
    status: enumInput(unitStatuses).optional(),
    serial: z
      .string()
      .max(limits.serialCharsMax)
      .optional()
      .openapi({ description: "The whole serial, as it was given.", example: "SN-2026-000017" }),
    warehouse_id: idSchema("whs").optional(),
  }),
)

export const summaryParams = lazily(() => z.strictObject({ product_id: idSchema("prd") }))

const oneLine = (charsMax: number) => textInput(charsMax, 1).refine((text) => !/[\n\t\u0085\u2028\u2029]/.test(text), "Must be one line.")

const serial = oneLine(limits.serialCharsMax).openapi({ example: "SN-2026-000017" })
const unitFields = () => ({
  warehouse_id: idSchema("whs").optional().openapi({ description: "The default one unless said." }),
  lot_number: oneLine(limits.lotNumberCharsMax).optional().openapi({ example: "LOT-7" }),
  expires_on: z.iso.date().optional().openapi({ description: "Of a lot that is new.", example: "2027-01-31" }),
  unit_cost: moneyInput.optional().openapi({ description: "Of one piece, in the product's currency.", example: "12.50" }),
})

const unknownProduct = "Say of which product: by its id, its GTIN or a label."

const unitRow = lazily(() =>
  z
    .strictObject({ product_id: idSchema("prd").optional(), ...labelFields(), serial: serial.optional(), ...unitFields() })
    .transform((row, context) => {
      const whole = readLabel(row, context)
      if (whole === undefined) return z.NEVER
      if (whole.product_id === undefined && whole.gtin === undefined)
        context.addIssue({ code: "custom", path: ["product_id"], message: unknownProduct, input: row })
      if (whole.serial !== undefined) return { ...whole, serial: whole.serial }
      context.addIssue({ code: "custom", path: ["serial"], message: "Say its serial, or scan a label that does.", input: row })
      return z.NEVER
    }),
)

export const receiveUnitsInput = lazily(() =>
  z
    .strictObject({
      product_id: idSchema("prd").optional(),
      ...labelFields(),
      serial: serial.optional(),
      ...unitFields(),
      serials: z
        .array(serial)
        .min(1)
        .max(limits.unitsPerReceiptMax)
        .optional()
        .openapi({ description: "Many of one product, which share all else.", example: ["SN-2026-000018", "SN-2026-000019"] }),
      items: z
        .array(unitRow)
        .min(1)
        .max(limits.unitsPerReceiptMax)
        .optional()
        .openapi({ description: "Many, each with its own product, place and lot, or its own label; nothing may stand beside them." }),
    })
    .transform((body, context) => {
      const fault = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message, input: body })
      const { items, ...beside } = body
      if (items !== undefined) {
        for (const [name, value] of Object.entries(beside)) if (value !== undefined) fault(name, "Stands in each of the items.")
        return { items }
      }
      const whole = readLabel(beside, context)
      if (whole === undefined) return z.NEVER
      if (whole.product_id === undefined && whole.gtin === undefined) fault("product_id", unknownProduct)
      if ((whole.serial === undefined) === (whole.serials === undefined)) fault("serial", "Give one serial, or serials, or items.")
      return whole
    })
    .openapi("ReceiveUnits", { example: { product_id: "prd_01jd8x2y3zf4g5h6j7k8m9n0pq", serials: ["SN-2026-000017", "SN-2026-000018"] } }),
)

const reason = textInput(limits.reasonCharsMax).optional().openapi({ example: "Demonstration at the fair" })

export const reserveInput = lazily(() =>
  z
    .strictObject({
      hours: z
        .number()
        .positive()
        .max(limits.unitReservationHoursMax)
        .optional()
        .openapi({ description: "How long it stays promised; 24 unless the deployment says otherwise.", example: 24 }),
      reason,
    })
    .optional()
    .openapi("ReserveUnit"),
)

export const reasonInput = lazily(() => z.strictObject({ reason }).optional().openapi("UnitStep"))

export const comeBackInput = lazily(() =>
  z
    .strictObject({
      warehouse_id: idSchema("whs")
        .optional()
        .openapi({ description: "Where a unit that came back is now; where it was last unless said." }),
      reason,
    })
    .optional()
    .openapi("UnitComesBack"),
)

export const moveInput = lazily(() =>
  z
    .strictObject({
      to_warehouse_id: idSchema("whs").optional().openapi({
        description: "Required of a unit that is at a place; one that is on its way arrives where it was sent unless said otherwise.",
      }),
      via_transit: z
        .boolean()
        .optional()
        .openapi({ description: "It is on its way, IN_TRANSIT, until it is moved once more to say that it arrived.", example: false }),
      reason,
    })
    .openapi("MoveUnit"),
)
