import { z } from "zod"
import { limits } from "../../../src/kernel/limits.ts"
import type { Books, LedgerBooks } from "../books.ts"
import type { Journal } from "../journal.ts"
import { groupBy, must, ofKind } from "./check.ts"
import { isOwner } from "./told.ts"

const toldBuyer = z.object({
  product_id: z.string(),
  lot_number: z.string(),
  quantity: z.number(),
  orders: z.array(z.object({ order_id: z.string(), quantity: z.number() })),
})
const recalled = z.object({ buyers: z.array(z.object({ buyer_id: z.string(), quantity: z.number() })) })

/** By buyer, the thousandths that each order of its has of a lot. */
type Holders = ReadonlyMap<string, ReadonlyMap<string, number>>
type Lot = LedgerBooks["lots"][number]
type Movement = LedgerBooks["movements"][number]

const sumOf = (quantities: Iterable<number>): number => [...quantities].reduce((sum, one) => sum + one, 0)

/** Who had some of a lot when it was recalled, what had come back until then taken off. */
function holdersOf({ orders }: LedgerBooks, recalledAt: number, movements: readonly Movement[]): Holders {
  const buyerOf = new Map(orders.map(({ id, buyer_id: buyer }) => [id, buyer]))
  const byBuyer = new Map<string, Map<string, number>>()
  const before = movements.filter((movement) => movement.order_id !== null && movement.seq <= recalledAt)
  for (const [order, own] of groupBy(before, ({ order_id: id }) => id)) {
    const has = -sumOf(own.map(({ quantity_milli: quantity }) => quantity))
    const buyer = buyerOf.get(order) ?? "nobody"
    if (has > 0) byBuyer.set(buyer, (byBuyer.get(buyer) ?? new Map<string, number>()).set(order, has))
  }
  return byBuyer
}

/** Once a lot is recalled nothing of it is sold and nothing comes in but what comes back; who has some of it is told of that, once. */
export function recallsReachEveryBuyer(books: Books, journal: Journal): number {
  const { ledgers, events } = books
  const commandOf = new Map(ofKind(journal, "recall lot").map((command) => [command.key, command]))
  const told = groupBy(
    events.filter(({ type }) => type === "lot.recall_received"),
    ({ org_id: orgId, data }) => `${orgId} ${String(data["product_id"])} ${String(data["lot_number"])}`,
  )
  let asked = 0
  for (const ledger of ledgers) {
    const recalls = new Map(ledger.recalls.map(({ id, seq }) => [id, seq]))
    const byLot = groupBy(ledger.movements, ({ lot_id: lot }) => lot)
    for (const lot of ledger.lots.filter(({ status }) => status === "RECALLED")) {
      const answer = commandOf.get(lot.reason ?? "")?.answer
      const movements = byLot.get(lot.id) ?? []
      const recalledAt = recalls.get(lot.id)
      must(recalledAt !== undefined, () => `the ledger remembers no command by which ${lot.id} was recalled`)
      if (recalledAt === undefined) continue
      mustRest(lot, recalledAt, movements)
      const holders = holdersOf(ledger, recalledAt, movements)
      for (const [buyer, orders] of holders) {
        const key = `${buyer} ${lot.product_id} ${lot.number}`
        mustBeTold(books, lot, buyer, orders, told.get(key) ?? [])
        told.delete(key)
        asked += 1
      }
      if (answer === undefined) continue
      const said = recalled.parse(JSON.parse(answer.text)).buyers.map(({ buyer_id: id, quantity }) => `${id} ${quantity}`)
      const stands = [...holders].map(([buyer, orders]) => `${buyer} ${sumOf(orders.values()) / 1_000}`)
      must(
        said.sort().join() === stands.sort().join(),
        () => `the recall of ${lot.id} named ${said.join()}, and ${stands.join()} have some`,
      )
    }
  }
  for (const [key, [event]] of told) must(false, () => `${event?.id} tells of a recall (${key}) of which its reader has nothing`)
  return asked
}

function mustRest({ id }: Lot, recalledAt: number, movements: readonly Movement[]): void {
  for (const { id: movement, seq, type, reason } of movements) {
    if (seq <= recalledAt) continue
    const isAllowed = type === "IN" ? reason === "RETURNED" || reason === "ORDER_CANCELLED" : reason !== "ORDER_ACCEPTED"
    must(isAllowed, () => `${movement} (${type} for ${reason}) is of ${id} and came after its recall`)
  }
}

function mustBeTold(
  { notifications, users, outbox }: Books,
  { id, product_id: product, number }: Lot,
  buyer: string,
  orders: ReadonlyMap<string, number>,
  events: Books["events"],
): void {
  const [event] = events
  must(events.length === 1, () => `${buyer} has some of ${id}, which was recalled, and was told of it ${events.length} times`)
  if (event === undefined) return
  const data = toldBuyer.parse(event.data)
  const isComplete = data.orders.length === Math.min(orders.size, limits.recallOrdersToldMax)
  const isRight = data.orders.every(({ order_id: order, quantity }) => orders.get(order) === Math.round(quantity * 1_000))
  const all = sumOf(orders.values())
  must(
    isComplete && isRight && Math.round(data.quantity * 1_000) === all && data.product_id === product && data.lot_number === number,
    () => `${buyer} has ${all} thousandths of ${id} by ${[...orders.keys()].join()}, and was told ${JSON.stringify(data)}`,
  )
  // Whoever founded it may place orders, and chose nothing: in the app and by mail.
  const founder = users.find(({ org_id: orgId, email }) => orgId === buyer && isOwner(email))
  const suffix = event.id.slice("evt_".length)
  const shown = notifications.filter(({ user_id: user, id: shownId }) => user === founder?.id && shownId === `ntf_${suffix}`)
  const mails = outbox.filter(({ user_id: user, event_id: eventId }) => user === founder?.id && eventId === event.id)
  must(
    shown.length === 1 && mails.length === 1,
    () => `${founder?.email} has ${shown.length} notifications and ${mails.length} mails of ${event.id}, the recall of ${id}`,
  )
}
