import type { Books } from "../books.ts"
import type { Command, CommandKind, Journal } from "../journal.ts"

/** A broken promise, in a sentence that names the rows. */
export class Violation extends Error {}

export const must = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Violation(what())
}

/** Holds the books against what the clients were told. @returns how many rows it looked at. @throws Violation */
export type Check = (books: Books, journal: Journal) => number

export const groupBy = <T>(list: readonly T[], keyOf: (item: T) => string | null | undefined): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const key = keyOf(item)
    if (key === null || key === undefined) continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

export const ofKind = (journal: Journal, ...kinds: readonly CommandKind[]): Command[] =>
  journal.commands.filter(({ kind }) => kinds.includes(kind))

/** How often a command's effect may stand in the books. */
export function mustStand(command: Command, times: number, what: string): void {
  const { outcome, key } = command
  const fits = outcome === "acknowledged" ? times === 1 : outcome === "refused" ? times === 0 : times <= 1
  must(
    fits,
    () =>
      `${command.kind} ${key} was ${outcome} and its ${what} stands ${times} times (asked: ${JSON.stringify(command.asked)}, target ${command.target ?? "none"}, answer: ${command.answer?.text.slice(0, 300) ?? "none"})`,
  )
}

export const answerId = ({ answer }: Command): string | undefined =>
  answer === undefined || answer.text === "" ? undefined : (JSON.parse(answer.text) as { id: string }).id

export function mustBeUnique(rows: ReadonlyArray<{ readonly id: string }>, what: string): void {
  const seen = new Set<string>()
  for (const { id } of rows) {
    must(!seen.has(id), () => `${what} ${id} stands twice`)
    seen.add(id)
  }
}
