import { type Ok, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"
import { bundleCommands } from "./bundles.ts"
import type { Command } from "./command.ts"
import { importCommands } from "./imports.ts"
import { linkCommands } from "./links.ts"
import { lotCommands } from "./lots.ts"
import { movementCommands } from "./movements.ts"
import { orderCommands } from "./orders.ts"
import { placeCommands } from "./places.ts"
import { productCommands } from "./products.ts"
import { termsCommands } from "./terms.ts"
import { unitCommands } from "./units.ts"

/** Everything the ledger can be told to do. */
const commands = {
  ...productCommands,
  ...linkCommands,
  ...orderCommands,
  ...movementCommands,
  ...lotCommands,
  ...placeCommands,
  ...termsCommands,
  ...bundleCommands,
  ...unitCommands,
  ...importCommands,
} as const satisfies Record<string, Command>

export type LedgerVerb = keyof typeof commands

type Run<V extends LedgerVerb> = (typeof commands)[V]["run"]

/** What each command takes, and what it answers. */
export type LedgerCommands = {
  [V in LedgerVerb]: { readonly input: Parameters<Run<V>>[1]; readonly fact: Extract<ReturnType<Run<V>>, Ok<unknown>>["value"] }
}
export type LedgerCommand = { [V in LedgerVerb]: { readonly verb: V; readonly input: LedgerCommands[V]["input"] } }[LedgerVerb]
export type LedgerFact = LedgerCommands[LedgerVerb]["fact"]

const commandOf = (verb: LedgerVerb): Command => commands[verb]

export const tellsRooms = ({ verb }: LedgerCommand): boolean => commandOf(verb).tellsRooms === true

export function carryOut(work: LedgerWork, { verb, input }: LedgerCommand, ifMatch: number | undefined): Result<LedgerFact> {
  const { by, run } = commandOf(verb)
  if (by === "owner" && work.actor.organizationId !== work.store.organization.id) return refuse("NOT_FOUND")
  // The input is its own verb's, by LedgerCommand; the compiler cannot follow one through the other.
  return run(work, input as never, ifMatch) as Result<LedgerFact>
}
