import { formatInstant } from "../../kernel/time.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { imageUrls, type ProductFacts, sightOf, toProductView } from "../catalog/index.ts"
import { formatCode, formatUpisH, parseSku } from "./rules.ts"
import type { FamilyRow, IdentityRow } from "./tables.ts"

export const toFamilyView = (row: FamilyRow) => ({
  id: row.id,
  code: formatCode(row.code),
  name: row.name,
  description: row.description,
  version: row.version,
  created_at: formatInstant(row.createdAt),
  updated_at: formatInstant(row.updatedAt),
})

export const toIdentityView = (row: IdentityRow) => ({
  id: row.id,
  family_id: row.familyId,
  type: row.type,
  lci: row.lci,
  upis_h: row.upisH,
  hex_signature: row.hexSignature,
  created_at: formatInstant(row.createdAt),
})

/** Variants as their own organization sees them: products, with the UPIS-H that their SKU begins with. */
export async function toVariantViews(ctx: Ctx, variants: readonly ProductFacts[]) {
  const sight = sightOf(ctx.actor, ctx.orgId, true)
  const urls = await imageUrls(ctx, variants)
  return variants.map((variant) => ({ ...toProductView(variant, sight, urls), upis_h: upisHOf(variant.sku) }))
}

/** INV-UPI-3: a variant's SKU says what it was made from. */
function upisHOf(sku: string): string {
  const parsed = parseSku(sku)
  if (parsed === undefined) throw new Error(`INV-UPI-3: ${sku} is no variant's SKU`)
  return formatUpisH(parsed.identity)
}
