import { err, ok, RefusalError, type Result } from "../../kernel/result.ts"
import { parseInput } from "../../platform/http/input.ts"
import { type ProductBody, termsOf, updateProductInput } from "../catalog/index.ts"
import { reasonOf } from "./rules.ts"

type Said = Readonly<Record<string, string>>

const flags: Readonly<Record<string, boolean>> = { true: true, yes: true, "1": true, false: false, no: false, "0": false }

/** A row's product as the ledger is told to save it, or why it is none. */
export function productOf(said: Said) {
  const { sku, is_active: active, ...rest } = said
  if (sku === undefined) return err("sku: The row has none.")
  const isActive = active === undefined ? undefined : flags[active.trim().toLowerCase()]
  if (active !== undefined && isActive === undefined) return err("is_active: Must be true or false.")
  const body = parsed({ sku, ...rest, ...(isActive === undefined ? {} : { is_active: isActive }) })
  return body.ok ? ok({ ...termsOf(body.value), sku: body.value.sku ?? sku }) : body
}

function parsed(body: unknown): Result<ProductBody, string> {
  try {
    return ok(parseInput("body", updateProductInput, body) as ProductBody)
  } catch (error) {
    if (error instanceof RefusalError) return err(reasonOf({ ...error.refusal }))
    throw error
  }
}
