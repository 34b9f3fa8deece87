import { err, ok, type Result } from "../../kernel/result.ts"
import { type Condition, conditions, type VariantAttributes } from "../catalog/index.ts"

export const identityTypes = ["PRODUCT", "BUNDLE", "KIT", "PART"] as const
export type IdentityType = (typeof identityTypes)[number]

/** What an identity is made of. Parts alone have a local component index (LCI), 1 to 99 in their family. */
export type IdentityNumber = { readonly familyCode: number; readonly type: IdentityType; readonly lci: number | null }

/** What stands between the family's code and the LCI. */
const letters = { PRODUCT: null, BUNDLE: "B", KIT: "K", PART: "P" } as const satisfies Record<IdentityType, string | null>

const letterToType = new Map(identityTypes.flatMap((type) => (letters[type] === null ? [] : [[letters[type] as string, type] as const])))

/** A family's code as it is shown: five digits. */
export const formatCode = (code: number): string => String(code).padStart(5, "0")

/** The identity as people read it: `00845`, `00845-B`, `00845-K`, `00845-P-1`. */
export const formatUpisH = ({ familyCode, type, lci }: IdentityNumber): string =>
  [formatCode(familyCode), letters[type], lci].filter((part) => part !== null).join("-")

/** What the hex signature is the digest of: `00845|P|1`, `00845|Product|`. */
export const signatureText = ({ familyCode, type, lci }: IdentityNumber): string =>
  [formatCode(familyCode), letters[type] ?? "Product", lci ?? ""].join("|")

/** INV-UPI-2. The identity again, or undefined for what is no UPIS-H. */
export function parseUpisH(text: string): IdentityNumber | undefined {
  const read = readIdentity(text.split("-"))
  return read?.rest.length === 0 ? read.number : undefined
}

function readIdentity(words: readonly string[]): { readonly number: IdentityNumber; readonly rest: readonly string[] } | undefined {
  const [code = "", letter = "", lci = ""] = words
  if (!/^\d{5}$/.test(code)) return undefined
  const type = letterToType.get(letter) ?? "PRODUCT"
  if (type === "PART" && !/^[1-9]\d?$/.test(lci)) return undefined
  const number = { familyCode: Number(code), type, lci: type === "PART" ? Number(lci) : null }
  return { number, rest: words.slice(type === "PRODUCT" ? 1 : type === "PART" ? 3 : 2) }
}

/** Why attributes make no SKU: read back, the size would be taken for something else. */
type SkuFault = "SIZE_READS_AS_TYPE" | "SIZE_READS_AS_COLOR" | "SIZE_READS_AS_CONDITION"

export const skuFaults: Readonly<Record<SkuFault, string>> = {
  SIZE_READS_AS_TYPE: "After a Product's number, B, K and P are read as the type of an identity: give a color too, or another size.",
  SIZE_READS_AS_COLOR: "Two letters without a color before them are read as the color: give a color too, or another size.",
  SIZE_READS_AS_CONDITION: "N, R and U without a condition after them are read as the condition: give a condition too, or another size.",
}

const isColor = (word: string): boolean => /^[A-Z]{2}$/.test(word)
const isSize = (word: string): boolean => /^[A-Z0-9]{1,4}$/.test(word)
const isCondition = (word: string): word is Condition => (conditions as readonly string[]).includes(word)

/** INV-UPI-3. The SKU of a variant: UPIS-H, color, size and condition, each where given, joined by hyphens: `00845-P-1-WY-N`. */
export function composeSku(identity: IdentityNumber, { color, size, condition }: VariantAttributes): Result<string, SkuFault> {
  if (size !== null) {
    if (color === null && identity.type === "PRODUCT" && letterToType.has(size)) return err("SIZE_READS_AS_TYPE")
    if (color === null && isColor(size)) return err("SIZE_READS_AS_COLOR")
    if (condition === null && isCondition(size)) return err("SIZE_READS_AS_CONDITION")
  }
  return ok([formatUpisH(identity), color, size, condition].filter((part) => part !== null).join("-"))
}

/** INV-UPI-3. What a variant's SKU was made from, or undefined for what is none. */
export function parseSku(sku: string): { readonly identity: IdentityNumber; readonly attributes: VariantAttributes } | undefined {
  const read = readIdentity(sku.split("-"))
  if (read === undefined) return undefined
  const words = [...read.rest]
  const color = words[0] !== undefined && isColor(words[0]) ? (words.shift() ?? null) : null
  const last = words.at(-1)
  const condition = last !== undefined && isCondition(last) ? last : null
  if (condition !== null) words.pop()
  const size = words.shift() ?? null
  if (words.length > 0 || (size !== null && !isSize(size))) return undefined
  return { identity: read.number, attributes: { color, size, condition } }
}
