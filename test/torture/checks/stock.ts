import type { Books, LedgerBooks } from "../books.ts"
import type { Journal } from "../journal.ts"
import type { LevelRow, MovementRow } from "../stock-books.ts"
import { componentsAt, leavesOf } from "./bundles.ts"
import { groupBy, must, mustBeUnique, ofKind } from "./check.ts"
import { unitsOf } from "./imports.ts"

/** What nobody stated and no order or unit moved: opening stock, counts, and receipts of several units together. */
export function movementsHaveCauses({ ledgers, audits }: Books, journal: Journal): number {
  const counts = new Map<string, number>()
  for (const { entity_id: id, before, after } of audits.filter(({ action }) => action === "catalog.product.update")) {
    if (Number(before?.["stock_quantity"]) !== Number(after?.["stock_quantity"])) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const openings = new Map(ofKind(journal, "create product").map(({ key, asked }) => [key, Number(asked["stock"])]))
  for (const { key, stock } of unitsOf(journal, "products")) openings.set(key, stock)
  for (const { products, movements, units } of ledgers) {
    mustBeUnique(movements, "movement")
    const byProduct = groupBy(
      movements.filter((movement) => movement.order_id === null && movement.reference === null && movement.unit_id === null),
      (movement) => movement.product_id,
    )
    const unitsBy = groupBy(units, (unit) => unit.product_id)
    for (const { id, sku } of products) {
      const own = byProduct.get(id) ?? []
      const of = (wanted: string) => own.filter(({ reason }) => reason === wanted)
      const [opening, counted, receipts] = [of("OPENING"), of("COUNT"), of("RECEIPT")]
      const opened = openings.get(sku) ?? 0
      must(
        opening.length === (opened > 0 ? 1 : 0) && (opening[0]?.quantity_milli ?? 0) === opened * 1_000,
        () => `${id} opened with ${opened} and has ${JSON.stringify(opening)}`,
      )
      must(
        counted.length === (counts.get(id) ?? 0),
        () => `${id} was counted to another stock ${counts.get(id) ?? 0} times and has ${counted.length} movements of it`,
      )
      const [came, pieces] = [receipts.reduce((sum, { quantity_milli: quantity }) => sum + quantity, 0), unitsBy.get(id)?.length ?? 0]
      must(came === pieces * 1_000, () => `of ${id} ${came} thousandths were received as units, and there are ${pieces} units`)
      must(opening.length + counted.length + receipts.length === own.length, () => `${id} has movements without a cause`)
    }
  }
  return ledgers.reduce((sum, { movements }) => sum + movements.length, 0)
}

/** Accepted takes all lines, a kit's components for the kit, cancelled after that brings back the same to where it was; anything else leaves the stock alone. */
export function ordersMoveTheirGoods({ ledgers }: Books): number {
  let moved = 0
  for (const ledger of ledgers) {
    const { orders, movements } = ledger
    const byOrder = groupBy(
      movements.filter(({ unit_id: unit }) => unit === null),
      (movement) => movement.order_id,
    )
    for (const order of orders) {
      const own = byOrder.get(order.id) ?? []
      mustMoveItsGoods(order, own, ledger)
      moved += own.length
    }
  }
  return moved
}

type Movement = LedgerBooks["movements"][number]

function mustMoveItsGoods(
  { id, lines, history }: LedgerBooks["orders"][number],
  movements: readonly Movement[],
  ledger: LedgerBooks,
): void {
  const isAccepted = history.some(({ to }) => to === "ACCEPTED")
  const isUndone = isAccepted && history.some(({ to }) => to === "CANCELLED")
  const taken = movements.find(({ reason }) => reason === "ORDER_ACCEPTED")
  // What a kit was made of at that very moment.
  const parts = taken === undefined ? ledger.components : componentsAt(ledger, taken.seq)
  const byLine = groupBy(movements, ({ order_line_id: line }) => line ?? "")
  for (const line of lines) {
    const own = byLine.get(line.id) ?? []
    byLine.delete(line.id)
    const wanted = isAccepted && line.quantityMilli > 0 ? leavesOf(parts, line.productId, line.quantityMilli) : new Map<string, number>()
    const out = sumBy(own, "ORDER_ACCEPTED", ({ product_id: product }) => product)
    const products = new Set([...wanted.keys(), ...own.map(({ product_id: product }) => product)])
    for (const product of products)
      must(
        -(out.get(product) ?? 0) === (wanted.get(product) ?? 0),
        () =>
          `${id}: line ${line.id} of ${line.quantityMilli} of ${line.productId} is to take ${wanted.get(product) ?? 0} of ${product} and took ${-(out.get(product) ?? 0)}`,
      )
    const [took, back] = [sumBy(own, "ORDER_ACCEPTED", cellOf), sumBy(own, "ORDER_CANCELLED", cellOf)]
    for (const cell of new Set([...took.keys(), ...back.keys()]))
      must(
        (back.get(cell) ?? 0) === (isUndone ? -(took.get(cell) ?? 0) : 0),
        () => `${id}: line ${line.id} took ${-(took.get(cell) ?? 0)} from ${cell} and brought back ${back.get(cell) ?? 0}`,
      )
    must(
      own.every(({ reason }) => reason === "ORDER_ACCEPTED" || reason === "ORDER_CANCELLED"),
      () => `${id}: line ${line.id} moved for ${own.map(({ reason }) => reason).join()}`,
    )
  }
  for (const [line, [first]] of byLine) must(false, () => `${first?.id} moves stock for a line (${line}) that ${id} does not have`)
}

type InCell = { readonly product_id: string; readonly location_id: string; readonly lot_id: string }
const cellOf = ({ product_id: product, location_id: location, lot_id: lot }: InCell): string => `${product} ${location} ${lot}`

const add = (sums: Map<string, number>, key: string, more: number): void => void sums.set(key, (sums.get(key) ?? 0) + more)

function sumBy(movements: readonly Movement[], reason: string, keyOf: (movement: Movement) => string): Map<string, number> {
  const sums = new Map<string, number>()
  for (const movement of movements) if (movement.reason === reason) add(sums, keyOf(movement), movement.quantity_milli)
  return sums
}

/** What a transfer takes from its place it brings to the other. */
function sumsOf(movements: readonly MovementRow[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const movement of movements) {
    add(sums, cellOf(movement), movement.quantity_milli)
    if (movement.to_location_id !== null) add(sums, cellOf({ ...movement, location_id: movement.to_location_id }), -movement.quantity_milli)
  }
  return sums
}

export function levelsAreSums({ ledgers, levels, movements, products }: Books): number {
  const mustBeSums = (where: string, held: readonly LevelRow[], sums: Map<string, number>) => {
    const cells = new Set<string>()
    for (const row of held) {
      const { on_hand_milli: onHand, reserved_milli: reserved } = row
      const cell = cellOf(row)
      must(!cells.has(cell), () => `${where}: ${cell} stands twice`)
      cells.add(cell)
      const sum = sums.get(cell) ?? 0
      must(onHand === sum, () => `${where}: ${cell} holds ${onHand}, its movements come to ${sum}`)
      must(reserved >= 0 && reserved <= onHand, () => `${where}: ${cell} holds ${onHand}, of which ${reserved} are reserved`)
    }
    for (const cell of sums.keys()) must(cells.has(cell), () => `${where}: ${cell} has movements and no level`)
  }
  for (const ledger of ledgers) mustBeSums(`ledger of ${ledger.organization.name}`, ledger.levels, sumsOf(ledger.movements))
  mustBeSums("D1", levels, sumsOf(movements))
  for (const ledger of ledgers) productsShowTheirStock(ledger, products)
  return levels.length
}

/** A kit has as much stock as its components are enough for. */
function productsShowTheirStock({ organization, levels, places, lots, components }: LedgerBooks, shown: Books["products"]): void {
  const sells = new Set(places.filter(({ kind }) => kind !== "QUARANTINE" && kind !== "IN_TRANSIT").map(({ id }) => id))
  const isKept = new Set(lots.filter(({ status, expired_at: expiredAt }) => status !== "ACTIVE" || expiredAt !== null).map(({ id }) => id))
  const [stock, available] = [new Map<string, number>(), new Map<string, number>()]
  for (const { product_id: product, location_id: place, lot_id: lot, on_hand_milli: onHand, reserved_milli: reserved } of levels) {
    add(stock, product, onHand)
    if (sells.has(place) && !isKept.has(lot)) add(available, product, onHand - reserved)
  }
  const enoughFor = (sums: Map<string, number>, id: string): number =>
    Math.min(
      ...[...leavesOf(components, id, 1_000)].map(([leaf, inOne]) =>
        leaf === id ? (sums.get(id) ?? 0) : Math.floor((sums.get(leaf) ?? 0) / inOne) * 1_000,
      ),
    )
  for (const { id, org_id: orgId, stock_milli: onHand, available_milli: free } of shown) {
    if (orgId !== organization.id) continue
    const [wanted, wantedFree] = [enoughFor(stock, id), enoughFor(available, id)]
    must(
      onHand === wanted && free === wantedFree,
      () => `${id} shows ${onHand}, of which ${free} can be sold, and its levels hold ${wanted} and ${wantedFree}`,
    )
  }
}

/** Whether stock is under its minimum is known as it is. */
export function minimumsAreWatched({ ledgers }: Books): number {
  let watched = 0
  for (const { products, levels, minimums, components } of ledgers) {
    const kits = new Set(components.map(({ parent_id: parent }) => parent))
    const productOf = new Map(products.map((product) => [product.id, product]))
    const minimumOf = new Map(minimums.map((row) => [`${row.product_id} ${row.location_id}`, row]))
    const stock = new Map<string, number>()
    for (const { product_id: product, on_hand_milli: onHand } of levels) add(stock, product, onHand)
    for (const { id, min_stock_milli: stated, archived_at: archivedAt } of products) {
      const least = minimumOf.get(`${id} `)?.min_milli ?? 0
      must(least === (archivedAt === null ? stated : 0), () => `${id} is to have ${stated} at least, and ${least} is watched`)
    }
    for (const { product_id: id, min_milli: least, is_low: isLow } of minimums) {
      // How much there is of a kit its components say.
      if (productOf.get(id)?.archived_at !== null || kits.has(id)) continue
      const onHand = stock.get(id) ?? 0
      must((isLow === 1) === onHand < least, () => `${id} has ${onHand} of at least ${least}, and is said to be low: ${isLow}`)
      watched += 1
    }
  }
  return watched
}
