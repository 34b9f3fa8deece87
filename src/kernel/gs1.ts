import { limits } from "./limits.ts"
import { err, ok, type Result } from "./result.ts"
import type { Instant } from "./time.ts"

/** What a label says of goods, by the GS1 General Specifications: application identifiers 01, 10, 17 and 21. */
export type Gs1Facts = {
  /** Fourteen digits. */
  readonly gtin?: string
  readonly lotNumber?: string
  /** The last day, `2027-01-31`. */
  readonly expiresOn?: string
  readonly serial?: string
}

export type Gs1Fault = "NOT_GS1" | "CUT_SHORT" | "CHECK_DIGIT" | "NO_DATE" | "NO_SUCH_TEXT" | "REPEATED"

/** FNC1 as scanners send it. */
const separator = "\u001d"

/**
 * GS1 General Specifications, figure 7.8.5-2: element strings of predefined length, by the first two digits of the
 * application identifier, which the length counts in. All others end with a separator, or with the text.
 */
const predefinedLengths: ReadonlyMap<string, number> = new Map([
  ["00", 20],
  ["01", 16],
  ["02", 16],
  ["03", 16],
  ["04", 18],
  ...Array.from({ length: 9 }, (_, index) => [String(11 + index), 8] as const),
  ["20", 4],
  ...Array.from({ length: 6 }, (_, index) => [String(31 + index), 10] as const),
  ["41", 16],
])

/** GS1 AI encodable character set 82, figure 7.11-1; AIs 10 and 21 are one to twenty of it. */
const textOfLabel = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/

/** Symbology identifiers (section 5.1.3 and 7.8) that say: what follows are element strings. */
const symbology = /^\](?:C1|e0|d2|Q3|J1)/

/**
 * Reads element strings as a scanner sends them (`]d2` in front or not, fields that end kept apart by GS), or as they are
 * printed below the code (`(01)…(17)…(10)…`). Identifiers other than the four are passed over. `now` decides centuries.
 */
export function parseElementStrings(text: string, now: Instant): Result<Gs1Facts, Gs1Fault> {
  const trimmed = text.trim()
  const split = trimmed.startsWith("(") ? splitPrinted(trimmed) : splitScanned(trimmed.replace(symbology, ""))
  if (!split.ok) return split
  const values = new Map<string, string>()
  for (const { ai, value } of split.value) {
    if (!isRead(ai)) continue
    // Section 4.13: a label that says two things of one kind says nothing.
    if (values.has(ai) && values.get(ai) !== value) return err("REPEATED")
    values.set(ai, value)
  }
  const gtin = values.get("01")
  const [lotNumber, serial] = [values.get("10"), values.get("21")]
  if (gtin !== undefined && !isGtin(gtin)) return err("CHECK_DIGIT")
  for (const written of [lotNumber, serial]) if (written !== undefined && !textOfLabel.test(written)) return err("NO_SUCH_TEXT")
  const date = values.get("17")
  const expiresOn = date === undefined ? undefined : dateOf(date, now)
  if (date !== undefined && expiresOn === undefined) return err("NO_DATE")
  return ok({
    ...(gtin === undefined ? {} : { gtin }),
    ...(lotNumber === undefined ? {} : { lotNumber }),
    ...(expiresOn === undefined ? {} : { expiresOn }),
    ...(serial === undefined ? {} : { serial }),
  })
}

const isRead = (ai: string): boolean => ai === "01" || ai === "10" || ai === "17" || ai === "21"

type Element = { readonly ai: string; readonly value: string }

function splitScanned(text: string): Result<Element[], Gs1Fault> {
  const elements: Element[] = []
  let rest = text
  while (rest !== "") {
    if (rest.startsWith(separator)) {
      rest = rest.slice(1)
      continue
    }
    if (!/^\d\d/.test(rest)) return err("NOT_GS1")
    const ai = rest.slice(0, 2)
    const length = predefinedLengths.get(ai)
    const end = length ?? indexOr(rest, separator)
    const element = rest.slice(0, end)
    if (element.length < (length ?? 3) || (length !== undefined && element.includes(separator))) return err("CUT_SHORT")
    elements.push({ ai, value: element.slice(2) })
    rest = rest.slice(end)
  }
  return elements.length === 0 ? err("NOT_GS1") : ok(elements)
}

/** As printed, identifiers stand in parentheses; what looks like one within a text is taken for one. */
function splitPrinted(text: string): Result<Element[], Gs1Fault> {
  const parts = text.split(/\((\d{2,4})\)/)
  if (parts[0] !== "" || parts.length < 3) return err("NOT_GS1")
  const elements: Element[] = []
  for (let index = 1; index < parts.length; index += 2) {
    const [ai = "", value = ""] = [parts[index], parts[index + 1]?.trim()]
    const length = predefinedLengths.get(ai.slice(0, 2))
    if (value === "" || (length !== undefined && ai.length + value.length !== length)) return err("CUT_SHORT")
    elements.push({ ai, value })
  }
  return ok(elements)
}

const indexOr = (text: string, mark: string): number => {
  const at = text.indexOf(mark)
  return at === -1 ? text.length : at
}

/** Section 7.12: YYMMDD of the century that brings it closest, 49 years back to 50 ahead; day 00 is the month's last. */
function dateOf(yymmdd: string, now: Instant): string | undefined {
  const [, year, month, day] = (/^(\d\d)(\d\d)(\d\d)$/.exec(yymmdd) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined || month < 1 || month > 12) return undefined
  const thisYear = new Date(now).getUTCFullYear()
  const ahead = year - (thisYear % 100)
  const century = Math.floor(thisYear / 100) * 100 + (ahead >= 51 ? -100 : ahead <= -50 ? 100 : 0)
  const lastDay = new Date(Date.UTC(century + year, month, 0)).getUTCDate()
  if (day > lastDay) return undefined
  return new Date(Date.UTC(century + year, month - 1, day === 0 ? lastDay : day)).toISOString().slice(0, 10)
}

/** A GTIN of 8, 12, 13 or 14 digits whose last digit is right by section 7.9: weights three and one from the right. */
export function isGtin(text: string): boolean {
  if (!/^(?:\d{8}|\d{12,14})$/.test(text)) return false
  const sum = Array.from(gtin14(text), Number).reduce((total, digit, index) => total + digit * (index % 2 === 0 ? 3 : 1), 0)
  return sum % 10 === 0
}

/** All GTINs are one set of numbers, told apart as fourteen digits: `4006381333931` is `04006381333931`. */
export const gtin14 = (gtin: string): string => gtin.padStart(limits.gtinDigits, "0")
