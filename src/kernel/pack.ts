import { limits } from "./limits.ts"
import { type Milli, quantityNumber } from "./quantity.ts"
import { err, type InputFault, ok, type Result } from "./result.ts"

/** So many of a product under a name of their own: a `box` of 12. */
export type Pack = { readonly unit: string; readonly quantityMilli: Milli }

/** What counting in packs needs to know of a product. */
export type Packed = { readonly unit: string; readonly packs: readonly Pack[] }

/** One pack, in thousandths: packs are whole. */
const onePack: Milli = 1_000

const sameUnit = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** The product's pack of this name; undefined where there is none. */
const packOf = ({ packs }: Packed, unit: string): Pack | undefined => packs.find((pack) => sameUnit(pack.unit, unit))

/**
 * INV-ORD-10: so many of `unit` in the product's own unit, exactly: 5 boxes of 12 are 60. Nothing is rounded, and packs are not
 * broken: half a box is so many pieces, and said so. Faults point at `unit` and `quantity` under `pointer`.
 */
export function unpack(
  product: Packed,
  quantityMilli: Milli,
  unit: string | undefined,
  pointer = "",
): Result<Milli, InputFault & { readonly refusal: "VALIDATION_FAILED" | "OFF_STEP" }> {
  if (unit === undefined || sameUnit(unit, product.unit)) return ok(quantityMilli)
  const pack = packOf(product, unit)
  if (pack === undefined) {
    const units = [product.unit, ...product.packs.map((one) => one.unit)].join(", ")
    return err({
      refusal: "VALIDATION_FAILED",
      pointer: `${pointer}/unit`,
      code: "UNKNOWN_UNIT",
      message: `The product is counted in: ${units}.`,
    })
  }
  if (quantityMilli % onePack !== 0)
    return err({
      refusal: "OFF_STEP",
      pointer: `${pointer}/quantity`,
      code: "OFF_STEP",
      message: `A ${pack.unit} of ${quantityNumber(pack.quantityMilli)} ${product.unit} is not broken: say whole ones, or ${product.unit}.`,
    })
  const all = (quantityMilli / onePack) * pack.quantityMilli
  return Math.abs(all) > limits.quantityMilliMax
    ? err({ refusal: "VALIDATION_FAILED", pointer: `${pointer}/quantity`, code: "TOO_LARGE", message: "Is too large." })
    : ok(all)
}

/** Packs whose names or contents would be ambiguous: each has a name of its own, other than the product's unit. */
export function checkPacks({ unit, packs }: Packed): InputFault[] {
  return packs.flatMap((pack, index): InputFault[] =>
    sameUnit(pack.unit, unit) || packs.findIndex((one) => sameUnit(one.unit, pack.unit)) !== index
      ? [{ pointer: `/packs/${index}/unit`, code: "DUPLICATE", message: "Each pack has a name of its own, other than the product's unit." }]
      : [],
  )
}
