import type { z } from "@hono/zod-openapi"
import { type InputFault, type Refusal, RefusalError } from "../../kernel/result.ts"

const escapePointer = (part: PropertyKey): string => String(part).replaceAll("~", "~0").replaceAll("/", "~1")

type Where = "path" | "query" | "body"

const prefix = { path: "/path", query: "/query", body: "" } as const satisfies Record<Where, string>

/** Faults shown at most: a body of ten thousand wrong members needs no answer of ten thousand lines. */
const faultsMax = 20

const nameCharsShown = 100

/** More than all faults that rows of a body can have. */
const unknownNamesWeigh = 1_000_000

/** A name that a stranger made up is not repeated to them at any length. */
const shortened = (key: string): string => (key.length > nameCharsShown ? `${key.slice(0, nameCharsShown)}…` : key)

/** An object's issues as faults, each with a pointer. */
export function faultsOf(where: Where, issues: readonly z.core.$ZodIssue[]): InputFault[] {
  return issues.flatMap((issue): InputFault[] => {
    const pointer = prefix[where] + issue.path.map((part) => `/${escapePointer(part)}`).join("")
    if (issue.code === "unrecognized_keys") {
      return issue.keys
        .slice(0, faultsMax)
        .map(shortened)
        .map((key) => ({
          pointer: `${pointer}/${escapePointer(key)}`,
          code: "UNKNOWN_FIELD",
          message: `There is no field ${JSON.stringify(key)} here.`,
        }))
    }
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      // Of a union's branches, the one that came closest says most about what is wrong: it knows most of the names given.
      const distance = (branch: readonly z.core.$ZodIssue[]) =>
        branch.reduce((sum, { code, path }) => sum + (code === "unrecognized_keys" && path.length === 0 ? unknownNamesWeigh : 1), 0)
      const closest = [...issue.errors].sort((a, b) => distance(a) - distance(b))[0] ?? []
      if (closest.some((nested) => nested.path.length > 0 || nested.code === "unrecognized_keys")) {
        return faultsOf(
          where,
          closest.map((nested) => ({ ...nested, path: [...issue.path, ...nested.path] }) as z.core.$ZodIssue),
        )
      }
    }
    return [{ pointer, code: issue.code.toUpperCase(), message: issue.message }]
  })
}

/** @throws RefusalError VALIDATION_FAILED with a pointer to each fault. */
export function parseInput(where: Where, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) {
    if (where === "query" && Object.keys(value as object).length > 0) {
      throw invalid(
        Object.keys(value as object)
          .slice(0, faultsMax)
          .map(shortened)
          .map((key) => ({
            pointer: `/query/${escapePointer(key)}`,
            code: "UNKNOWN_FIELD",
            message: "This operation takes no such parameter.",
          })),
      )
    }
    return undefined
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(faultsOf(where, result.error.issues))
}

export const invalid = (errors: readonly InputFault[], detail?: string): RefusalError => new RefusalError(invalidRefusal(errors, detail))

export const invalidRefusal = (errors: readonly InputFault[], detail?: string): Refusal => ({
  code: "VALIDATION_FAILED",
  ...(detail === undefined ? {} : { detail }),
  errors: errors.slice(0, faultsMax),
})

/** One fault at one place. */
export const invalidAt = (pointer: string, message: string, code = "INVALID"): RefusalError => invalid([{ pointer, code, message }])

/** Query parameters as one value each. @throws RefusalError when a name comes twice. */
export function queryOf(url: string): Record<string, string> {
  const values: Record<string, string> = {}
  if (!url.includes("?")) return values
  for (const [name, value] of new URL(url).searchParams) {
    if (Object.hasOwn(values, name)) throw invalidAt(`/query/${name}`, "The parameter stands twice.", "DUPLICATE")
    Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return values
}
