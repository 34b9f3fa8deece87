import { isOnHand, type UnitStatus, type UnitVerb, unitFlow } from "../../../src/domains/units/rules.ts"
import { limits } from "../../../src/kernel/limits.ts"
import type { Books, LedgerBooks } from "../books.ts"
import type { Journal } from "../journal.ts"
import type { UnitRow } from "../stock-books.ts"
import { groupBy, must, mustBeUnique, mustStand, ofKind } from "./check.ts"

export function unitsStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const units = ledgers.flatMap((ledger) => ledger.units)
  mustBeUnique(units, "unit")
  for (const { organization, units: own } of ledgers)
    mustBeUnique(
      own.map(({ serial }) => ({ id: serial })),
      `the serial of ${organization.name}`,
    )
  const bySerial = groupBy(units, ({ serial }) => serial)
  const asked = new Set<string>()
  for (const command of ofKind(journal, "receive units")) {
    const { serials, productId } = command.asked as { serials: readonly string[]; productId: string }
    const found = serials.flatMap((serial) => {
      asked.add(serial)
      return bySerial.get(serial) ?? []
    })
    must(found.length % serials.length === 0, () => `of ${command.key} ${found.length} of ${serials.length} units stand`)
    mustStand(command, found.length / serials.length, "receipt")
    for (const { id, product_id: product } of found)
      must(product === productId, () => `${id} was to be of ${productId} and is of ${product}`)
  }
  for (const { id, serial } of units) must(asked.has(serial), () => `${id} (${serial}) was never received`)
  const receipts = audits.filter(({ action }) => action === "inventory.unit.receive")
  const audited = receipts.flatMap(({ after }) => after?.["units"] as Array<{ id: string }>)
  mustBeUnique(audited, "the audit of the receipt of")
  must(audited.length === units.length, () => `${units.length} units stand, and the receipt of ${audited.length} is on the audit trail`)
  return units.length
}

/** Why a unit changes that nobody handled. */
const ownReasons: ReadonlySet<string | null> = new Set(["ORDER_ACCEPTED", "ORDER_CANCELLED", "EXPIRED"])
const leadsTo: Readonly<Record<UnitVerb, readonly string[]>> = {
  reserve: ["RESERVED"],
  release: ["AVAILABLE"],
  sell: ["SOLD"],
  move: ["AVAILABLE", "IN_TRANSIT"],
  damage: ["DAMAGED"],
  return: ["RMA"],
}

/** Its state is where its history led, each step of which was asked for, is allowed and moved what it says. */
export function unitsFollowTheirHistory({ ledgers, audits }: Books, journal: Journal): number {
  const units = new Map(ledgers.flatMap((ledger) => ledger.units.map((unit) => [unit.id, unit])))
  const steps = groupBy(
    [...units.values()].flatMap(({ id, history }) => history.map((step) => ({ id, ...step }))),
    ({ reason }) => (ownReasons.has(reason) ? null : reason),
  )
  const audited = groupBy(
    audits.filter(({ entity, action }) => entity === "unit" && action !== "inventory.unit.receive"),
    ({ after }) => after?.["reason"] as string,
  )
  const commands = ofKind(journal, "handle unit")
  for (const command of commands) {
    const { key, target = "" } = command
    const verb = command.asked["verb"] as UnitVerb
    const [row] = audited.get(key) ?? []
    mustStand(command, audited.get(key)?.length ?? 0, "audit row")
    must(
      row === undefined || (row.entity_id === target && row.action === `inventory.unit.${verb}`),
      () => `${key} asked to ${verb} ${target} and did ${row?.action} to ${row?.entity_id}`,
    )
    // The oldest steps of a unit with many are on the audit trail alone.
    if ((units.get(target)?.version ?? 0) > limits.unitHistoryMax) continue
    const found = steps.get(key) ?? []
    mustStand(command, found.length, "step of a unit")
    for (const { id, to } of found)
      must(id === target && leadsTo[verb].includes(to), () => `${key} asked to ${verb} ${target}, and ${id} became ${to}`)
  }
  const asked = new Set(commands.map(({ key }) => key))
  for (const reason of steps.keys()) must(asked.has(reason), () => `a unit was handled (${reason}) and nobody asked for it`)
  for (const ledger of ledgers) {
    const movements = groupBy(ledger.movements, ({ unit_id: unit }) => unit)
    for (const unit of ledger.units) mustFollow(unit, movements.get(unit.id) ?? [])
    mustLieWhereTheyAre(ledger)
    mustBeWithTheirOrders(ledger)
  }
  return units.size
}

function mustFollow({ id, status, version, location_id: place, history }: UnitRow, movements: LedgerBooks["movements"]): void {
  if (version > limits.unitHistoryMax) return
  must(history.length === version, () => `${id} is at version ${version} after ${history.length} steps`)
  const last = history.at(-1)
  must(
    last?.to === status && last.locationId === place,
    () => `${id} is ${status} at ${place}, and its last step says ${JSON.stringify(last)}`,
  )
  const moved: string[] = []
  history.forEach(({ from, to, reason }, index) => {
    const before = index === 0 ? null : (history[index - 1]?.to ?? null)
    must(from === before && mayGo(from, to), () => `${id} went from ${from} to ${to} after it had been ${before}`)
    moved.push(...movementOf(from, to, reason))
  })
  const stand = movements.map(({ reason }) => reason)
  must(moved.sort().join() === stand.sort().join(), () => `${id} is to have moved as ${moved.join()} and has the movements ${stand.join()}`)
}

function mayGo(from: string | null, to: string): boolean {
  // A move that takes no time begins where it ends.
  const next: readonly string[] = from === null ? ["AVAILABLE"] : [...unitFlow[from as UnitStatus], ...(from === "AVAILABLE" ? [from] : [])]
  return next.includes(to)
}

/** The movement of its own that a step has. Orders move what they take as a whole; what came in together did, too. */
function movementOf(from: string | null, to: string, reason: string | null): string[] {
  if (from === null || ownReasons.has(reason)) return []
  if (to === "SOLD") return ["UNIT_SOLD"]
  if (to === "DAMAGED") return from === "RMA" ? [] : ["UNIT_DAMAGED"]
  if (to === "AVAILABLE" && from === "RMA") return ["UNIT_RESTORED"]
  if (to === "IN_TRANSIT" || (to === "AVAILABLE" && from !== "RESERVED")) return ["TRANSFER"]
  return []
}

/** What is in units is in units altogether: a cell has on hand as many as its units that are. */
function mustLieWhereTheyAre({ units, levels }: LedgerBooks): void {
  const products = new Set(units.map(({ product_id: product }) => product))
  const counted = new Map<string, number>()
  for (const { product_id: product, location_id: place, status } of units) {
    const cell = `${product} ${place}`
    if (isOnHand(status as UnitStatus)) counted.set(cell, (counted.get(cell) ?? 0) + 1_000)
  }
  for (const { product_id: product, location_id: place, on_hand_milli: onHand } of levels) {
    if (!products.has(product)) continue
    const cell = `${product} ${place}`
    must(onHand === (counted.get(cell) ?? 0), () => `${cell} has ${onHand} on hand and ${counted.get(cell) ?? 0} in units`)
  }
}

/** An order that took so many has those very units, but for those that came back under RMA and were restored. */
function mustBeWithTheirOrders({ units, orders, movements }: LedgerBooks): void {
  const products = new Set(units.map(({ product_id: product }) => product))
  const sold = groupBy(units, ({ order_id: order }) => order)
  const byOrder = groupBy(
    movements.filter(({ product_id: product }) => products.has(product)),
    ({ order_id: order }) => order,
  )
  for (const { id } of orders) {
    const own = byOrder.get(id) ?? []
    const out = own.filter(({ unit_id: unit }) => unit === null).reduce((sum, { quantity_milli: quantity }) => sum - quantity, 0)
    const restored = own.filter(({ reason }) => reason === "UNIT_RESTORED").length
    const held = sold.get(id)?.length ?? 0
    must(out === (held + restored) * 1_000, () => `${id} took ${out} in units, ${held} are its own and ${restored} came back`)
  }
}
