import type { Books, LedgerBooks } from "../books.ts"
import type { Journal } from "../journal.ts"
import type { ComponentRow } from "../stock-books.ts"
import { answerId, groupBy, must, ofKind } from "./check.ts"

/** The components there were when a ledger made its change of that number. One that was taken out was last written then. */
export function componentsAt({ components, added }: Pick<LedgerBooks, "components" | "added">, at: number): ComponentRow[] {
  const addedAt = new Map(added.map(({ id, seq }) => [id, seq]))
  return components
    .filter(({ id, seq, removed_at: removedAt }) => (addedAt.get(id) ?? seq) <= at && (removedAt === null || seq > at))
    .map((component) => ({ ...component, removed_at: null }))
}

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

type Asked = { readonly parentId: string; readonly childId: string; readonly quantity: number }

/**
 * A kit is made of what was asked for, each once, and no longer of what was taken out. A component has no word of its own to be
 * known by: which row came of a command that nobody heard of is not told apart, only how many.
 */
export function componentsStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const components = new Map(ledgers.flatMap((ledger) => ledger.components.map((row) => [row.id, row])))
  const rows = ledgers.flatMap((ledger) => ledger.components)
  const unclaimed = new Set(rows)
  const unheard = new Map<string, number>()
  const kindOf = ({ parentId, childId, quantity }: Asked): string => `${quantity} of ${childId} in ${parentId}`
  for (const command of ofKind(journal, "add component")) {
    const asked = command.asked as Asked
    const { key, outcome } = command
    if (outcome === "unknown") unheard.set(kindOf(asked), (unheard.get(kindOf(asked)) ?? 0) + 1)
    if (outcome !== "acknowledged") continue
    const row = components.get(answerId(command) ?? "")
    must(
      row !== undefined && kindOf(kindRow(row)) === kindOf(asked) && unclaimed.delete(row),
      () => `${key} was acknowledged as ${answerId(command)}, to be ${kindOf(asked)}, and what stands is ${JSON.stringify(row)}`,
    )
  }
  for (const [kind, own] of groupBy([...unclaimed], (row) => kindOf(kindRow(row))))
    must(own.length <= (unheard.get(kind) ?? 0), () => `${own.map(({ id }) => id).join()} (${kind}) were not asked for so often`)

  const removals = groupBy(ofKind(journal, "remove component"), ({ target }) => target)
  const trail = groupBy(
    audits.filter(({ entity }) => entity === "bundle_component"),
    ({ entity_id: id, action }) => `${id} ${action}`,
  )
  for (const { id, removed_at: removedAt } of rows) {
    const own = removals.get(id) ?? []
    const done = own.filter(({ outcome }) => outcome === "acknowledged").length
    const isOut = removedAt !== null
    must(
      isOut ? done === 1 || (done === 0 && own.some(({ outcome }) => outcome === "unknown")) : done === 0,
      () => `${id} was taken out as acknowledged ${done} times, and is ${isOut ? "out" : "in"}: ${own.map(({ key }) => key).join()}`,
    )
    const [added, removed] = ["add", "remove"].map((verb) => trail.get(`${id} bundles.component.${verb}`)?.length ?? 0)
    must(added === 1 && removed === (isOut ? 1 : 0), () => `${id} is audited as added ${added} times and taken out ${removed} times`)
  }
  const live = groupBy(
    rows.filter(({ removed_at: removedAt }) => removedAt === null),
    ({ parent_id: parent, child_id: child }) => `${parent} ${child}`,
  )
  for (const [pair, own] of live) must(own.length === 1, () => `${pair} is there by ${own.map(({ id }) => id).join()}`)
  return rows.length
}

const kindRow = ({ parent_id: parentId, child_id: childId, quantity_milli: milli }: ComponentRow): Asked => ({
  parentId,
  childId,
  quantity: milli / 1_000,
})
