import { z } from "@hono/zod-openapi"
import { type Gs1Fault, gtin14, parseElementStrings } from "../../kernel/gs1.ts"
import { limits } from "../../kernel/limits.ts"
import { gtinInput } from "../catalog/index.ts"

const faults: Readonly<Record<Gs1Fault, string>> = {
  NOT_GS1: "Holds no GS1 element strings.",
  CUT_SHORT: "Ends within an element string.",
  CHECK_DIGIT: "The GTIN's check digit is wrong.",
  NO_DATE: "Its expiry is no date.",
  NO_SUCH_TEXT: "A lot number or serial has one to twenty characters of GS1 character set 82.",
  REPEATED: "Says two things of one kind.",
}

/** How goods that are at hand say which product they are of. */
export const labelFields = () => ({
  gtin: gtinInput.optional().openapi({ description: "In place of product_id, or beside it as a check." }),
  gs1: z.string().max(limits.elementStringCharsMax).optional().openapi({
    description:
      "A label as scanned (GS between what has no length of its own) or as printed. Its GTIN (01), expiry (17), lot (10) and serial (21) count as if they stood here.",
    example: "(01)04006381333931(17)270131(10)L-2026-11",
  }),
})

/** What may stand in a row itself, on its label, or on both. */
type Labelled = {
  readonly gs1?: string | undefined
  readonly gtin?: string | undefined
  readonly lot_number?: string | undefined
  readonly expires_on?: string | undefined
  readonly serial?: string | undefined
}

/** The row with what its label says read into it. A label that is none, or says otherwise than the row, is a fault; of the former, undefined. */
export function readLabel<R extends Labelled>(row: R, context: z.core.$RefinementCtx): (R & Omit<Labelled, "gs1">) | undefined {
  const label = row.gs1 === undefined ? undefined : parseElementStrings(row.gs1, Date.now())
  if (label?.ok === false) {
    context.addIssue({ code: "custom", path: ["gs1"], message: faults[label.error], input: row.gs1 })
    return undefined
  }
  const read = label?.value ?? {}
  const said = { gtin: read.gtin, lot_number: read.lotNumber, expires_on: read.expiresOn, serial: read.serial }
  for (const [name, value] of Object.entries(said)) {
    const stated = row[name as keyof typeof said]
    if (value === undefined || stated === undefined) continue
    if (name === "gtin" ? gtin14(stated) === value : stated === value) continue
    context.addIssue({ code: "custom", path: [name], message: `The label says ${value}.`, input: stated })
  }
  return {
    ...row,
    gtin: row.gtin ?? said.gtin,
    lot_number: row.lot_number ?? said.lot_number,
    expires_on: row.expires_on ?? said.expires_on,
    serial: row.serial ?? said.serial,
  }
}
