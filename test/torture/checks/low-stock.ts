import type { Books, LedgerBooks } from "../books.ts"
import { componentsAt, leavesOf } from "./bundles.ts"
import { groupBy, must } from "./check.ts"

type Product = LedgerBooks["products"][number]
/** A product's stock, and a kit's, once a command had done all it did. */
type Stock = { readonly seq: number; readonly onHandMilli: number }

const byNumber = (a: number, b: number): number => a - b

/** What a command did to the stock of each product, by the command's number. From place to place there is no more and no less of it. */
function changesOf(movements: LedgerBooks["movements"]): Map<string, Map<number, number>> {
  const changes = new Map<string, Map<number, number>>()
  for (const { product_id: product, type, seq, quantity_milli: milli } of movements) {
    if (type === "TRANSFER") continue
    const own = changes.get(product) ?? new Map<number, number>()
    changes.set(product, own.set(seq, (own.get(seq) ?? 0) + milli))
  }
  return changes
}

function stocksOf(changes: ReadonlyMap<number, number> = new Map()): Stock[] {
  let onHandMilli = 0
  return [...changes.keys()].sort(byNumber).map((seq) => {
    onHandMilli += changes.get(seq) ?? 0
    return { seq, onHandMilli }
  })
}

/** A kit has what its components of that moment are enough for, whenever any of it may have changed. */
function stocksOfKit(kit: string, ledger: LedgerBooks, changes: ReadonlyMap<string, ReadonlyMap<number, number>>): Stock[] {
  const own = ledger.components.filter(({ parent_id: parent }) => parent === kit)
  const children = new Set(own.map(({ child_id: child }) => child))
  const isOwn = new Set(own.map(({ id }) => id))
  const reshaped = [...ledger.added.filter(({ id }) => isOwn.has(id)), ...own].map(({ seq }) => seq)
  const moved = [...children].flatMap((child) => [...(changes.get(child)?.keys() ?? [])])
  const onHand = new Map<string, number>()
  return [...new Set([...reshaped, ...moved])].sort(byNumber).map((seq) => {
    for (const child of children) onHand.set(child, (onHand.get(child) ?? 0) + (changes.get(child)?.get(seq) ?? 0))
    const leaves = [...leavesOf(componentsAt(ledger, seq), kit, 1_000)]
    const enough = leaves.map(([leaf, inOne]) => (leaf === kit ? 0 : Math.floor((onHand.get(leaf) ?? 0) / inOne) * 1_000))
    return { seq, onHandMilli: Math.min(...enough) }
  })
}

/** What was there each time it fell under the minimum. A product that opens with nothing is under it from its first command on. */
function fallsOf(
  { min_stock_milli: least, archived_at: archivedAt, seq: changedAt }: Product,
  stocks: readonly Stock[],
  opens: boolean,
): number[] {
  const falls: number[] = []
  let isLow = false
  for (const { seq, onHandMilli } of opens ? stocks : [{ seq: 0, onHandMilli: 0 }, ...stocks]) {
    // What is archived has no minimum, and changes no more but for its stock.
    if (archivedAt !== null && seq >= changedAt) break
    if (onHandMilli < least && !isLow) falls.push(onHandMilli)
    isLow = onHandMilli < least
  }
  return falls
}

/** Of all that happened to a product's stock follows how often it fell under its minimum: its owner was told so often, and of what was there. */
export function lowStockIsTold({ ledgers, events }: Books): number {
  const told = groupBy(
    events.filter(({ type }) => type === "stock.low"),
    ({ org_id: orgId, data }) => `${orgId} ${String(data["product_id"])}`,
  )
  let fell = 0
  for (const ledger of ledgers) {
    const { organization, products, movements, components } = ledger
    const changes = changesOf(movements)
    const kits = new Set(components.map(({ parent_id: parent }) => parent))
    const opened = new Set(movements.filter(({ reason }) => reason === "OPENING").map(({ product_id: id }) => id))
    for (const product of products) {
      const { id, min_stock_milli: least } = product
      const key = `${organization.id} ${id}`
      const stocks = kits.has(id) ? stocksOfKit(id, ledger, changes) : stocksOf(changes.get(id))
      const wanted = fallsOf(product, stocks, opened.has(id)).map((milli) => `${milli / 1_000} of ${least / 1_000}`)
      const said = (told.get(key) ?? []).map(({ data }) => `${String(data["on_hand"])} of ${String(data["min_stock_level"])}`)
      must(
        wanted.sort().join() === said.sort().join(),
        () =>
          `${id} fell under its minimum with ${wanted.join() || "nothing"}, and ${organization.name} was told ${said.join() || "nothing"}`,
      )
      told.delete(key)
      fell += wanted.length
    }
  }
  for (const [key, [event]] of told) must(false, () => `${event?.id} tells of low stock of something that is not there (${key})`)
  return fell
}
