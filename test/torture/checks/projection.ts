import { type OrganizationId, routingOf } from "../../../src/kernel/ids.ts"
import type { Books, LedgerBooks } from "../books.ts"
import { groupBy, must } from "./check.ts"

export function projectionIsLedger({ ledgers, orders, links, products, ...stock }: Books): number {
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
      own(products).map(({ stock_milli: _, available_milli: __, ...row }) => row),
    )
    same(`movements of ${name}`, ledger.movements, own(stock.movements))
    same(`levels of ${name}`, ledger.levels, own(stock.levels))
    same(`lots of ${name}`, ledger.lots, own(stock.lots))
    same(`units of ${name}`, ledger.units, own(stock.units))
    same(`minimums of ${name}`, ledger.minimums, own(stock.minimums))
    same(`components of ${name}`, ledger.components, own(stock.components))
  }
  return compared
}

/** Rows as text, members and rows in one order. */
const canonical = (list: readonly object[]): string[] =>
  list.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort()

export function factsArrived({ ledgers, organizations }: Books): number {
  for (const { organization, factsVersion } of ledgers) {
    const row = organizations.find(({ id }) => id === organization.id)
    must(
      row?.version === factsVersion && row.ledger_version === factsVersion,
      () => `${organization.name} is at version ${row?.version}, sent as ${row?.ledger_version}, and its ledger has ${factsVersion}`,
    )
  }
  return ledgers.length
}

export function outboxesAreEmpty({ ledgers }: Books): number {
  for (const { organization, outbox } of ledgers) must(outbox === 0, () => `${organization.name}'s outbox still holds ${outbox} rows`)
  return ledgers.length
}

export function rowsStandWithTheirParties({ orders, links, ledgers }: Books): number {
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
