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
  nameInput,
  pageQuery,
  someField,
  textInput,
} from "../../platform/http/schemas.ts"
import { conditions, productName, productTermsInput, productView } from "../catalog/index.ts"
import { identityTypes } from "./rules.ts"

const upisHView = () => z.string().openapi({ description: "The identity as people read it.", example: "00845-P-1" })

export const familyView = lazily(() =>
  z
    .object({
      id: idView("fam"),
      code: z.string().openapi({ description: "Five digits.", pattern: "^[0-9]{5}$", example: "00845" }),
      name: z.string().openapi({ example: "Wave soundbars" }),
      description: z.string().openapi({ example: "" }),
      version: z.int(),
      created_at: instantView,
      updated_at: instantView,
    })
    .openapi("Family"),
)

export const identityView = lazily(() =>
  z
    .object({
      id: idView("idn"),
      family_id: idView("fam"),
      type: z.enum(identityTypes).openapi({ example: "PART" }),
      lci: z
        .int()
        .nullable()
        .openapi({ description: "Local component index: a part's number in its family. Null for all but parts.", example: 1 }),
      upis_h: upisHView(),
      hex_signature: z.string().openapi({
        description:
          "The first four bytes of the SHA-256 of family code, type and LCI joined by `|` (`00845|P|1`, `00845|Product|`, `00845|B|`, `00845|K|`).",
        pattern: "^[0-9A-F]{8}$",
        example: "0D9AC325",
      }),
      created_at: instantView,
    })
    .openapi("Identity"),
)

export const variantView = lazily(() =>
  productView.unwrap().extend({ upis_h: upisHView() }).openapi("Variant", { description: "A product that was made from an identity." }),
)

export const familyWithIdentities = lazily(() =>
  familyView
    .unwrap()
    .extend({ identities: z.array(identityView) })
    .openapi("FamilyWithIdentities"),
)
export const identityWithVariants = lazily(() =>
  identityView
    .unwrap()
    .extend({
      variants: z
        .array(variantView)
        .openapi({ description: `The newest ${limits.identityVariantsShownMax}; \`GET /variants?identity_id=\` has all.` }),
    })
    .openapi("IdentityWithVariants"),
)

export const familyList = listOf(familyView, "FamilyList")
export const identityList = listOf(identityView, "IdentityList")
export const variantList = listOf(variantView, "VariantList")

const codeMessage = `Must be a whole number from 0 to ${limits.familyCodeMax}.`
const familyCode = () =>
  z
    .union(
      [
        z.int(codeMessage),
        z
          .string()
          .regex(/^\d{1,5}$/, codeMessage)
          .transform(Number),
      ],
      { error: codeMessage },
    )
    .pipe(z.int(codeMessage).min(0, codeMessage).max(limits.familyCodeMax, codeMessage))
    .openapi({ type: "integer", minimum: 0, maximum: limits.familyCodeMax, description: "A number, or its digits as text.", example: 845 })

const familyName = () => nameInput.openapi({ example: "Wave soundbars" })
const description = () => textInput(limits.descriptionCharsMax).optional().openapi({ example: "Soundbars of the Wave series." })

export const createFamilyInput = lazily(() =>
  z
    .strictObject({ code: familyCode(), name: familyName(), description: description() })
    .openapi("CreateFamily", { description: "The code is in every UPIS-H and SKU of the family, and never changes." }),
)

export const updateFamilyInput = lazily(() =>
  z
    .strictObject({ name: familyName().optional(), description: description() })
    .refine(...someField)
    .openapi("UpdateFamily", { example: { name: "Wave soundbars and radios" } }),
)

export const createIdentityInput = lazily(() =>
  z
    .strictObject({
      family_id: idSchema("fam"),
      type: enumInput(identityTypes).openapi({ example: "PART" }),
      lci: z
        .int()
        .min(1)
        .max(limits.lciMax)
        .optional()
        .openapi({ description: "Of parts alone; the next free one if none is given.", example: 1 }),
    })
    .openapi("CreateIdentity"),
)

const folded = (pattern: RegExp, message: string) =>
  z
    .string()
    .max(limits.skuCharsMax)
    .transform((text) => text.trim().toUpperCase())
    .pipe(z.string().regex(pattern, message))

export const createVariantInput = lazily(() =>
  z
    .strictObject({
      identity_id: idSchema("idn"),
      product_id: idSchema("prd").optional().openapi({
        description: "A product that was made without an identity, and becomes the variant: it keeps all but its SKU, and is stated alone.",
      }),
      color: folded(/^[A-Z]{2}$/, "Must be two letters.")
        .optional()
        .openapi({ type: "string", pattern: "^[A-Za-z]{2}$", example: "WY" }),
      size: folded(/^[A-Z0-9]{1,4}$/, "Must be one to four letters and digits.")
        .optional()
        .openapi({ type: "string", pattern: "^[A-Za-z0-9]{1,4}$", example: "XL" }),
      condition: enumInput(conditions).optional().openapi({ description: "New, refurbished or used.", example: "N" }),
      name: productName.optional().openapi({ description: "Defaults to the family's.", example: "Wave soundbar, white" }),
      price: moneyInput.optional().openapi({ description: "Required of a new product.", example: "49.90" }),
      ...productTermsInput(),
    })
    .openapi("CreateVariant", {
      example: { identity_id: "idn_01jd8x2y3zf4g5h6j7k8m9n0pq", color: "WY", condition: "N", price: "49.90", stock_quantity: 5 },
      description:
        "The SKU is the UPIS-H, then color, size and condition where given, joined by hyphens. A size that would be read back as something else is refused: B, K or P right after a Product's number, two letters without a color, N, R or U without a condition.",
    }),
)

export const identityQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    family_id: idSchema("fam").optional(),
  }),
)

export const variantQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    identity_id: idSchema("idn").optional(),
  }),
)

const written = (example: string) =>
  z
    .string()
    .max(limits.skuCharsMax)
    .transform((text) => text.toUpperCase())
    .openapi({ type: "string", description: "Whatever its case.", example })

export const upisHParams = lazily(() => z.strictObject({ upis_h: written("00845-P-1") }))
export const skuParams = lazily(() => z.strictObject({ full_sku: written("00845-P-1-WY-N") }))

export type CreateFamily = z.output<typeof createFamilyInput>
export type UpdateFamily = z.output<typeof updateFamilyInput>
export type CreateIdentity = z.output<typeof createIdentityInput>
export type CreateVariant = z.output<typeof createVariantInput>
