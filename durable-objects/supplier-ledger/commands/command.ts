import { type Err, type Refusal, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"

/** Something the ledger can be told to do. */
export type Command = {
  /** Who may give it: the ledger's own organization alone, or whoever the command itself finds to be a party. */
  readonly by: "owner" | "party"
  /** Whether its answer waits until chat rooms have heard of it (INV-LED-3). */
  readonly tellsRooms?: true
  /** Decides and writes; a refusal leaves nothing behind. `ifMatch` is the version that If-Match names. */
  readonly run: (work: LedgerWork, input: never, ifMatch: number | undefined) => Result<{ readonly id: string }>
}

/** The refusal of a change to another version than the present one. */
export const checkVersion = (noun: string, current: { readonly version: number }, ifMatch: number | undefined): Err<Refusal> | undefined =>
  ifMatch === undefined || ifMatch === current.version
    ? undefined
    : refuse("VERSION_MISMATCH", `The ${noun} is at version ${current.version} by now.`)

/** The refusal of a step that is not among those allowed. `noun` comes with its article: `An order`. */
export const checkMove = <S extends string>(noun: string, from: S, to: S, allowed: readonly S[]): Err<Refusal> | undefined =>
  allowed.includes(to)
    ? undefined
    : refuse("INVALID_TRANSITION", `${noun} that is ${from} cannot become ${to}.`, { current: from, allowed })

/** Input that the schema could not know to be wrong: one member, and why. */
export const fault = (pointer: string, code: string, message: string): Err<Refusal> =>
  refuse("VALIDATION_FAILED", undefined, { errors: [{ pointer, code, message }] })
