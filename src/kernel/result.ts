import type { ErrorCode } from "./errors.ts"

/** What a decision returns: the thing, or one of a closed list of refusals. Exceptions are for bugs. */
export type Ok<T> = { readonly ok: true; readonly value: T }
export type Err<E> = { readonly ok: false; readonly error: E }
export type Result<T, E = Refusal> = Ok<T> | Err<E>

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value })
export const err = <const E>(error: E): Err<E> => ({ ok: false, error })

/** One fault in the input: `pointer` is an RFC 6901 JSON pointer into the body, or `/query/name`. */
export type InputFault = { readonly pointer: string; readonly code: string; readonly message: string }

/** A refusal with all that the problem document may carry of it. */
export type Refusal<C extends ErrorCode = ErrorCode> = {
  readonly code: C
  readonly detail?: string
  readonly errors?: readonly InputFault[]
  readonly current?: string
  readonly allowed?: readonly string[]
  /** Extension members of the problem document, such as `shortages`. */
  readonly extra?: Readonly<Record<string, unknown>>
}

export const refuse = <C extends ErrorCode>(code: C, detail?: string, more: Omit<Refusal<C>, "code" | "detail"> = {}): Err<Refusal<C>> =>
  err({ code, ...(detail === undefined ? {} : { detail }), ...more })

/** Thrown by authorization and parsing, where a return value would be easy to forget; the HTTP layer turns it into the problem. */
export class RefusalError extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.detail ?? refusal.code)
    this.name = "RefusalError"
    this.refusal = refusal
  }
}

export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
