import { z } from "zod"

/** Rows of the stockroom, alike in D1 and in a ledger's own SQLite, where what D1 shows beside them is put together by the query. */

const number = z.number()
const text = z.string()
const json = <T extends z.ZodType>(schema: T) => text.transform((value) => JSON.parse(value) as unknown).pipe(schema)
/** A lot of '' is none, and D1 says null of a movement's. */
const lotKey = text.nullable().transform((id) => id ?? "")

export const movement = z.object({
  id: text,
  product_id: text,
  location_id: text,
  to_location_id: text.nullable(),
  lot_id: lotKey,
  lot_number: text.nullable(),
  type: text,
  quantity_milli: number,
  reason: text,
  order_id: text.nullable(),
  order_line_id: text.nullable(),
  unit_id: text.nullable(),
  unit_cost_milli: number.nullable(),
  reference: text.nullable(),
  corrects: text.nullable(),
  receives: text.nullable(),
  open_milli: number.nullable(),
  seq: number,
})
export const level = z.object({
  product_id: text,
  location_id: text,
  lot_id: lotKey,
  lot_number: text.nullable(),
  lot_status: text.nullable(),
  expires_on: text.nullable(),
  on_hand_milli: number,
  reserved_milli: number,
  incoming_milli: number,
  seq: number,
})
export const lot = z.object({
  id: text,
  product_id: text,
  number: text,
  expires_on: text.nullable(),
  status: text,
  reason: text.nullable(),
  expired_at: number.nullable(),
  version: number,
  seq: number,
})
const unitStep = z.object({ from: text.nullable(), to: text, locationId: text, reason: text.nullable() })
export const unit = z.object({
  id: text,
  product_id: text,
  serial: text,
  location_id: text,
  lot_number: text.nullable(),
  status: text,
  order_id: text.nullable(),
  reserved_until: number.nullable(),
  history: json(z.array(unitStep)),
  version: number,
  seq: number,
})
export const minimum = z.object({
  product_id: text,
  location_id: text,
  min_milli: number,
  is_low: number,
  low_since: number.nullable(),
  seq: number,
})
export const component = z.object({
  id: text,
  parent_id: text,
  child_id: text,
  quantity_milli: number,
  role: text,
  removed_at: number.nullable(),
  version: number,
  seq: number,
})
/** A ledger's alone. */
export const reservation = z.object({
  id: text,
  product_id: text,
  location_id: text,
  lot_id: text,
  quantity_milli: number,
  order_id: text.nullable(),
  unit_id: text.nullable(),
  expires_at: number,
})
/** By which change something came to be, which the ledger remembers by its command: its own row says only when it last changed. */
export const born = z.object({ id: text, seq: number })
/** What commands said of something by the change they made, as the ledger remembers them: a price, terms, an order that was placed. */
export const price = z.object({ id: text, seq: number, price_minor: number })
const tier = z.object({ fromMilli: number, priceMinor: number })
const linkPrices = z.object({
  discountBasisPoints: number,
  priceList: z.record(text, z.object({ priceMinor: number, tiers: z.array(tier) })),
})
export const termsThen = z.object({ id: text, seq: number, version: number, terms: json(linkPrices) })
export const terms = z.object({ link_id: text, terms: json(linkPrices) })
export const cost = z.object({ product_id: text, currency: text, average_milli: number })
export const place = z.object({ id: text, kind: text })

/** Of what a command answered when it was done. */
const said = (member: string): string => `json_extract(result, '$.value.${member}')`

export const ledgerQueries = {
  movements: `select m.*, lot.number as lot_number, (select left_milli from transits where movement_id = m.id) as open_milli
    from stock_movements m left join lots lot on lot.id = m.lot_id order by m.id`,
  levels: `select l.*, lot.number as lot_number, lot.expires_on as expires_on,
      case when lot.status = 'ACTIVE' and lot.expired_at is not null then 'EXPIRED' else lot.status end as lot_status,
      (select coalesce(sum(quantity_milli), 0) from reservations r
        where r.product_id = l.product_id and r.location_id = l.location_id and r.lot_id = l.lot_id) as reserved_milli,
      (select coalesce(sum(left_milli), 0) from transits t
        where t.product_id = l.product_id and t.to_location_id = l.location_id and t.lot_id = l.lot_id) as incoming_milli
    from stock_levels l left join lots lot on lot.id = l.lot_id`,
  born: (prefix: "bcp" | "ord") =>
    `select ${said("id")} as id, min(${said("seq")}) as seq from commands where ${said("id")} like '${prefix}_%' group by 1`,
  recalls: `select ${said("id")} as id, ${said("lot.seq")} as seq from commands where ${said("id")} like 'lot_%' and ${said("lot.status")} = 'RECALLED'`,
  prices: `select ${said("id")} as id, ${said("seq")} as seq, ${said("priceMinor")} as price_minor from commands where ${said("id")} like 'prd_%'`,
  termsThen: `select ${said("id")} as id, ${said("seq")} as seq, ${said("version")} as version, ${said("terms")} as terms
    from commands where ${said("id")} like 'lnk_%' and ${said("terms")} is not null`,
  units: "select u.*, lot.number as lot_number from units u left join lots lot on lot.id = u.lot_id order by u.id",
} as const

export type MovementRow = z.output<typeof movement>
export type LevelRow = z.output<typeof level>
export type UnitRow = z.output<typeof unit>
export type ComponentRow = z.output<typeof component>
