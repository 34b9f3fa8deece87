import { z } from "zod"
import type { Books } from "../books.ts"
import type { Command, Journal } from "../journal.ts"
import { box } from "../steps/products.ts"
import type { MovementRow } from "../stock-books.ts"
import { groupBy, must, mustBeUnique, ofKind } from "./check.ts"

type Row = {
  readonly reference: string
  readonly type: string
  readonly product_id: string
  readonly quantity: number
  readonly unit?: string
  readonly lot_number?: string
  readonly unit_cost?: string
  readonly corrects?: string
  readonly receives?: string
}

const shown = z.object({ id: z.string(), reference: z.string() })
const recorded = z.union([shown.transform((one) => [one]), z.object({ data: z.array(shown) }).transform(({ data }) => data)])

/** A decimal of a currency with two places, in thousandths of its minor unit. */
export const costMilli = (unitCost: string): number => Math.round(Number(unitCost) * 100_000)

/** Every row of every batch: once where it was said to be recorded, and all of a batch or none where that was asked for. */
export function statedMovementsStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const stated = ledgers.flatMap(({ movements }) => movements.filter(({ reference }) => reference !== null))
  const byReference = groupBy(stated, ({ reference }) => reference)
  const asked = new Set<string>()
  for (const command of ofKind(journal, "record movements")) {
    const { rows, isAllOrNothing } = command.asked as { rows: readonly Row[]; isAllOrNothing: boolean }
    const found = rows.flatMap((row) => {
      asked.add(row.reference)
      const movements = byReference.get(row.reference) ?? []
      must(movements.length <= 1, () => `${row.reference} stands ${movements.length} times`)
      for (const movement of movements) mustBeAsAsked(row, movement)
      return movements
    })
    mustFit(command, found, isAllOrNothing ? rows.length : undefined)
  }
  for (const { id, reference } of stated) must(asked.has(reference ?? ""), () => `${id} (${reference}) was never asked for`)
  // Of a batch there is one audit row, which names all of it.
  const audited = audits
    .filter(({ action }) => action === "inventory.movement.record")
    .flatMap(({ after }) => after?.["movements"] as Array<{ id: string }>)
  mustBeUnique(audited, "the audit of the movement")
  must(audited.length === stated.length, () => `${stated.length} movements were stated, and ${audited.length} are on the audit trail`)
  const known = new Set(stated.map(({ id }) => id))
  for (const { id } of audited) must(known.has(id), () => `${id} is on the audit trail and stands nowhere`)
  return stated.length
}

function mustBeAsAsked(row: Row, movement: MovementRow): void {
  const { id, type, product_id: product, quantity_milli: quantity, lot_number: lot, corrects, receives, unit_cost_milli: cost } = movement
  const change =
    (type === "IN" || type === "ADJUSTMENT" ? row.quantity : -row.quantity) * (row.unit === undefined ? 1 : box.quantity) * 1_000
  must(
    type === row.type && product === row.product_id && quantity === change && corrects === (row.corrects ?? null),
    () => `${id} was asked for as ${JSON.stringify(row)} and is ${JSON.stringify(movement)}`,
  )
  const asked = row.unit_cost === undefined ? null : costMilli(row.unit_cost)
  must(cost === asked, () => `${id} was asked for at ${row.unit_cost} and stands at ${cost}`)
  // What arrives is of the lot that was sent.
  const isSame = receives === (row.receives ?? null) && (receives !== null || lot === (row.lot_number ?? null))
  must(isSame, () => `${id} was asked for as ${JSON.stringify(row)} and is of the lot ${lot}, receiving ${receives}`)
}

function mustFit(command: Command, found: readonly MovementRow[], all: number | undefined): void {
  const { key, outcome, answer } = command
  must(outcome !== "refused" || found.length === 0, () => `${key} was refused, and ${found.length} of its movements stand`)
  must(all === undefined || found.length === 0 || found.length === all, () => `of ${key} ${found.length} of ${all} movements stand`)
  if (answer === undefined) return
  const told = recorded.parse(JSON.parse(answer.text)).map(({ id, reference }) => `${reference} ${id}`)
  const stand = found.map(({ id, reference }) => `${reference} ${id}`)
  must(told.sort().join() === stand.sort().join(), () => `${key} was acknowledged with ${told.join()} and stands as ${stand.join()}`)
}

/** What was sent is on its way less what has arrived or was lost, never less than nothing; and a movement is put right once. */
export function transfersArriveOnce({ ledgers }: Books): number {
  let sent = 0
  for (const { movements } of ledgers) {
    const arrivals = groupBy(movements, ({ receives }) => receives)
    const ids = new Set(movements.map(({ id }) => id))
    for (const { id, open_milli: open, quantity_milli: quantity } of movements) {
      const own = arrivals.get(id) ?? []
      must(own.length === 0 || open !== null, () => `${own[0]?.id} receives ${id}, which was sent nowhere`)
      if (open === null) continue
      sent += 1
      const arrived = own.reduce((sum, one) => sum - one.quantity_milli, 0)
      must(
        open >= 0 && open === -quantity - arrived,
        () => `of ${id} ${-quantity} were sent, ${arrived} have arrived, and ${open} are on their way`,
      )
    }
    const corrected = groupBy(movements, ({ corrects }) => corrects)
    for (const [id, own] of corrected)
      must(own.length === 1 && ids.has(id), () => `${id} was put right by ${own.map((one) => one.id).join()}`)
  }
  return sent
}
