import type { Books, LedgerBooks } from "../books.ts"
import type { Command, Journal } from "../journal.ts"
import type { Weighed } from "../steps/deliveries.ts"
import { must, ofKind } from "./check.ts"

type Line = LedgerBooks["orders"][number]["lines"][number]

const milliOf = (quantity: number): number => Math.round(quantity * 1_000)

/** A price times thousandths, rounded half up. */
const worthOf = (unitPriceMinor: number, milli: number): number => Number((BigInt(unitPriceMinor) * BigInt(milli) * 2n + 1_000n) / 2_000n)

/** As INV-ORD-8 bills what somebody says of a line: the buyer's word changes no bill. */
function wanted({ quantityMilli }: Line, said: Weighed | undefined, isBySupplier: boolean): Pick<Line, "deliveredMilli" | "billedMilli"> {
  if (said === undefined) return { deliveredMilli: undefined, billedMilli: undefined }
  const deliveredMilli = said.delivered === undefined ? quantityMilli : milliOf(said.delivered)
  if (!isBySupplier) return { deliveredMilli, billedMilli: undefined }
  const billedMilli = said.billed === undefined ? Math.min(quantityMilli, deliveredMilli) : milliOf(said.billed)
  return { deliveredMilli, billedMilli }
}

/** Lines were delivered and are billed as whoever completed the order said, by the price agreed on, and an order comes to its lines. */
export function deliveriesAreBilled({ ledgers }: Books, journal: Journal): number {
  const commands = new Map<string | null, Command>(ofKind(journal, "move order").map((command) => [command.key, command]))
  let delivered = 0
  for (const { id, lines, history, total_minor: total } of ledgers.flatMap(({ orders }) => orders)) {
    const completion = history.find(({ to }) => to === "COMPLETED")
    const asked = completion === undefined ? undefined : commands.get(completion.reason)?.asked
    const { items = [], isBySupplier = false } = (asked ?? {}) as { items?: readonly Weighed[]; isBySupplier?: boolean }
    for (const line of lines) {
      const said = items.find(({ item_id: item }) => item === line.id)
      const { deliveredMilli, billedMilli } = wanted(line, said, isBySupplier)
      must(
        line.deliveredMilli === deliveredMilli && line.billedMilli === billedMilli,
        () =>
          `${id}: ${line.id} of ${line.quantityMilli} was said to be ${JSON.stringify(said)}, and stands as ${line.deliveredMilli} delivered, ${line.billedMilli} billed`,
      )
      const worth = worthOf(line.unitPriceMinor, billedMilli ?? line.quantityMilli)
      must(line.lineTotalMinor === worth, () => `${id}: ${line.id} is to come to ${worth} and comes to ${line.lineTotalMinor}`)
      if (said !== undefined) delivered += 1
    }
    const sum = lines.reduce((all, { lineTotalMinor }) => all + lineTotalMinor, 0)
    must(total === sum, () => `${id} comes to ${total} and its lines to ${sum}`)
  }
  return delivered
}
