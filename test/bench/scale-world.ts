/**
 * The world of `--scale`, written into D1 as the relay would have: organizations, products, links, orders and the log.
 * All of it grows in proportion, those organizations included that are asked about; only how many links an organization
 * has stays, and with it what one request asks.
 */
export const perSize = {
  organizations: 100,
  suppliers: 50,
  buyers: 50,
  productsOfPartner: 110,
  productsOfStranger: 36,
  ordersOfBuyer: 120,
  ordersOfStranger: 50,
  auditLogsOfBuyer: 60,
  auditLogsOfStranger: 10,
} as const
export const linksEach = 20
/** The buyer's own people, of whom there are as many in every world. */
export const usersOfBuyer = 60

/** Twenty-six characters, as every id's. */
const suffix = (kind: string, number: string, width = 24): string => `'0${kind}' || printf('%0${width}d', ${number})`
const organizationId = (kind: OrganizationKind, number: string): string => `'org_' || ${suffix(kind, number)}`

/** b: the buyer that asks; k: its suppliers; s and p: suppliers and buyers that are strangers to both. */
type OrganizationKind = "b" | "k" | "s" | "p"

const padded = (number: number, width = 24): string => String(number).padStart(width, "0")
export const buyerId = `org_0b${padded(1)}` as const
export const partnerId = (number: number) => `org_0k${padded(number)}` as const
export const productId = (partner: number, number: number): string => `prd_0k${padded(partner, 10)}${padded(number, 14)}`
export const orderId = (number: number): string => `ord_0b${padded(1, 10)}${padded(number, 14)}`

/** One statement, and what it is about. */
export type Fill = { readonly what: string; readonly sql: string }

type Range = { readonly from: number; readonly to: number }
const numbers = (name: string, { from, to }: Range): string =>
  `${name} (${name}) as (select ${from} union all select ${name} + 1 from ${name} where ${name} < ${to})`

/** Ranges of at most so many owners, so that no statement holds the database for long. */
function chunks({ from, to }: Range, size: number): Range[] {
  const ranges: Range[] = []
  for (let start = from; start <= to; start += size) ranges.push({ from: start, to: Math.min(to, start + size - 1) })
  return ranges
}

const partners: Range = { from: 1, to: linksEach }

/** Everything that a world has more than a smaller one of the same kind; from nothing, the whole world. */
export function fillsOf(from: number, to: number): Fill[] {
  const grown = (each: number, without = 0): Range => ({ from: Math.max(0, each * from - without) + 1, to: each * to - without })
  const suppliers = grown(perSize.suppliers, linksEach)
  const buyers = grown(perSize.buyers, 1)
  const supplierCount = suppliers.to
  return [
    ...(from === 0 ? [organizations("b", { from: 1, to: 1 }, 1), organizations("k", partners, 100), ...ownRows()] : []),
    organizations("s", suppliers, 1_000_000),
    organizations("p", buyers, 2_000_000),
    ...chunks(suppliers, 500).map((range) => products("s", range, { from: 1, to: perSize.productsOfStranger })),
    ...chunks(grown(perSize.productsOfPartner), 1_000).map((range) => products("k", partners, range)),
    ...chunks(buyers, 500).flatMap((range) => [
      strangersLinks(range, supplierCount),
      strangersOrders(range, supplierCount),
      auditLogs("p", range, { from: 1, to: perSize.auditLogsOfStranger }),
    ]),
    ...chunks(suppliers, 1_000).map((range) => auditLogs("s", range, { from: 1, to: perSize.auditLogsOfStranger })),
    buyersOrders(grown(perSize.ordersOfBuyer)),
    auditLogs("b", { from: 1, to: 1 }, grown(perSize.auditLogsOfBuyer)),
  ]
}

const isSupplier = (kind: OrganizationKind): boolean => kind === "k" || kind === "s"

const organizations = (kind: OrganizationKind, range: Range, routingFrom: number): Fill => ({
  what: "organizations",
  sql: `with recursive ${numbers("n", range)}
    insert into organizations (id, routing, name, slug, capabilities, kyb_status, kyb_reason, status, settings, is_supplier, version, ledger_version, created_at, updated_at)
    select ${organizationId(kind, "n")}, ${routingFrom} + n, 'Organization ${kind} ' || n, 'scale-${kind}-' || n, '["${isSupplier(kind) ? "supplier" : "buyer"}"]', 'VERIFIED', null,
      'ACTIVE', '{"currency":"USD","time_zone":"UTC","share_stock":false,"require_kyb_for_link_approval":false}', ${isSupplier(kind) ? 1 : 0}, 1, 1, 0, 0 from n`,
})

/** The buyer's people and links. */
const ownRows = (): Fill[] => [
  {
    what: "users",
    sql: `with recursive ${numbers("n", { from: 1, to: usersOfBuyer })}
      insert into users (org_id, id, email, full_name, password_hash, roles, is_active, version, created_at, updated_at)
      select '${buyerId}', 'usr_' || ${suffix("b", "n")}, 'user-' || n || '@scale.test', 'User ' || n, null, '["staff"]', 1, 1, 0, 0 from n`,
  },
  links("1 as b, n as s", numbers("n", partners), "n", { buyer: `'${buyerId}'`, supplier: organizationId("k", "s"), id: suffix("b", "s") }),
]

type Parties = { readonly buyer: string; readonly supplier: string; readonly id: string }

/** A row for each side, as the ledger projects them. */
function links(columns: string, ctes: string, from: string, { buyer, supplier, id }: Parties): Fill {
  const side = (name: string, own: string, other: string): string =>
    `select ${own}, 'lnk_' || ${id}, '${name}', ${other}, 'Counterparty', 'Own', 'APPROVED', 0, null, null, 0, 0, 1, 1, 0 from pairs`
  return {
    what: "links",
    sql: `with recursive ${ctes}, pairs as (select ${columns} from ${from})
      insert into links (org_id, id, side, counterparty_id, counterparty_name, own_name, status, shares_stock, message, reason, created_at, decided_at, version, seq, generation)
      ${side("buyer", buyer, supplier)} union all ${side("supplier", supplier, buyer)}`,
  }
}

const strangersLinks = (buyers: Range, supplierCount: number): Fill =>
  links(
    `n as b, (n * 7 + i) % ${supplierCount} + 1 as s, n * 100 + i as number`,
    `${numbers("n", buyers)}, ${numbers("i", { from: 1, to: linksEach })}`,
    "n cross join i",
    { buyer: organizationId("p", "b"), supplier: organizationId("s", "s"), id: suffix("p", "number") },
  )

const products = (kind: "k" | "s", owners: Range, range: Range): Fill => ({
  what: "products",
  sql: `with recursive ${numbers("n", owners)}, ${numbers("i", range)}
    insert into products (org_id, id, sku, name, description, category, unit, quantity_step_milli, price_minor, currency, min_order_milli,
      min_stock_milli, stock_milli, stock_seq, is_active, images, archived_at, created_at, updated_at, version, seq, generation)
    select ${organizationId(kind, "n")}, 'prd_0${kind}' || printf('%010d%014d', n, i), 'SKU-' || i,
      printf('Ware %06d ', i) || case when i % 5 = 0 then 'tomato' else 'onion' end, 'as it grows', case when i % 2 = 0 then 'Even' else 'Odd' end,
      'kg', 1000, 100 + i, 'USD', 1000, 0, case when i % 50 = 0 then 0 else 5000 end, 1, 1, '[]', null, 0, 0, 1, 1, 0 from n cross join i`,
})

/** Half of them wait, so that a list by state has a page, too. */
function orders(ctes: string, from: string, numbering: string, { buyer, supplier, id }: Parties): Fill {
  const line = `json_array(json_object('id', 'oln_' || ${suffix("b", "number")}, 'productId', 'prd_' || ${suffix("b", "number")}, 'sku', 'SKU', 'name', 'Ware', 'unit', 'kg', 'quantityMilli', 1000, 'unitPriceMinor', 100, 'lineTotalMinor', 100))`
  const history = `json_array(json_object('from', null, 'to', 'PENDING', 'at', 0, 'by', json_object('id', null, 'name', 'Waybill', 'organizationId', ${buyer}), 'reason', null))`
  const side = (name: string, own: string, other: string): string =>
    `select ${own}, 'ord_' || ${id}, '${name}', ${other}, 'SO-' || number, 'Supplier', 'Buyer', case when number % 2 = 0 then 'PENDING' else 'COMPLETED' end, 'USD', 100,
      ${line}, ${history}, null, null, null, 0, 0, 1, 1, 0 from placed`
  return {
    what: "orders",
    sql: `with recursive ${ctes}, placed as (select ${numbering} from ${from})
      insert into orders (org_id, id, side, counterparty_id, number, supplier_name, buyer_name, status, currency, total_minor, lines, history, note,
        internal_note, requested_delivery_on, placed_at, updated_at, version, seq, generation)
      ${side("buyer", buyer, supplier)} union all ${side("supplier", supplier, buyer)}`,
  }
}

/** All with one supplier, whose own list has them as well. */
const buyersOrders = (range: Range): Fill =>
  orders(numbers("n", range), "n", "n as number", {
    buyer: `'${buyerId}'`,
    supplier: `'${partnerId(1)}'`,
    id: "'0b' || printf('%010d%014d', 1, number)",
  })

const strangersOrders = (buyers: Range, supplierCount: number): Fill =>
  orders(
    `${numbers("n", buyers)}, ${numbers("i", { from: 1, to: perSize.ordersOfStranger })}`,
    "n cross join i",
    `n as b, (n * 7 + i % ${linksEach}) % ${supplierCount} + 1 as s, i as number`,
    { buyer: organizationId("p", "b"), supplier: organizationId("s", "s"), id: "'0p' || printf('%010d%014d', b, number)" },
  )

const auditLogs = (kind: OrganizationKind, owners: Range, range: Range): Fill => ({
  what: "audit rows",
  sql: `with recursive ${numbers("n", owners)}, ${numbers("i", range)}
    insert into audit_logs (org_id, id, actor_kind, actor_id, actor_name, action, entity, entity_id, before, after, ip_address, user_agent, at)
    select ${organizationId(kind, "n")}, 'aud_0${kind}' || printf('%010d%014d', n, i), 'SYSTEM', null, 'Waybill', 'orders.order.place', 'order', 'ord_1', null, '{}', null, null, 0
    from n cross join i`,
})
