import { limits } from "./limits.ts"
import { err, ok, type Result } from "./result.ts"

/** An amount in a currency's minor units (cents for USD, whole yen for JPY). */
export type Minor = number

type MoneyFault = "NOT_A_DECIMAL" | "TOO_PRECISE" | "TOO_LARGE" | "NEGATIVE"

const decimalPattern = /^-?\d{1,16}(?:\.\d{1,16})?$/
/** ISO 4217, the active codes. A table of our own, not the runtime's: amounts are stored in these units, and must not change their meaning with it. */
const codes =
  "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK " +
  "DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR " +
  "KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB " +
  "PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD " +
  "TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"

const usualDigits = 2
const unusualDigits: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
}

const digitsByCurrency: ReadonlyMap<string, number> = new Map([
  ...codes.split(" ").map((code) => [code, usualDigits] as const),
  ...Object.entries(unusualDigits).flatMap(([digits, list]) => list.split(" ").map((code) => [code, Number(digits)] as const)),
])

/** Every currency that a price can be in. */
export const currencies: readonly string[] = [...digitsByCurrency.keys()]

export const isCurrency = (code: string): boolean => digitsByCurrency.has(code)

/** Digits after the point in a currency by ISO 4217: 2 for USD, 0 for JPY, 3 for KWD. @throws for a code that is none: input is checked before. */
export function minorDigits(currency: string): number {
  const digits = digitsByCurrency.get(currency)
  if (digits === undefined) throw new Error(`${currency} is no currency of ISO 4217`)
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
