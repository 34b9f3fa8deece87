import { limits } from "./limits.ts"
import { parseDecimal } from "./money.ts"
import { err, type Result } from "./result.ts"

/** A quantity in thousandths of the product's unit: 1.5 kg is 1500. */
export type Milli = number

const places = 3

type QuantityFault = "NOT_A_DECIMAL" | "TOO_PRECISE" | "TOO_LARGE"

/** Reads `1.5` or `"1.5"` as thousandths; at most three places, at most a billion units either way. */
export function parseQuantity(value: string | number): Result<Milli, QuantityFault> {
  const scaled = parseDecimal(value, places)
  if (!scaled.ok) return scaled
  return Math.abs(scaled.value) > limits.quantityMilliMax ? err("TOO_LARGE") : scaled
}

/** Thousandths as the JSON number that goes out: 1500 is 1.5. */
export const quantityNumber = (milli: Milli): number => milli / 1000

export const isOnStep = (milli: Milli, stepMilli: Milli): boolean => milli % stepMilli === 0
