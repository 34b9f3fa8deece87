import { z } from "@hono/zod-openapi"
import { errorCodes } from "../../kernel/errors.ts"
import { type Id, type IdPrefix, isId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { isCurrency } from "../../kernel/money.ts"
import { parseQuantity } from "../../kernel/quantity.ts"

/**
 * A schema that is made when it is first used: an isolate that starts, or holds objects alone, pays for no operation that
 * nobody asks for. Every schema of an object is made so; it stands wherever the schema itself could.
 */
export function lazily<T extends z.ZodType>(make: () => T): z.ZodLazy<T> {
  let made: T | undefined
  return z.lazy(() => (made ??= make()))
}

/** What an object's schema holds, whether it was made already or not; nothing where there is none. @throws of another kind of schema. */
export function fieldsOf(schema: z.ZodType | undefined): Readonly<Record<string, z.ZodType>> {
  if (schema === undefined) return {}
  const made = schema instanceof z.ZodLazy ? schema.unwrap() : schema
  if (!(made instanceof z.ZodObject)) throw new TypeError("this schema has no fields")
  return made.shape as Record<string, z.ZodType>
}

const exampleSuffix = "01jd8x2y3zf4g5h6j7k8m9n0pq"

/** A TypeID of one kind; another kind's id, or a made-up one, is a fault of the input. */
export const idSchema = <P extends IdPrefix>(prefix: P) =>
  z
    .string()
    .refine((text): text is Id<P> => isId(prefix, text), { error: `Must be an id that starts with ${prefix}_.` })
    .transform((text) => text as Id<P>)
    .openapi({ type: "string", pattern: `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`, example: `${prefix}_${exampleSuffix}` })

/** An id as it goes out. */
export const idView = (prefix: IdPrefix) =>
  z.string().openapi({ pattern: `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`, example: `${prefix}_${exampleSuffix}` })

export const idParams = <P extends IdPrefix>(prefix: P) => lazily(() => z.strictObject({ id: idSchema(prefix) }))

export const instantView = z.string().openapi({ format: "date-time", example: "2026-01-31T09:30:00.000Z" })

/** An instant in a query: RFC 3339, or a date for its first instant in UTC. Read as milliseconds since the epoch, and nothing here is older than that. */
export const instantInput = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: "Must be an RFC 3339 instant or date, such as 2026-01-31T09:30:00Z." })
  .transform((text) => Math.max(0, Date.parse(text)))
  .openapi({ type: "string", format: "date-time", example: "2026-01-31T09:30:00Z" })

/** Yes or no in a query. */
export const flagInput = () => z.enum(["true", "false"]).transform((text) => text === "true")

/** For `refine`: a change of nothing is a mistake. */
export const someField = [(body: object) => Object.keys(body).length > 0, "Say at least one field to change."] as const

/** Text on one line or many, trimmed, in NFC, without control characters but line breaks and tabs. */
export const textInput = (charsMax: number, charsMin = 0) =>
  z
    .string()
    .max(charsMax * 4)
    .transform((text) => text.normalize("NFC").replace(/\r\n?/g, "\n").trim())
    .pipe(
      z
        .string()
        .min(charsMin)
        .max(charsMax)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
        .regex(/^[^\u0000-\u0008\u000b-\u001f\u007f]*$/, "Must hold no control characters.")
        // Half a surrogate pair has no UTF-8: a ledger and its projection would never agree on it.
        .refine((text) => text.isWellFormed(), "Must be well-formed Unicode."),
    )

/** A name is one line: it stands in subjects of mails and in lists. */
export const nameInput = textInput(limits.nameCharsMax, 1)
  .refine((text) => !/[\n\t\u0085\u2028\u2029]/.test(text), "Must be one line.")
  .openapi({ example: "Green Valley Farms" })

/** E-mail addresses are compared in lower case. */
export const emailInput = z
  .string()
  .max(limits.emailCharsMax)
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.email("Must be an e-mail address."))
  .openapi({ type: "string", format: "email", example: "owner@supplier.example" })

export const passwordInput = z
  .string()
  .min(limits.passwordCharsMin)
  .max(limits.passwordCharsMax)
  .openapi({ format: "password", example: "correct horse battery" })

/** A decimal string, or a JSON number that is exact; how many places fit depends on the currency and is checked with it. */
export const moneyInput = z
  .union([z.string().regex(/^\d{1,13}(\.\d{1,4})?$/, 'Must be a decimal such as "5.99", not negative.'), z.number().min(0).max(1e13)])
  .openapi({ example: "5.99" })

export const moneyView = z.string().openapi({ example: "5.99" })

export const currencyInput = z.string().refine(isCurrency, "Must be an ISO 4217 code in capitals.").openapi({ example: "USD" })

export const quantityProblem = {
  NOT_A_DECIMAL: "Must be a decimal number.",
  TOO_PRECISE: "Has at most three decimal places.",
  TOO_LARGE: "Is too large.",
} as const

/** A quantity, read as thousandths of the product's unit. */
export const quantityInput = (range: "positive" | "not negative") =>
  z
    .union([z.number(), z.string().max(32)])
    .transform((value, context) => {
      const parsed = parseQuantity(value)
      const problem = !parsed.ok
        ? quantityProblem[parsed.error]
        : range === "positive" && parsed.value <= 0
          ? "Must be more than zero."
          : parsed.value < 0
            ? "Must not be negative."
            : undefined
      if (parsed.ok && problem === undefined) return parsed.value
      context.addIssue({ code: "custom", message: problem ?? "Invalid." })
      return z.NEVER
    })
    .openapi({ type: "number", example: 20 })

export const quantityView = z.number().openapi({ example: 20 })

/** The query of every list. */
export const pageQuery = {
  limit: z
    // Digits alone: Number() would also take hexadecimal, exponents and blanks.
    .preprocess(
      (given) => (typeof given === "string" ? (/^\d{1,9}$/.test(given) ? Number(given) : Number.NaN) : given),
      z.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSizeDefault),
    )
    .openapi({ example: limits.pageSizeDefault }),
  cursor: z.string().max(limits.cursorCharsMax).optional().openapi({ description: "`next_cursor` of the page before." }),
}

/** The query of a list that takes nothing else. */
export const pageQueryAlone = lazily(() => z.strictObject(pageQuery))
export type PageQuery = z.output<typeof pageQueryAlone>

export const listOf = <T extends z.ZodType>(item: T, name: string) =>
  lazily(() =>
    z
      .object({
        data: z.array(item),
        next_cursor: z.string().nullable().openapi({ description: "Null on the last page.", example: "WyJhdWRpdC1sb2dzIl0" }),
      })
      .openapi(name),
  )

/** One of the given words, whatever its case. */
export const enumInput = <const T extends readonly [string, ...string[]]>(values: T) =>
  z
    .string()
    .transform((text) => text.trim().toUpperCase())
    .pipe(z.enum(values))
    .openapi({ type: "string", enum: [...values] })

export const problemView = lazily(() =>
  z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string().optional(),
      code: z.enum(errorCodes as [string, ...string[]]),
      request_id: z.string(),
      errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })).optional(),
      current: z.string().optional(),
      allowed: z.array(z.string()).optional(),
    })
    .openapi("Problem"),
)
