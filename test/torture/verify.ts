import { orderFlow, orderNumber } from "../../src/domains/orders/rules.ts"
import { type OrganizationId, routingOf } from "../../src/kernel/ids.ts"
import type { AuditRow, Books, LedgerBooks, MovementRow, OrderRow } from "./books.ts"
import type { Command, CommandKind, Journal } from "./journal.ts"

/** A broken promise, in a sentence that names the rows. */
class Violation extends Error {}

const must = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Violation(what())
}

export type Guarantee = { readonly name: string; readonly checked: number }
export type Verdict = { readonly held: readonly Guarantee[]; readonly violation: string | undefined }

type Check = { readonly name: string; readonly run: (books: Books, journal: Journal) => number }

/** Holds the books against what the clients were told; stops at the first promise that is broken. */
export function verify(books: Books, journal: Journal): Verdict {
  const held: Guarantee[] = []
  for (const { name, run } of checks) {
    try {
      held.push({ name, checked: run(books, journal) })
    } catch (error) {
      if (error instanceof Violation) return { held, violation: `${name}: ${error.message}` }
      throw error
    }
  }
  return { held, violation: undefined }
}

const checks: readonly Check[] = [
  { name: "every acknowledged order stands once, on both sides; none that was refused or half done", run: ordersStandOnce },
  { name: "every acknowledged change of an order stands once in its history, and each change was asked for", run: movesStandOnce },
  { name: "order numbers are without gaps", run: numbersWithoutGaps },
  { name: "every acknowledged product and change of one stands once", run: productsStandOnce },
  { name: "every acknowledged link and change of one stands once", run: linksStandOnce },
  { name: "every acknowledged change in D1 alone (API keys, organizations) stands once", run: platformRowsStandOnce },
  { name: "each change has exactly one audit row, ids unique", run: auditsStandOnce },
  { name: "each change of state has exactly one event a side, ids unique", run: eventsStandOnce },
  { name: "each movement has its cause, and each cause its movements", run: movementsHaveCauses },
  { name: "ledger = sum of movements, never below zero", run: levelsAreSums },
  { name: "projection = ledger, row by row", run: projectionIsLedger },
  { name: "ledgers know their organization as D1 does", run: factsArrived },
  { name: "no outbox holds a row", run: outboxesAreEmpty },
  { name: "rows of two parties stand with these two alone", run: rowsStandWithTheirParties },
]

const groupBy = <T>(list: readonly T[], keyOf: (item: T) => string | null | undefined): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const key = keyOf(item)
    if (key === null || key === undefined) continue
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

const ofKind = (journal: Journal, kind: CommandKind): Command[] => journal.commands.filter((command) => command.kind === kind)

/** How often a command's effect may stand in the books. */
function mustStand(command: Command, times: number, what: string): void {
  const { outcome, key } = command
  const fits = outcome === "acknowledged" ? times === 1 : outcome === "refused" ? times === 0 : times <= 1
  must(
    fits,
    () =>
      `${command.kind} ${key} was ${outcome} and its ${what} stands ${times} times (asked: ${JSON.stringify(command.asked)}, target ${command.target ?? "none"}, answer: ${command.answer?.text.slice(0, 300) ?? "none"})`,
  )
}

const answerId = ({ answer }: Command): string | undefined =>
  answer === undefined || answer.text === "" ? undefined : (JSON.parse(answer.text) as { id: string }).id

function ordersStandOnce({ orders, ledgers }: Books, journal: Journal): number {
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
      const asked = command.asked as { supplierId: string; buyerId: string; lines: number }
      must(
        row.org_id === (side === "supplier" ? asked.supplierId : asked.buyerId),
        () => `${row.id} stands on the ${side}'s side with ${row.org_id}`,
      )
      must(row.lines.length === asked.lines, () => `${row.id} was asked for with ${asked.lines} lines and has ${row.lines.length}`)
      must(
        row.total_minor === row.lines.reduce((sum, { lineTotalMinor }) => sum + lineTotalMinor, 0),
        () => `${row.id}'s total is not the sum of its lines`,
      )
      const told = answerId(command)
      must(told === undefined || told === row.id, () => `${command.key} was acknowledged as ${told} and stands as ${row.id}`)
    }
  }
  const known = new Set(placed.map(({ key }) => key))
  for (const note of inLedger.keys()) must(known.has(note), () => `an order with the note ${note} was never asked for`)
  return placed.length
}

function movesStandOnce({ ledgers }: Books, journal: Journal): number {
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
  for (const { id, reason } of steps) must(reason !== null && keys.has(reason), () => `a step of ${id} (${reason}) was never asked for`)
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

function numbersWithoutGaps({ ledgers }: Books): number {
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

function productsStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const products = ledgers.flatMap((ledger) => ledger.products)
  const bySku = groupBy(products, ({ sku }) => sku)
  const created = ofKind(journal, "create product")
  for (const command of created) {
    const found = bySku.get(command.key) ?? []
    mustStand(command, found.length, "product")
    const told = answerId(command)
    must(told === undefined || told === found[0]?.id, () => `${command.key} was acknowledged as ${told} and stands as ${found[0]?.id}`)
  }
  const known = new Set(created.map(({ key }) => key))
  for (const { sku } of products) must(known.has(sku), () => `product ${sku} was never asked for`)

  const edits = groupBy(
    audits.filter(({ action }) => action === "catalog.product.update"),
    ({ after }) => after?.["description"] as string,
  )
  const edited = ofKind(journal, "edit product")
  for (const command of edited) {
    const found = edits.get(command.key) ?? []
    mustStand(command, found.length, "edit")
    const [row] = found
    if (row === undefined) continue
    must(row.entity_id === command.target, () => `${command.key} was about ${command.target} and changed ${row.entity_id}`)
    for (const [name, value] of Object.entries(command.asked))
      must(row.after?.[name] === value, () => `${command.key} asked for ${name} ${String(value)} and got ${String(row.after?.[name])}`)
  }
  const archived = groupBy(ofKind(journal, "archive product"), ({ target }) => target)
  for (const { id, archived_at: archivedAt } of products) {
    const commands = archived.get(id) ?? []
    const done = commands.filter(({ outcome }) => outcome === "acknowledged")
    must(done.length <= 1, () => `${id} was archived ${done.length} times`)
    must(done.length === 0 || archivedAt !== null, () => `${id} was archived, as ${done[0]?.key} was told, and is not`)
    must(archivedAt === null || commands.some(({ outcome }) => outcome !== "refused"), () => `${id} is archived and nobody asked for it`)
  }
  return created.length + edited.length
}

function linksStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const links = ledgers.flatMap((ledger) => ledger.links)
  const requests = groupBy(
    audits.filter(({ action }) => action === "partners.link.request"),
    ({ after }) => after?.["message"] as string,
  )
  const moves = groupBy(
    audits.filter(({ action }) => action === "partners.link.set-status"),
    ({ after }) => after?.["reason"] as string,
  )
  const commands = [...ofKind(journal, "request link"), ...ofKind(journal, "move link")]
  for (const command of commands) {
    const found = (command.kind === "request link" ? requests : moves).get(command.key) ?? []
    mustStand(command, found.length, "change of a link")
    const [row] = found
    if (row === undefined) continue
    must(
      command.target === undefined || row.entity_id === command.target,
      () => `${command.key} was about ${command.target} and changed ${row.entity_id}`,
    )
    must(
      links.some(({ id }) => id === row.entity_id),
      () => `${command.key} changed ${row.entity_id}, which no ledger has`,
    )
  }
  const changes = groupBy(
    audits.filter(({ entity }) => entity === "link"),
    (row) => row.entity_id,
  )
  for (const { id, version } of links)
    must(
      changes.get(id)?.length === version,
      () => `${id} is at version ${version} with ${changes.get(id)?.length ?? 0} changes on the audit trail`,
    )
  return commands.length
}

function platformRowsStandOnce({ apiKeys, audits }: Books, journal: Journal): number {
  const keys = groupBy(apiKeys, ({ name }) => name)
  const updates = groupBy(
    audits.filter(({ action }) => action === "organizations.organization.update"),
    ({ after }) => /torture-\S+$/.exec(String(after?.["name"]))?.[0],
  )
  const commands = [...ofKind(journal, "create API key"), ...ofKind(journal, "update organization")]
  for (const command of commands)
    mustStand(command, (command.kind === "create API key" ? keys : updates).get(command.key)?.length ?? 0, "row")
  return commands.length
}

/** The audit rows of a change, counted from the change's own side: the books of the ledgers say how many there must be. */
function auditsStandOnce({ ledgers, audits, organizations }: Books): number {
  mustBeUnique(audits, "audit row")
  const byThing = groupBy(audits, ({ entity, entity_id: id }) => `${entity} ${id}`)
  const mustNumber = (entity: string, id: string, wanted: number) => {
    const found = byThing.get(`${entity} ${id}`) ?? []
    must(
      found.length === wanted,
      () => `${entity} ${id} changed ${wanted} times and has ${found.length} audit rows: ${found.map(({ action }) => action).join(", ")}`,
    )
  }
  for (const { orders, links, products } of ledgers) {
    for (const { id, version, history } of orders) {
      mustNumber("order", id, version)
      const actors = history.map(({ by }) => by.organizationId).sort()
      const keepers = (byThing.get(`order ${id}`) ?? []).map((row) => row.org_id).sort()
      must(actors.join() === keepers.join(), () => `${id} was changed by ${actors.join()} and audited with ${keepers.join()}`)
    }
    for (const { id, version } of links) mustNumber("link", id, version)
    for (const { id, version } of products) mustNumber("product", id, version)
  }
  for (const { id, version } of organizations) if (byThing.has(`organization ${id}`)) mustNumber("organization", id, version)
  return audits.length
}

const orderEvent: Readonly<Record<string, string>> = {
  PENDING: "placed",
  ACCEPTED: "accepted",
  REJECTED: "rejected",
  IN_DELIVERY: "in_delivery",
  COMPLETED: "completed",
  CANCELLED: "cancelled",
}
const linkEvent: Readonly<Record<string, string>> = {
  PENDING: "requested",
  APPROVED: "approved",
  REJECTED: "rejected",
  BLOCKED: "blocked",
  REMOVED: "removed",
}

function eventsStandOnce({ ledgers, audits, events }: Books): number {
  mustBeUnique(events, "event")
  const wanted = new Map<string, number>()
  const want = (orgId: string, type: string, about: string) => {
    const key = `${orgId} ${type} ${about}`
    wanted.set(key, (wanted.get(key) ?? 0) + 1)
  }
  for (const { organization, orders, products } of ledgers) {
    for (const { id, buyer_id: buyerId, history } of orders) {
      for (const { to } of history) for (const orgId of [organization.id, buyerId]) want(orgId, `order.${orderEvent[to]}`, id)
    }
    for (const { id, version, archived_at: archivedAt } of products) {
      for (let step = 1; step <= version; step += 1) {
        want(
          organization.id,
          step === 1 ? "product.created" : step === version && archivedAt !== null ? "product.archived" : "product.updated",
          `${id} ${step}`,
        )
      }
    }
  }
  for (const { entity_id: id, after } of audits.filter(({ entity }) => entity === "link")) {
    for (const side of ["supplier_id", "buyer_id"]) want(String(after?.[side]), `link.${linkEvent[String(after?.["status"])]}`, id)
  }
  const found = new Map<string, number>()
  for (const { org_id: orgId, type, data } of events) {
    const about = type.startsWith("order.")
      ? data["order_id"]
      : type.startsWith("link.")
        ? data["link_id"]
        : type.startsWith("product.")
          ? `${String(data["product_id"])} ${String(data["version"])}`
          : undefined
    if (about === undefined) continue
    const key = `${orgId} ${type} ${String(about)}`
    found.set(key, (found.get(key) ?? 0) + 1)
  }
  for (const [key, times] of wanted) must(found.get(key) === times, () => `${key}: ${times} wanted, ${found.get(key) ?? 0} found`)
  for (const [key, times] of found) must(wanted.has(key), () => `${key}: ${times} found, and nothing that they tell of`)
  return events.length
}

function movementsHaveCauses({ ledgers, audits }: Books, journal: Journal): number {
  const counts = new Map<string, number>()
  for (const { entity_id: id, before, after } of audits.filter(({ action }) => action === "catalog.product.update")) {
    if (Number(before?.["stock_quantity"]) !== Number(after?.["stock_quantity"])) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const openings = new Map(ofKind(journal, "create product").map(({ key, asked }) => [key, Number(asked["stock"])]))
  for (const { orders, products, movements } of ledgers) {
    mustBeUnique(movements, "movement")
    const byOrder = groupBy(movements, (movement) => movement.order_id)
    for (const order of orders) mustMoveItsStock(order, byOrder.get(order.id) ?? [])
    const byProduct = groupBy(
      movements.filter((movement) => movement.order_id === null),
      (movement) => movement.product_id,
    )
    for (const { id, sku } of products) {
      const own = byProduct.get(id) ?? []
      const opening = own.filter(({ reason }) => reason === "OPENING")
      const opened = openings.get(sku) ?? 0
      must(
        opening.length === (opened > 0 ? 1 : 0) && (opening[0]?.quantity_milli ?? 0) === opened * 1_000,
        () => `${id} opened with ${opened} and has ${JSON.stringify(opening)}`,
      )
      const counted = own.filter(({ reason }) => reason === "COUNT")
      must(
        counted.length === (counts.get(id) ?? 0),
        () => `${id} was counted to another stock ${counts.get(id) ?? 0} times and has ${counted.length} movements of it`,
      )
      must(opening.length + counted.length === own.length, () => `${id} has movements without a cause`)
    }
  }
  return ledgers.reduce((sum, { movements }) => sum + movements.length, 0)
}

/** Accepted takes all lines, cancelled after that brings back the same; anything else leaves the stock alone. */
function mustMoveItsStock(
  { id, lines, history }: Pick<OrderRow, "id" | "lines" | "history">,
  movements: ReadonlyArray<Omit<MovementRow, "org_id">>,
): void {
  const isAccepted = history.some(({ to }) => to === "ACCEPTED")
  const isUndone = isAccepted && history.some(({ to }) => to === "CANCELLED")
  for (const line of lines) {
    const moved = (reason: string) =>
      movements
        .filter((movement) => movement.order_line_id === line.id && movement.reason === reason)
        .reduce((sum, movement) => sum + movement.quantity_milli, 0)
    const [out, back] = [moved("ORDER_ACCEPTED"), moved("ORDER_CANCELLED")]
    must(out === (isAccepted ? -line.quantityMilli : 0), () => `${id}: line ${line.id} of ${line.quantityMilli} took ${-out}`)
    must(back === (isUndone ? line.quantityMilli : 0), () => `${id}: line ${line.id} of ${line.quantityMilli} brought back ${back}`)
  }
  const known = new Set(lines.map((line) => line.id))
  for (const { id: movement, order_line_id: lineId } of movements)
    must(lineId !== null && known.has(lineId), () => `${movement} moves stock for a line that ${id} does not have`)
}

const sumsOf = (movements: ReadonlyArray<Omit<MovementRow, "org_id">>): Map<string, number> => {
  const sums = new Map<string, number>()
  for (const { product_id: product, location_id: location, quantity_milli: quantity } of movements)
    sums.set(`${product} ${location}`, (sums.get(`${product} ${location}`) ?? 0) + quantity)
  return sums
}

function levelsAreSums({ ledgers, levels, movements, products }: Books): number {
  const mustBeSums = (
    where: string,
    held: ReadonlyArray<{ product_id: string; location_id: string; on_hand_milli: number }>,
    sums: Map<string, number>,
  ) => {
    must(held.length === sums.size, () => `${where}: ${held.length} levels, movements of ${sums.size}`)
    for (const { product_id: product, location_id: location, on_hand_milli: onHand } of held) {
      const sum = sums.get(`${product} ${location}`) ?? 0
      must(onHand === sum && onHand >= 0, () => `${where}: ${product} at ${location} holds ${onHand}, its movements come to ${sum}`)
    }
  }
  for (const ledger of ledgers) mustBeSums(`ledger of ${ledger.organization.name}`, ledger.levels, sumsOf(ledger.movements))
  mustBeSums("D1", levels, sumsOf(movements))
  const stock = new Map<string, number>()
  for (const { product_id: product, on_hand_milli: onHand } of levels) stock.set(product, (stock.get(product) ?? 0) + onHand)
  for (const { id, stock_milli: shown } of products)
    must(shown === (stock.get(id) ?? 0), () => `${id} shows ${shown} and its levels hold ${stock.get(id) ?? 0}`)
  return levels.length
}

function projectionIsLedger({ ledgers, orders, links, products, movements, levels }: Books): number {
  let compared = 0
  const same = (what: string, ledgerRows: readonly object[], d1Rows: readonly object[]) => {
    const [kept, shown] = [canonical(ledgerRows), canonical(d1Rows)]
    compared += kept.length
    must(kept.length === shown.length, () => `${what}: ${kept.length} in the ledger, ${shown.length} in D1`)
    kept.forEach((row, index) => must(row === shown[index], () => `${what}: the ledger has ${row}, D1 ${shown[index]}`))
  }
  for (const ledger of ledgers) {
    const { id, name } = ledger.organization
    const own = <T extends { org_id: string }>(list: readonly T[]) =>
      list.filter((row) => row.org_id === id).map(({ org_id: _, ...row }) => row)
    const buyerSide = <T extends { org_id: string; side: string; counterparty_id: string }>(list: readonly T[]) =>
      list
        .filter((row) => row.side === "buyer" && row.counterparty_id === id)
        .map(({ org_id: buyer, side: _, counterparty_id: __, ...row }) => ({ ...row, buyer_id: buyer }))
    const supplierSide = <T extends { org_id: string; side: string; counterparty_id: string }>(list: readonly T[]) =>
      list
        .filter((row) => row.side === "supplier" && row.org_id === id)
        .map(({ org_id: _, side: __, counterparty_id: buyer, ...row }) => ({ ...row, buyer_id: buyer }))
    for (const [side, of] of [
      ["supplier", supplierSide],
      ["buyer", buyerSide],
    ] as const) {
      same(`orders of ${name}, ${side}'s side`, ledger.orders, of(orders))
      same(`links of ${name}, ${side}'s side`, ledger.links, of(links))
    }
    same(
      `products of ${name}`,
      ledger.products,
      own(products).map(({ stock_milli: _, ...row }) => row),
    )
    same(`movements of ${name}`, ledger.movements, own(movements))
    same(`levels of ${name}`, ledger.levels, own(levels))
  }
  return compared
}

/** Rows as text, members and rows in one order. */
const canonical = (list: readonly object[]): string[] =>
  list.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort()

function factsArrived({ ledgers, organizations }: Books): number {
  for (const { organization, factsVersion } of ledgers) {
    const row = organizations.find(({ id }) => id === organization.id)
    must(
      row?.version === factsVersion && row.ledger_version === factsVersion,
      () => `${organization.name} is at version ${row?.version}, sent as ${row?.ledger_version}, and its ledger has ${factsVersion}`,
    )
  }
  return ledgers.length
}

function outboxesAreEmpty({ ledgers }: Books): number {
  for (const { organization, outbox } of ledgers) must(outbox === 0, () => `${organization.name}'s outbox still holds ${outbox} rows`)
  return ledgers.length
}

function rowsStandWithTheirParties({ orders, links, ledgers }: Books): number {
  const supplierByRouting = new Map<number, OrganizationId>(
    ledgers.map(({ organization }: LedgerBooks) => [organization.routing, organization.id]),
  )
  for (const row of [...orders, ...links]) {
    const minter = supplierByRouting.get(routingOf(row.id as Parameters<typeof routingOf>[0]))
    const supplier = row.side === "supplier" ? row.org_id : row.counterparty_id
    must(minter === supplier, () => `${row.id} was minted by ${minter} and stands as ${supplier}'s`)
  }
  for (const [id, rows] of groupBy([...orders, ...links], (row) => row.id)) {
    const [a, b] = rows
    must(
      rows.length === 2 && a?.org_id === b?.counterparty_id && b?.org_id === a?.counterparty_id && a?.side !== b?.side,
      () => `${id} stands with ${rows.map((row) => `${row.org_id} as ${row.side}`).join(", ")}`,
    )
  }
  return orders.length + links.length
}

function mustBeUnique(rows: ReadonlyArray<Pick<AuditRow, "id">>, what: string): void {
  const seen = new Set<string>()
  for (const { id } of rows) {
    must(!seen.has(id), () => `${what} ${id} stands twice`)
    seen.add(id)
  }
}
