import { limits } from "./limits.ts"
import { err, ok, type Result } from "./result.ts"

/** An amount in a currency's minor units (cents for USD, whole yen for JPY). */
export type Minor = number

export type MoneyFault = "NOT_A_DECIMAL" | "TOO_PRECISE" | "TOO_LARGE" | "NEGATIVE"

const decimalPattern = /^-?\d{1,16}(?:\.\d{1,16})?$/
const digitsByCurrency = new Map<string, number>()

/** Whether the runtime's ISO 4217 table knows the code. */
export const isCurrency = (code: string): boolean => /^[A-Z]{3}$/.test(code) && knownCurrencies().has(code)

let currencies: ReadonlySet<string> | undefined
const knownCurrencies = (): ReadonlySet<string> => {
  currencies ??= new Set(Intl.supportedValuesOf("currency"))
  return currencies
}

/** Digits after the point in a currency, by ISO 4217 as the runtime's Intl knows it: 2 for USD, 0 for JPY, 3 for KWD. */
export function minorDigits(currency: string): number {
  const known = digitsByCurrency.get(currency)
  if (known !== undefined) return known
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2
  digitsByCurrency.set(currency, digits)
  return digits
}

/**
 * Reads `"5.99"`, or a JSON number that is exact in the currency, as minor units from 0 to 10¹².
 * Nothing is rounded: one digit too many is TOO_PRECISE.
 */
export function parseMoney(value: string | number, currency: string): Result<Minor, MoneyFault> {
  const scaled = parseDecimal(value, minorDigits(currency))
  if (!scaled.ok) return scaled
  if (scaled.value < 0) return err("NEGATIVE")
  return scaled.value > limits.moneyMinorMax ? err("TOO_LARGE") : scaled
}

/** `599` in USD is `"5.99"`. */
export const formatMoney = (minor: Minor, currency: string): string => formatDecimal(minor, minorDigits(currency))

/** Price times quantity, rounded half up to the minor unit; exact however large, since it multiplies in BigInt. */
export const lineTotal = (unitPrice: Minor, quantityMilli: number): Minor =>
  Number((BigInt(unitPrice) * BigInt(quantityMilli) + 500n) / 1000n)

/** Reads a decimal with at most `digits` places as an integer of that scale. */
export function parseDecimal(value: string | number, digits: number): Result<number, "NOT_A_DECIMAL" | "TOO_PRECISE" | "TOO_LARGE"> {
  const text = typeof value === "number" ? plainNumber(value) : value
  if (!decimalPattern.test(text)) return err("NOT_A_DECIMAL")
  const negative = text.startsWith("-")
  const [whole = "0", fraction = ""] = (negative ? text.slice(1) : text).split(".")
  const significant = fraction.replace(/0+$/, "")
  if (significant.length > digits) return err("TOO_PRECISE")
  const scaled = Number(whole + significant.padEnd(digits, "0"))
  if (!Number.isSafeInteger(scaled)) return err("TOO_LARGE")
  return ok(negative && scaled !== 0 ? -scaled : scaled)
}

export function formatDecimal(scaled: number, digits: number): string {
  const sign = scaled < 0 ? "-" : ""
  const text = String(Math.abs(scaled)).padStart(digits + 1, "0")
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** A JSON number as JavaScript prints it, unless it needs an exponent: then it is no decimal of ours. */
const plainNumber = (value: number): string => (Number.isFinite(value) ? String(value) : "")
