import { lotFlow } from "../../../src/domains/lots/rules.ts"
import type { Books } from "../books.ts"
import type { Journal } from "../journal.ts"
import { groupBy, must, mustStand, ofKind } from "./check.ts"

/** Every lot came in by a movement; held, released and recalled it was as often as that was acknowledged, each in its turn. */
export function lotsMoveByTheirMachine({ ledgers, audits }: Books, journal: Journal): number {
  const lots = ledgers.flatMap((ledger) => ledger.lots)
  const lotOf = new Map(lots.map((lot) => [lot.id, lot]))
  const changes = audits.filter(({ entity }) => entity === "lot")
  const byReason = groupBy(changes, ({ after }) => after?.["reason"] as string)
  const commands = ofKind(journal, "hold lot", "recall lot")
  for (const command of commands) {
    const found = byReason.get(command.key) ?? []
    mustStand(command, found.length, "step of a lot")
    const { number, productId } = command.asked as { number: string; productId: string }
    for (const { action, entity_id: id } of found) {
      const lot = lotOf.get(id)
      must(
        action === command.asked["action"] && lot?.number === number && lot.product_id === productId,
        () => `${command.key} asked for ${number} of ${productId} and did ${action} to ${id}`,
      )
    }
  }
  const asked = new Set(commands.map(({ key }) => key))
  for (const reason of byReason.keys())
    must(asked.has(reason), () => `a lot was held, released or recalled (${reason}) and nobody asked for it`)

  const byLot = groupBy(changes, ({ entity_id: id }) => id)
  for (const { movements, lots: own } of ledgers) {
    const received = new Set(movements.filter(({ type }) => type === "IN").map(({ lot_id: id }) => id))
    const numbers = new Set<string>()
    for (const { id, number, product_id: product, version, status } of own) {
      must(!numbers.has(`${product} ${number}`), () => `two lots of ${product} are called ${number}`)
      numbers.add(`${product} ${number}`)
      must(received.has(id), () => `${id} (${number}) never came in`)
      const steps = byLot.get(id) ?? []
      must(version === steps.length + 1, () => `${id} is at version ${version} after ${steps.length} steps`)
      const balance = new Map([["ACTIVE", 1]])
      for (const { before, after } of steps) {
        const [from, to] = [String(before?.["status"]), String(after?.["status"])]
        const next: readonly string[] = lotFlow[from as keyof typeof lotFlow] ?? []
        must(next.includes(to), () => `${id} went from ${from} to ${to}`)
        balance.set(from, (balance.get(from) ?? 0) - 1)
        balance.set(to, (balance.get(to) ?? 0) + 1)
      }
      for (const [state, count] of balance)
        must(count === (state === status ? 1 : 0), () => `${id} is ${status} and was ${count} times more often made ${state} than not`)
    }
  }
  return lots.length
}
