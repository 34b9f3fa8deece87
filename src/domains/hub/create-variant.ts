import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { createProductOf, type ProductFacts } from "../catalog/index.ts"
import { findFamily, findIdentity } from "./find.ts"
import { composeSku, parseUpisH, skuFaults } from "./rules.ts"
import type { CreateVariant } from "./schemas.ts"

/**
 * A sellable product made from an identity, or (INV-UPI-5) one that was made without any and is a variant of it from now on. An identity
 * never changes, so that the ledger need not know it. @throws RefusalError NOT_FOUND, VALIDATION_FAILED.
 */
export async function createVariant(ctx: Ctx, input: CreateVariant): Promise<Result<ProductFacts>> {
  const { identity_id, color = null, size = null, condition = null, product_id, ...stated } = input
  const [kept] = Object.keys(stated)
  if (product_id !== undefined && kept !== undefined)
    throw invalidAt(`/${kept}`, "A product that there is keeps its own; change it by PATCH /products/{id}.", "NOT_OF_A_NEW_PRODUCT")
  const { price, name, ...terms } = stated
  const identity = await findIdentity(ctx, identity_id)
  const number = parseUpisH(identity.upisH)
  if (number === undefined) throw new Error(`INV-UPI-2: ${identity.upisH} is no UPIS-H`)
  const sku = composeSku(number, { color, size, condition })
  if (!sku.ok) throw invalidAt("/size", skuFaults[sku.error], sku.error)
  const variant = { identityId: identity.id, color, size, condition }
  if (product_id !== undefined) return command(ctx, ctx.orgId, "attachIdentity", { productId: product_id, sku: sku.value, variant })
  if (price === undefined) throw invalidAt("/price", "Say what it costs, or name a product that there is.", "REQUIRED")
  const called = name ?? (await findFamily(ctx, identity.familyId)).name
  return command(ctx, ctx.orgId, "createProduct", { ...createProductOf({ ...terms, price, sku: sku.value, name: called }), variant })
}
