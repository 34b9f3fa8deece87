import { z } from "@hono/zod-openapi"
import type { OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { err, ok, RefusalError, type Result } from "../../kernel/result.ts"
import { parseInput } from "../../platform/http/input.ts"
import { idSchema, lazily, quantityInput, textInput } from "../../platform/http/schemas.ts"
import { reasonOf } from "./rules.ts"

type Said = Readonly<Record<string, string>>

const lineInput = lazily(() =>
  z.object({
    supplier_id: idSchema("org").optional(),
    supplier_slug: textInput(limits.nameCharsMax).optional(),
    reference: textInput(limits.referenceCharsMax).optional(),
    sku: textInput(limits.skuCharsMax, 1),
    quantity: quantityInput("positive"),
    unit: textInput(limits.unitCharsMax, 1).optional(),
    note: textInput(limits.noteCharsMax).optional(),
    requested_delivery_on: z.iso.date().optional(),
  }),
)

export type OrderRow = {
  readonly supplierId: OrganizationId | undefined
  readonly supplierSlug: string | undefined
  readonly reference: string | undefined
  readonly sku: string
  readonly quantityMilli: number
  /** One of the product's packs, which the quantity then counts. */
  readonly unit: string | undefined
  readonly note: string | undefined
  readonly requestedDeliveryOn: string | undefined
}

/** A row's line of an order, or why it is none. */
export function orderRowOf(said: Said): Result<OrderRow, string> {
  try {
    const line = parseInput("body", lineInput, said) as z.output<typeof lineInput>
    return ok({
      supplierId: line.supplier_id,
      supplierSlug: line.supplier_slug,
      reference: line.reference,
      sku: line.sku,
      quantityMilli: line.quantity,
      unit: line.unit,
      note: line.note,
      requestedDeliveryOn: line.requested_delivery_on,
    })
  } catch (error) {
    if (error instanceof RefusalError) return err(reasonOf(error.refusal))
    throw error
  }
}

/** Rows that stand together and name the same supplier and reference are one order's. */
export const orderKeyOf = (said: Said): string =>
  JSON.stringify([said["supplier_id"] ?? "", said["supplier_slug"] ?? "", said["reference"] ?? ""])
