import { and, type Placeholder, type SQL, sql } from "drizzle-orm"
import type { LocationId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import type { Milli } from "../../kernel/quantity.ts"
import type { PlainDate } from "../../kernel/zoned-time.ts"
import type { Row } from "../../platform/db/executor.ts"
import { prepared } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { isOperated } from "../warehouses/index.ts"
import type { LotKey } from "./rules.ts"

/** What lies somewhere, with the names that a reader needs. */
export type LevelSeen = {
  readonly ownerId: OrganizationId
  readonly productId: ProductId
  readonly sku: string
  readonly name: string
  readonly unit: string
  readonly locationId: LocationId
  readonly locationCode: string
  readonly lotId: LotKey
  readonly lotNumber: string | null
  readonly lotStatus: string | null
  readonly expiresOn: string | null
  readonly onHandMilli: Milli
  readonly reservedMilli: Milli
  readonly availableMilli: Milli
  readonly incomingMilli: Milli
}

export type LowSeen = {
  readonly productId: ProductId
  readonly sku: string
  readonly name: string
  readonly unit: string
  /** Empty: all places together. */
  readonly locationId: LocationId | ""
  readonly locationCode: string | null
  readonly onHandMilli: Milli
  readonly minMilli: Milli
  readonly lowSince: number
}

/** The organization's own stock comes first, by product and place; then what it runs for others, by place and product. */
type LevelKey = { readonly isOwn: boolean; readonly productId: string; readonly locationId: string }
type LevelFilter = {
  readonly productId: ProductId | undefined
  readonly locationId: LocationId | undefined
  readonly lotNumber: string | undefined
}
type CellKey = { readonly locationId: string; readonly lotId: string }
export type ExpiryKey = CellKey & { readonly expiresOn: string; readonly productId: string }
type LowKey = { readonly productId: string; readonly locationId: string }

/** INV-INV-2: what the indexes that know what lies where are of, so that a walk reads nothing of lots that are used up. */
const isShown = sql`l.is_shown = 1`
const names = sql`p.id as product_id, p.sku, p.name, p.unit, l.org_id as owner_id, l.location_id, pl.code as location_code`
/** As the ledger counts a product's stock for sale: INV-WHS-1, INV-LOT-2. */
const available = sql`case when pl.kind not in ('QUARANTINE', 'IN_TRANSIT') and coalesce(l.lot_status, 'ACTIVE') = 'ACTIVE' then l.on_hand_milli - l.reserved_milli else 0 end`
const lot = sql`l.lot_id, l.lot_number, l.lot_status, l.expires_on`
const noLot = sql`'' as lot_id, null as lot_number, null as lot_status, null as expires_on`
/** INV-BDL-8: asked once a line, whatever lots it sums up. */
const unlessBundle = (quantity: SQL) => sql`case when exists (select 1 from bundle_components b indexed by bundle_components_parent
  where b.org_id = l.org_id and b.parent_id = l.product_id and b.removed_at is null) then 0 else ${quantity} end as available_milli`
const quantities = sql`l.on_hand_milli, l.reserved_milli, ${unlessBundle(available)}, l.incoming_milli`
const sums = sql`sum(l.on_hand_milli) as on_hand_milli, sum(l.reserved_milli) as reserved_milli, ${unlessBundle(sql`sum(${available})`)}, sum(l.incoming_milli) as incoming_milli`

const productOfLevel = sql`cross join products p on p.org_id = l.org_id and p.id = l.product_id`
const placeOfLevel = sql`cross join locations pl on pl.org_id = l.org_id and pl.id = l.location_id`

/** INV-INV-1: a partner reaches another's stock by its own row of the place alone, which says that it runs it now. */
const operated = sql`locations pl indexed by locations_operated`
/** Its levels, by product. */
const levelsThere = sql`cross join stock_levels l indexed by stock_levels_shown_by_location on l.org_id = pl.counterparty_id and l.location_id = pl.id`
const isRunBy = (orgId: OrganizationId | Placeholder) => sql`pl.org_id = ${orgId} and ${isOperated}`

const seenOf = (row: Row): LevelSeen => ({
  ownerId: row["owner_id"] as OrganizationId,
  productId: row["product_id"] as ProductId,
  sku: String(row["sku"]),
  name: String(row["name"]),
  unit: String(row["unit"]),
  locationId: row["location_id"] as LocationId,
  locationCode: String(row["location_code"]),
  lotId: row["lot_id"] as LotKey,
  lotNumber: row["lot_number"] as string | null,
  lotStatus: row["lot_status"] as string | null,
  expiresOn: row["expires_on"] as string | null,
  onHandMilli: Number(row["on_hand_milli"]),
  reservedMilli: Number(row["reserved_milli"]),
  availableMilli: Number(row["available_milli"]),
  incomingMilli: Number(row["incoming_milli"]),
})

const lowOf = (row: Row): LowSeen => ({
  productId: row["product_id"] as ProductId,
  sku: String(row["sku"]),
  name: String(row["name"]),
  unit: String(row["unit"]),
  locationId: row["location_id"] as LocationId | "",
  locationCode: row["location_code"] as string | null,
  onHandMilli: Number(row["on_hand_milli"]),
  minMilli: Number(row["min_milli"]),
  lowSince: Number(row["low_since"]),
})

const only = ({ productId, locationId }: LevelFilter) =>
  and(
    productId === undefined ? undefined : sql`l.product_id = ${productId}`,
    locationId === undefined ? undefined : sql`l.location_id = ${locationId}`,
  )

/** The organization's own stock, by product and place. */
function ownLevels(orgId: OrganizationId, filter: LevelFilter, after: LevelKey | undefined, rowsMax: number): SQL {
  const { lotNumber, locationId } = filter
  const end = sql`order by l.product_id, l.location_id limit ${rowsMax}`
  const beyond = after === undefined ? undefined : sql`(l.product_id, l.location_id) > (${after.productId}, ${after.locationId})`
  if (lotNumber !== undefined) {
    // A lot is in few places; its product may be in many lots.
    return sql`select ${names}, ${lot}, ${quantities} from lots k indexed by lots_number
      cross join locations pl indexed by locations_open on pl.org_id = k.org_id and pl.is_current = 1 and pl.archived_at is null
      cross join stock_levels l on l.org_id = k.org_id and l.product_id = k.product_id and l.location_id = pl.id and l.lot_id = k.id ${productOfLevel}
      where ${and(sql`k.org_id = ${orgId} and k.number = ${lotNumber} and pl.side = 'supplier'`, only(filter), beyond)} ${end}`
  }
  const index = locationId === undefined ? sql`stock_levels_shown_by_product` : sql`stock_levels_shown_by_location`
  return sql`select ${names}, ${noLot}, ${sums} from stock_levels l indexed by ${index} ${placeOfLevel} ${productOfLevel}
    where ${and(sql`l.org_id = ${orgId}`, isShown, only(filter), beyond)} group by l.product_id, l.location_id ${end}`
}

/** What the organization runs for others, by place and product. */
function operatedLevels(orgId: OrganizationId, filter: LevelFilter, after: LevelKey | undefined, rowsMax: number): SQL {
  const { lotNumber, locationId } = filter
  const from = and(
    isRunBy(orgId),
    locationId === undefined ? undefined : sql`pl.id = ${locationId}`,
    // Said of the place too, so that the walk begins there.
    after === undefined
      ? undefined
      : sql`pl.id >= ${after.locationId} and (l.location_id, l.product_id) > (${after.locationId}, ${after.productId})`,
    only(filter),
  )
  const end = sql`order by pl.id, l.product_id limit ${rowsMax}`
  if (lotNumber !== undefined) {
    return sql`select ${names}, ${lot}, ${quantities} from ${operated}
      cross join lots k indexed by lots_number on k.org_id = pl.counterparty_id and k.number = ${lotNumber}
      cross join stock_levels l on l.org_id = k.org_id and l.product_id = k.product_id and l.location_id = pl.id and l.lot_id = k.id ${productOfLevel}
      where ${from} ${end}`
  }
  return sql`select ${names}, ${noLot}, ${sums} from ${operated} ${levelsThere} ${productOfLevel}
    where ${and(from, isShown)} group by pl.id, l.product_id ${end}`
}

type OfProduct = { readonly orgId: OrganizationId; readonly productId: ProductId }
type CellsOf = OfProduct & CellKey & { readonly rowsMax: number }

/** A key that every cell lies beyond. */
const beforeAll: CellKey = { locationId: "", lotId: "" }

const isProductOf = prepared<OfProduct>((slot) => sql`select 1 from products where org_id = ${slot("orgId")} and id = ${slot("productId")}`)

const ownCells = prepared<CellsOf>(
  (
    slot,
  ) => sql`select ${names}, ${lot}, ${quantities} from stock_levels l indexed by stock_levels_shown_by_product ${placeOfLevel} ${productOfLevel}
    where l.org_id = ${slot("orgId")} and l.product_id = ${slot("productId")} and ${isShown} and (l.location_id, l.lot_id) > (${slot("locationId")}, ${slot("lotId")})
    order by l.location_id, l.lot_id limit ${slot("rowsMax")}`,
)

const operatedCells = prepared<CellsOf>(
  (
    slot,
  ) => sql`select ${names}, ${lot}, ${quantities} from ${operated} ${levelsThere} and l.product_id = ${slot("productId")} ${productOfLevel}
    where ${isRunBy(slot("orgId"))} and ${isShown} and (l.location_id, l.lot_id) > (${slot("locationId")}, ${slot("lotId")})
    order by pl.id, l.lot_id limit ${slot("rowsMax")}`,
)

const hasOperatedCells = prepared<OfProduct>(
  (slot) =>
    sql`select 1 from ${operated} ${levelsThere} and l.product_id = ${slot("productId")} where ${isRunBy(slot("orgId"))} and ${isShown} limit 1`,
)

export const inventoryStore = (db: TenantDb) => ({
  /** Levels by product and place, lots summed up unless one is asked for. */
  async levels(filter: LevelFilter, after: LevelKey | undefined, rowsMax: number): Promise<LevelSeen[]> {
    const [rows = []] = await db.query((orgId) => {
      const theirs = operatedLevels(orgId, filter, after?.isOwn === false ? after : undefined, rowsMax)
      if (after?.isOwn === false) return theirs
      const own = ownLevels(orgId, filter, after, rowsMax)
      return sql`select * from (${own}) union all select * from (${theirs}) limit ${rowsMax}`
    })
    return rows.map(seenOf)
  },

  /** One product's levels by place and lot, in one trip; undefined where the organization has no such product and runs no place that has any. */
  async ofProduct(productId: ProductId, after: CellKey | undefined, rowsMax: number): Promise<LevelSeen[] | undefined> {
    const { locationId, lotId } = after ?? beforeAll
    const [product = [], own = [], run = [], known = []] = await db.query(
      (orgId) => isProductOf({ orgId, productId }),
      (orgId) => ownCells({ orgId, productId, locationId, lotId, rowsMax }),
      (orgId) => operatedCells({ orgId, productId, locationId, lotId, rowsMax }),
      // Beyond a cursor there may be nothing left of a product that there is.
      ...(after === undefined ? [] : [(orgId: OrganizationId) => hasOperatedCells({ orgId, productId })]),
    )
    const rows = [...own, ...run]
    return product.length + known.length + rows.length === 0 ? undefined : rows.map(seenOf)
  },

  /** The organization's own stock in lots that expire up to a day, soonest first, with the zone that its days are of. */
  async expiring(
    until: PlainDate,
    after: ExpiryKey | undefined,
    rowsMax: number,
  ): Promise<{ readonly rows: LevelSeen[]; readonly timeZone: string }> {
    const beyond =
      after === undefined
        ? undefined
        : sql`(l.expires_on, l.product_id, l.location_id, l.lot_id) > (${after.expiresOn}, ${after.productId}, ${after.locationId}, ${after.lotId})`
    const [rows = [], zones = []] = await db.query(
      (
        orgId,
      ) => sql`select ${names}, ${lot}, ${quantities} from stock_levels l indexed by stock_levels_expiry ${placeOfLevel} ${productOfLevel}
        where ${and(sql`l.org_id = ${orgId} and l.expires_on is not null and l.on_hand_milli > 0 and l.expires_on <= ${until}`, beyond)}
        order by l.expires_on, l.product_id, l.location_id, l.lot_id limit ${rowsMax}`,
      (orgId) => sql`select settings ->> 'time_zone' as time_zone from organizations where id = ${orgId}`,
    )
    return { rows: rows.map(seenOf), timeZone: (zones[0]?.["time_zone"] ?? "UTC") as string }
  },

  /** Products under their minimum: of all places together, and of each that has its own. */
  async low(after: LowKey | undefined, rowsMax: number): Promise<LowSeen[]> {
    const beyond = after === undefined ? undefined : sql`(m.product_id, m.location_id) > (${after.productId}, ${after.locationId})`
    const here = sql`(select coalesce(sum(l.on_hand_milli), 0) from stock_levels l indexed by stock_levels_shown_by_product
      where l.org_id = m.org_id and l.product_id = m.product_id and l.location_id = m.location_id and ${isShown})`
    const [rows = []] = await db.query(
      (
        orgId,
      ) => sql`select m.*, p.sku, p.name, p.unit, pl.code as location_code, case when m.location_id = '' then p.stock_milli else ${here} end as on_hand_milli
        from stock_minimums m indexed by stock_minimums_low cross join products p on p.org_id = m.org_id and p.id = m.product_id
        left join locations pl on pl.org_id = m.org_id and pl.id = m.location_id
        where ${and(sql`m.org_id = ${orgId} and m.is_low = 1`, beyond)} order by m.product_id, m.location_id limit ${rowsMax}`,
    )
    return rows.map(lowOf)
  },
})
