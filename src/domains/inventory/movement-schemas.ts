import { z } from "@hono/zod-openapi"
import { errorCodes } from "../../kernel/errors.ts"
import { limits } from "../../kernel/limits.ts"
import { parseQuantity } from "../../kernel/quantity.ts"
import type { InputFault } from "../../kernel/result.ts"
import { faultsOf } from "../../platform/http/input.ts"
import {
  enumInput,
  idSchema,
  idView,
  instantInput,
  instantView,
  lazily,
  listOf,
  moneyView,
  pageQuery,
  quantityProblem,
  quantityView,
  textInput,
} from "../../platform/http/schemas.ts"
import { labelFields, readLabel } from "./label.ts"
import { movementReasons, movementTypes, type StatedReason, statedReasons } from "./rules.ts"

export const movementView = lazily(() =>
  z
    .object({
      id: idView("mov"),
      type: z.enum(movementTypes),
      product_id: idView("prd"),
      quantity: quantityView.openapi({ description: "Positive; an ADJUSTMENT's is signed.", example: 120 }),
      warehouse_id: idView("whs"),
      to_warehouse_id: idView("whs").nullable().openapi({ description: "Of a TRANSFER.", example: null }),
      lot_number: z.string().nullable().openapi({ example: "L-2026-11" }),
      expires_on: z.string().nullable().openapi({ description: "The lot's last day.", example: "2027-01-31" }),
      unit_cost: moneyView.nullable().openapi({ description: "Of a receipt, for one unit.", example: "2.125" }),
      currency: z.string().nullable().openapi({ description: "Of the cost.", example: "USD" }),
      reason: z.enum(movementReasons as [string, ...string[]]).openapi({ example: "RECEIPT" }),
      reference: z.string().nullable().openapi({ example: "DN 4711" }),
      corrects: idView("mov").nullable().openapi({ description: "The movement that this one puts right.", example: null }),
      receives: idView("mov").nullable().openapi({ description: "The transfer that this one ends, in whole or in part.", example: null }),
      order_id: idView("ord").nullable().openapi({ description: "The order that took the goods, or gave them back.", example: null }),
      unit_id: idView("unt").nullable().openapi({ description: "The serialized unit that moved.", example: null }),
      in_transit_quantity: quantityView
        .nullable()
        .openapi({ description: "Of goods that were sent by way of in-transit: how much has not arrived yet.", example: null }),
      effective_at: instantView.openapi({ description: "When it happened." }),
      recorded_at: instantView.openapi({ description: "When it was written down." }),
      by: z.object({ id: z.string().nullable(), name: z.string().openapi({ example: "Wanda Warehouse" }) }),
    })
    .openapi("Movement"),
)

export const movementList = listOf(movementView, "MovementList")

const movementBatchView = lazily(() =>
  z
    .object({
      data: z.array(movementView).openapi({ description: "What was recorded, in the order of the rows." }),
      failed: z
        .array(
          z.object({
            index: z.int().openapi({ description: "The row's place in `items`, from 0.", example: 3 }),
            code: z.enum(errorCodes as [string, ...string[]]),
            errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })),
          }),
        )
        .openapi({ description: "What was refused, and why; pointers are into the row. Empty unless `on_error` is reject_failed." }),
    })
    .openapi("MovementBatch"),
)

export const recordedView = lazily(() => z.union([movementView, movementBatchView]).openapi("RecordedMovements"))

/** A lot number as written on the goods, on one line; letters in small and in capitals differ. */
export const lotNumberInput = textInput(limits.lotNumberCharsMax, 1)
  .refine((text) => !/[\n\t\u0085\u2028\u2029]/.test(text), "Must be one line.")
  .openapi({ example: "L-2026-11" })

/** Positive but of an ADJUSTMENT, which the ledger checks with the type. */
const signedQuantity = z
  .union([z.number(), z.string().max(32)])
  .transform((value, context) => {
    const parsed = parseQuantity(value)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: "custom", message: quantityProblem[parsed.error] })
    return z.NEVER
  })
  .openapi({ type: "number", description: "Positive; an ADJUSTMENT's is signed.", example: 120 })

const reasons = [...new Set<StatedReason>(Object.values(statedReasons).flat())] as [StatedReason, ...StatedReason[]]

const rowFields = () => ({
  type: enumInput(movementTypes).openapi({ example: "IN" }),
  product_id: idSchema("prd").optional(),
  ...labelFields(),
  quantity: signedQuantity,
  unit: textInput(limits.unitCharsMax, 1).optional().openapi({
    description: "One of the product's packs, which the quantity then counts; the product's own unit otherwise.",
    example: "box",
  }),
  warehouse_id: idSchema("whs").optional().openapi({ description: "Defaults to the default place; of a TRANSFER, where from." }),
  to_warehouse_id: idSchema("whs").optional().openapi({ description: "Of a TRANSFER, where to." }),
  via_transit: z
    .boolean()
    .optional()
    .openapi({ description: "Of a TRANSFER: the goods are on their way until a movement `receives` them.", example: false }),
  lot_number: lotNumberInput.optional(),
  expires_on: z.iso.date("Must be a date such as 2027-01-31.").optional().openapi({ description: "Of a new lot.", example: "2027-01-31" }),
  serial: textInput(limits.serialCharsMax, 1)
    .optional()
    .openapi({ description: "Of one piece that comes in: it becomes a unit. Needs the permission to receive units.", example: "SN-0001" }),
  unit_cost: z
    .union([z.string().regex(/^\d{1,13}(\.\d{1,7})?$/, 'Must be a decimal such as "2.125", not negative.'), z.number().min(0).max(1e13)])
    .optional()
    .openapi({ description: "Of what comes in, for one unit: at most three places more than the currency has.", example: "2.125" }),
  reason: enumInput(reasons)
    .optional()
    .openapi({ description: "One of its type's; the first of them if none is given.", example: "RECEIPT" }),
  reference: textInput(limits.referenceCharsMax, 1)
    .optional()
    .openapi({ description: "A delivery note, a count, a claim.", example: "DN 4711" }),
  corrects: idSchema("mov").optional().openapi({ description: "The movement that this one puts right." }),
  receives: idSchema("mov").optional().openapi({ description: "The transfer whose goods arrive, or are lost on the way." }),
  effective_at: instantInput.optional().openapi({ description: "When it happened, if not now." }),
})

const rowExample = {
  type: "IN",
  product_id: "prd_01jd8x2y3zf4g5h6j7k8m9n0pq",
  quantity: 120,
  lot_number: "L-2026-11",
  expires_on: "2027-01-31",
  unit_cost: "2.125",
  reference: "DN 4711",
}

/** One movement, with what its label says read into it. */
const movementInput = lazily(() =>
  z
    .strictObject(rowFields())
    .transform((row, context) => {
      const whole = readLabel(row, context)
      if (whole === undefined) return z.NEVER
      if (whole.product_id === undefined && whole.gtin === undefined)
        context.addIssue({ code: "custom", path: ["product_id"], message: "Name the product: by its id, its GTIN or a label.", input: row })
      return whole
    })
    .openapi("RecordMovement", {
      description: `Reasons: ${movementTypes.map((type) => `${type}: ${statedReasons[type].join(", ")}`).join("; ")}.`,
      example: rowExample,
    }),
)

/** A row of a batch: what it says, or what is wrong with it. */
type GivenRow = { readonly index: number } & ({ readonly said: MovementBody } | { readonly faults: readonly InputFault[] })

/** Read row by row, since one that is no movement may be left out like one that is refused. */
const batchRow = z.unknown().openapi({ type: "object", description: "As RecordMovement." })

const movementBatchInput = lazily(() =>
  z
    .strictObject({
      items: z.array(batchRow).min(1).max(limits.movementsPerBatchMax),
      on_error: z.enum(["reject_all", "reject_failed"]).default("reject_all").openapi({
        description: "Whether one bad row refuses all, or is left out and named. Each row is decided on what those before it left.",
      }),
    })
    .transform(({ items, on_error }, context) => {
      const rows = items.map((item, index): GivenRow => {
        const read = movementInput.safeParse(item)
        if (read.success) return { index, said: read.data }
        if (on_error === "reject_all")
          for (const issue of read.error.issues)
            context.issues.push({ ...issue, path: ["items", index, ...issue.path], input: item } as z.core.$ZodRawIssue)
        return { index, faults: faultsOf("body", read.error.issues) }
      })
      return { rows, on_error }
    })
    .openapi("RecordMovementBatch", { example: { items: [rowExample], on_error: "reject_all" } }),
)

export const recordMovementsInput = lazily(() => z.union([movementInput, movementBatchInput]).openapi("RecordMovements"))

export type MovementBody = z.output<typeof movementInput>
export type RecordMovementsBody = z.output<typeof recordMovementsInput>

export const movementQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    product_id: idSchema("prd").optional(),
    warehouse_id: idSchema("whs").optional().openapi({ description: "Where it happened, or where a TRANSFER went." }),
    type: enumInput(movementTypes).optional(),
    from: instantInput.optional().openapi({ description: "Recorded at or after this instant." }),
    to: instantInput.optional().openapi({ description: "Recorded before this instant." }),
  }),
)
