import { orderFlow, orderNumber } from "../../../src/domains/orders/rules.ts"
import type { Books } from "../books.ts"
import type { Journal } from "../journal.ts"
import type { AskedItem } from "../steps/orders.ts"
import { box } from "../steps/products.ts"
import { answerId, groupBy, must, mustStand, ofKind } from "./check.ts"
import { unitsOf } from "./imports.ts"

/** In the product's own unit, and as it was said where that was in boxes. */
const askedLine = ({ product_id: product, quantity, unit }: AskedItem): string =>
  unit === undefined
    ? `${quantity * 1_000} of ${product}`
    : `${quantity * box.quantity * 1_000} of ${product} by ${quantity * 1_000} ${unit}`

/** What a line was about when it was ordered, whatever was agreed on since. */
function orderedLine({ ordered, asked, ...line }: Books["orders"][number]["lines"][number]): string {
  const { productId, quantityMilli } = ordered ?? line
  return `${quantityMilli} of ${productId}${asked === undefined ? "" : ` by ${asked.quantityMilli} ${asked.unit}`}`
}

export function ordersStandOnce({ orders, ledgers }: Books, journal: Journal): number {
  const placed = ofKind(journal, "place order")
  const inLedger = groupBy(
    ledgers.flatMap((ledger) => ledger.orders),
    ({ note }) => note,
  )
  const bySide = {
    supplier: groupBy(
      orders.filter(({ side }) => side === "supplier"),
      ({ note }) => note,
    ),
    buyer: groupBy(
      orders.filter(({ side }) => side === "buyer"),
      ({ note }) => note,
    ),
  }
  for (const command of placed) {
    const kept = inLedger.get(command.key) ?? []
    mustStand(command, kept.length, "order in the ledger")
    for (const side of ["supplier", "buyer"] as const) {
      const shown = bySide[side].get(command.key) ?? []
      must(shown.length === kept.length, () => `${command.key}: ${kept.length} in the ledger, ${shown.length} on the ${side}'s side of D1`)
      const [row] = shown
      if (row === undefined) continue
      const asked = command.asked as { supplierId: string; buyerId: string; items: readonly AskedItem[] }
      must(
        row.org_id === (side === "supplier" ? asked.supplierId : asked.buyerId),
        () => `${row.id} stands on the ${side}'s side with ${row.org_id}`,
      )
      const [stands, wanted] = [row.lines.map(orderedLine), asked.items.map(askedLine)]
      must(stands.join() === wanted.join(), () => `${row.id} was asked for as ${wanted.join()} and stands as ${stands.join()}`)
      must(
        row.total_minor === row.lines.reduce((sum, { lineTotalMinor }) => sum + lineTotalMinor, 0),
        () => `${row.id}'s total is not the sum of its lines`,
      )
      const told = answerId(command)
      must(told === undefined || told === row.id, () => `${command.key} was acknowledged as ${told} and stands as ${row.id}`)
    }
  }
  const known = new Set([...placed, ...unitsOf(journal, "orders")].map(({ key }) => key))
  for (const note of inLedger.keys()) must(known.has(note), () => `an order with the note ${note} was never asked for`)
  return placed.length
}

export function movesStandOnce({ ledgers }: Books, journal: Journal): number {
  const moves = ofKind(journal, "move order")
  const keys = new Map(moves.map((command) => [command.key, command]))
  const steps = ledgers.flatMap(({ orders }) => orders.flatMap(({ id, history }) => history.slice(1).map((step) => ({ id, ...step }))))
  const byKey = groupBy(steps, ({ reason }) => reason)
  for (const command of moves) {
    const found = byKey.get(command.key) ?? []
    mustStand(command, found.length, "step")
    const [step] = found
    if (step === undefined) continue
    must(
      step.id === command.target && step.to === command.asked["status"],
      () => `${command.key} asked ${command.target} to be ${String(command.asked["status"])}, and ${step.id} became ${step.to}`,
    )
  }
  for (const { id, reason, from, to, by } of steps) {
    const isLapse = from === "AMENDED" && to === "CANCELLED" && by.id === null
    must(isLapse || (reason !== null && keys.has(reason)), () => `a step of ${id} (${reason}) was never asked for`)
  }
  for (const { id, status, version, history } of ledgers.flatMap((ledger) => ledger.orders)) {
    must(history.length === version, () => `${id} is at version ${version} with ${history.length} steps`)
    must(history.at(-1)?.to === status, () => `${id} is ${status} and its last step says ${history.at(-1)?.to}`)
    history.forEach(({ from, to }, index) => {
      const before = index === 0 ? null : (history[index - 1]?.to ?? null)
      const mayFollow: readonly string[] = from === null ? ["PENDING"] : (orderFlow[from as keyof typeof orderFlow] ?? [])
      must(from === before && mayFollow.includes(to), () => `${id} went from ${from} to ${to} after it had been ${before}`)
    })
  }
  return moves.length
}

export function numbersWithoutGaps({ ledgers }: Books): number {
  for (const { organization, orders, ordersCounted } of ledgers) {
    must(orders.length === ordersCounted, () => `${organization.name} counted ${ordersCounted} orders and has ${orders.length}`)
    const numbers = new Set(orders.map((order) => order.number))
    for (let count = 1; count <= orders.length; count += 1)
      must(
        numbers.has(orderNumber(count)),
        () => `${organization.name} has ${orders.length} orders and none with the number ${orderNumber(count)}`,
      )
  }
  return ledgers.reduce((sum, { orders }) => sum + orders.length, 0)
}
