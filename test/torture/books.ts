import { z } from "zod"
import { hour } from "../../src/kernel/time.ts"
import type { Row } from "../support/server/built-server.ts"
import type { ImportBooks } from "./imports.ts"
import type { Keeper } from "./keeper.ts"
import type { SlowBooks } from "./standstill.ts"
import {
  born,
  component,
  cost,
  ledgerQueries,
  level,
  lot,
  minimum,
  movement,
  place,
  price,
  reservation,
  terms,
  termsThen,
  unit,
} from "./stock-books.ts"
import type { TradeBooks } from "./trade.ts"
import type { HookBooks } from "./webhooks.ts"
import type { Organization, World } from "./world.ts"
import type { Worth } from "./worths.ts"

/** All that D1 and the ledgers' own SQLite hold once the dust has settled, read past the Worker. */

const number = z.number()
const text = z.string()
const json = <T extends z.ZodType>(schema: T) => text.transform((value) => JSON.parse(value) as unknown).pipe(schema)

const historyEntry = z.object({
  from: text.nullable(),
  to: text,
  reason: text.nullable(),
  by: z.object({ id: text.nullable(), organizationId: text }),
})
const goods = z.object({ productId: text, quantityMilli: number, unitPriceMinor: number, lineTotalMinor: number })
/** `proposal` is what is offered instead, `ordered` what was ordered where something else was agreed on. */
const line = goods.extend({
  id: text,
  proposal: goods.optional(),
  ordered: goods.optional(),
  /** How it was asked for, where that was in packs. */
  asked: z.object({ unit: text, quantityMilli: number }).optional(),
  deliveredMilli: number.optional(),
  billedMilli: number.optional(),
})
const order = z.object({
  id: text,
  number: text,
  status: text,
  currency: text,
  total_minor: number,
  note: text.nullable(),
  answer_by: number.nullable(),
  version: number,
  seq: number,
  lines: json(z.array(line)),
  history: json(z.array(historyEntry)),
})
const orderRow = order.extend({ org_id: text, side: z.enum(["supplier", "buyer"]), counterparty_id: text })
const ledgerOrder = order.extend({ buyer_id: text })
const link = z.object({ id: text, status: text, message: text.nullable(), reason: text.nullable(), version: number, seq: number })
const linkRow = link.extend({ org_id: text, side: z.enum(["supplier", "buyer"]), counterparty_id: text })
const ledgerLink = link.extend({ buyer_id: text })
const product = z.object({
  id: text,
  sku: text,
  description: text,
  price_minor: number,
  min_stock_milli: number,
  is_active: number,
  archived_at: number.nullable(),
  version: number,
  seq: number,
})
const productRow = product.extend({ org_id: text, stock_milli: number, available_milli: number })
const owned = { org_id: text }
const said = json(z.record(text, z.unknown())).nullable()
const auditRow = z.object({ org_id: text, id: text, action: text, entity: text, entity_id: text, before: said, after: said, at: number })
const eventRow = z.object({
  seq: number,
  org_id: text,
  id: text,
  actor_id: text.nullable(),
  type: text,
  data: json(z.record(text, z.unknown())),
})
const keyRow = z.object({ org_id: text, name: text })
const userRow = z.object({ id: text, org_id: text, email: text, roles: json(z.array(text)), is_active: number, version: number })
const sessionRow = z.object({ id: text, user_id: text, revoked_at: number.nullable() })
const organizationRow = z.object({ id: text, status: text, version: number, ledger_version: number })
const ledgerOrganization = z.object({ facts: json(z.object({ version: number })) })
const counted = z.object({ n: number })

export type AuditRow = z.output<typeof auditRow>

export type LedgerBooks = {
  readonly organization: Organization
  readonly orders: ReadonlyArray<z.output<typeof ledgerOrder>>
  readonly links: ReadonlyArray<z.output<typeof ledgerLink>>
  readonly products: ReadonlyArray<z.output<typeof product>>
  readonly movements: ReadonlyArray<z.output<typeof movement>>
  readonly levels: ReadonlyArray<z.output<typeof level>>
  readonly lots: ReadonlyArray<z.output<typeof lot>>
  readonly units: ReadonlyArray<z.output<typeof unit>>
  readonly minimums: ReadonlyArray<z.output<typeof minimum>>
  readonly components: ReadonlyArray<z.output<typeof component>>
  /** By which changes components were added, orders placed, lots recalled. */
  readonly added: ReadonlyArray<z.output<typeof born>>
  readonly placed: ReadonlyArray<z.output<typeof born>>
  readonly recalls: ReadonlyArray<z.output<typeof born>>
  readonly prices: ReadonlyArray<z.output<typeof price>>
  readonly termsThen: ReadonlyArray<z.output<typeof termsThen>>
  readonly terms: ReadonlyArray<z.output<typeof terms>>
  readonly costs: ReadonlyArray<z.output<typeof cost>>
  readonly reservations: ReadonlyArray<z.output<typeof reservation>>
  readonly places: ReadonlyArray<z.output<typeof place>>
  readonly outbox: number
  readonly factsVersion: number
  readonly ordersCounted: number
}

export type Books = Awaited<ReturnType<typeof readBooks>> &
  TradeBooks &
  HookBooks &
  ImportBooks &
  SlowBooks & { readonly worths: readonly Worth[] }

export async function rows<T extends z.ZodType>(schema: T, read: Promise<readonly Row[]>): Promise<Array<z.output<T>>> {
  return z.array(schema).parse(await read)
}

export async function readBooks(keeper: Keeper, world: World) {
  const { server } = keeper
  const d1 = <T extends z.ZodType>(schema: T, query: string) => rows(schema, server.databaseRows(query))
  const ledgers: LedgerBooks[] = []
  for (const supplier of world.suppliers) ledgers.push(await readLedger(keeper, supplier))
  return {
    ledgers,
    orders: await d1(orderRow, "select * from orders order by org_id, id"),
    links: await d1(linkRow, "select * from links order by org_id, id"),
    products: await d1(productRow, "select * from products order by org_id, id"),
    movements: await d1(movement.extend(owned), "select * from stock_movements order by org_id, id"),
    levels: await d1(level.extend(owned), "select * from stock_levels"),
    lots: await d1(lot.extend(owned), "select * from lots"),
    units: await d1(unit.extend(owned), "select * from stock_units order by org_id, id"),
    minimums: await d1(minimum.extend(owned), "select * from stock_minimums"),
    components: await d1(component.extend(owned), "select * from bundle_components"),
    audits: await d1(auditRow, "select * from audit_logs order by org_id, id"),
    events: await d1(eventRow, "select * from events order by seq"),
    apiKeys: await d1(keyRow, "select org_id, name from api_keys"),
    users: await d1(userRow, "select id, org_id, email, roles, is_active, version from users"),
    sessions: await d1(sessionRow, "select id, user_id, revoked_at from sessions"),
    organizations: await d1(organizationRow, "select id, status, version, ledger_version from organizations"),
  }
}

async function readLedger(keeper: Keeper, organization: Organization): Promise<LedgerBooks> {
  const own = <T extends z.ZodType>(schema: T, query: string) => rows(schema, keeper.ledgerRows(organization, query))
  const [facts] = await own(ledgerOrganization, "select facts from organization")
  const [ordersCounted] = await own(counted, "select coalesce((select value from meta where key = 'orders'), 0) as n")
  return {
    organization,
    orders: await own(ledgerOrder, "select * from orders order by id"),
    links: await own(ledgerLink, "select * from links order by id"),
    products: await own(product, "select * from products order by id"),
    movements: await own(movement, ledgerQueries.movements),
    levels: await own(level, ledgerQueries.levels),
    lots: await own(lot, "select * from lots"),
    units: await own(unit, ledgerQueries.units),
    minimums: await own(minimum, "select * from minimums"),
    components: await own(component, "select * from bundle_components"),
    added: await own(born, ledgerQueries.born("bcp")),
    placed: await own(born, ledgerQueries.born("ord")),
    recalls: await own(born, ledgerQueries.recalls),
    prices: await own(price, ledgerQueries.prices),
    termsThen: await own(termsThen, ledgerQueries.termsThen),
    terms: await own(terms, "select * from link_terms"),
    costs: await own(cost, "select * from costs"),
    reservations: await own(reservation, "select * from reservations"),
    places: await own(place, "select id, kind from locations"),
    outbox: await outboxOf(keeper, organization),
    factsVersion: facts?.facts.version ?? 0,
    ordersCounted: ordersCounted?.n ?? 0,
  }
}

/** Rows that D1 has not heard of yet, those that it refused included. */
export const outboxOf = (keeper: Keeper, ledger: Organization): Promise<number> => countOutbox(keeper, ledger, "true")

/** Those that are still on their way. */
export const waitingOf = (keeper: Keeper, ledger: Organization): Promise<number> => countOutbox(keeper, ledger, "stuck is null")

/** Promises to buyers and of units that end within the hour, or should have ended. */
export async function willLapse(keeper: Keeper, ledger: Organization): Promise<number> {
  const soon = Date.now() + hour
  const query = `select (select count(*) from reservations where expires_at < ${soon}) + (select count(*) from orders where answer_by < ${soon}) as n`
  const [due] = await rows(counted, keeper.ledgerRows(ledger, query))
  return due?.n ?? 0
}

async function countOutbox(keeper: Keeper, ledger: Organization, which: string): Promise<number> {
  const [waiting] = await rows(
    counted,
    keeper.ledgerRows(
      ledger,
      `select (select count(*) from outbox_dirty where ${which}) + (select count(*) from outbox_append where ${which}) as n`,
    ),
  )
  return waiting?.n ?? 0
}

const idOf = z.object({ id: text })

/** Ids of D1 or, where one is given, of a ledger. */
export const idsOf = async (keeper: Keeper, query: string, ledger?: Organization): Promise<string[]> =>
  (await rows(idOf, ledger === undefined ? keeper.server.databaseRows(query) : keeper.ledgerRows(ledger, query))).map(({ id }) => id)

export async function lateLedgers(keeper: Keeper): Promise<number> {
  const [late] = await rows(counted, keeper.watchRows("select count(*) as n from late_ledgers"))
  return late?.n ?? 0
}
