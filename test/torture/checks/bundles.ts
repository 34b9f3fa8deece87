import type { Books } from "../books.ts"
import type { Journal } from "../journal.ts"
import type { ComponentRow } from "../stock-books.ts"
import { must, mustStand, ofKind } from "./check.ts"

/** What so many thousandths of a product come to in the products that it is made of in the end; of nothing else, itself. */
export function leavesOf(components: readonly ComponentRow[], productId: string, quantityMilli: number): Map<string, number> {
  const leaves = new Map<string, number>()
  const parts = components.filter(({ parent_id: parent, removed_at: removedAt }) => parent === productId && removedAt === null)
  if (parts.length === 0) return leaves.set(productId, quantityMilli)
  for (const { child_id: child, quantity_milli: inOne } of parts)
    for (const [leaf, milli] of leavesOf(components, child, (quantityMilli * inOne) / 1_000))
      leaves.set(leaf, (leaves.get(leaf) ?? 0) + milli)
  return leaves
}

/** A kit is made of what was asked for, each once. That its orders take it is the orders' own check. */
export function componentsStandOnce({ ledgers }: Books, journal: Journal): number {
  const asked = ofKind(journal, "add component")
  const components = ledgers.flatMap((ledger) => ledger.components)
  for (const command of asked) {
    const { parentId, childId, quantity } = command.asked as { parentId: string; childId: string; quantity: number }
    const found = components.filter(({ parent_id: parent, child_id: child }) => parent === parentId && child === childId)
    mustStand(command, found.length, "component")
    for (const { id, quantity_milli: milli } of found)
      must(milli === quantity * 1_000, () => `${id} was to be ${quantity} of ${childId} and is ${milli} thousandths`)
  }
  must(components.length <= asked.length, () => `${components.length} components stand, and ${asked.length} were asked for`)
  return components.length
}
