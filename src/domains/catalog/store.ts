import { and, desc, eq, isNull, lt, type Placeholder, type SQL, sql } from "drizzle-orm"
import type { LocationId, OrganizationId, ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { currencies, minorDigits } from "../../kernel/money.ts"
import type { LinkPrices, ListedPrice } from "../../kernel/price.ts"
import type { Row } from "../../platform/db/executor.ts"
import { decodeRow, prepared } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { PlaceMinimum } from "./rules.ts"
import { type ProductRow, products } from "./tables.ts"

/** A product as the caller's organization sees it. */
export type SeenProduct = {
  readonly product: ProductRow
  readonly sharesStock: boolean
  /** The caller's own prices at this supplier, this product's alone; undefined where they are the supplier's own. */
  readonly prices: LinkPrices | undefined
  /** The seq of the terms that those prices stand in, 0 without any. */
  readonly termsSeq: number
}

/** One product with what is asked of single ones alone. */
type ProductSeen = SeenProduct & {
  /** Of single places, of an own product; lifted ones are among them, as 0. */
  readonly minimums: readonly PlaceMinimum[]
}

/** The last row of a page in the catalog's own order: supplier, name, id. The caller's own products come first. */
type CatalogKey = { readonly supplierId: OrganizationId; readonly name: string; readonly id: ProductId }

export type CatalogFilter = {
  readonly category: string | undefined
  readonly inStock: boolean | undefined
  /** Decimals, compared with what each product costs the caller before quantity tiers, in the product's own currency. */
  readonly minPrice: string | undefined
  readonly maxPrice: string | undefined
}

type SortKey = { readonly value: string | number; readonly id: ProductId }
export type Sort = { readonly by: "name" | "price_minor"; readonly isDescending: boolean }

export type Walk = { readonly seen: SeenProduct[]; readonly stoppedAt: SeenProduct | undefined }

/** The indexes are named: D1 keeps no statistics, and without them SQLite prefers a primary key that starts the same. */
const linksByPartner = sql`links l indexed by links_partner`
const byName = (category: string | undefined): SQL => (category === undefined ? sql`products_name` : sql`products_category`)
const byPrice = sql`products_price`

type OwnId = { readonly orgId: OrganizationId; readonly id: ProductId }

const isOpenLink = (orgId: OrganizationId | Placeholder) => sql`l.org_id = ${orgId} and l.side = 'buyer' and l.status = 'APPROVED'`

/** A link's terms: one row a supplier, read once however many of its products follow. */
const termsOfLink = sql`left join link_terms t on t.org_id = l.org_id and t.id = l.id`
/** What a buyer's page needs of them; of the price list only the product's own entry. */
const termsColumns = sql`t.discount_basis_points as discount, t.price_list -> p.id as listed, t.seq as terms_seq`
/** The same of one's own products. */
const ownColumns = sql`1 as shares_stock, null as discount, null as listed, null as terms_seq`

const productSeenBy = prepared<OwnId>((slot) => {
  const orgId = slot("orgId")
  return sql`select p.*, l.shares_stock, ${termsColumns} from products p
    left join ${linksByPartner} on ${isOpenLink(orgId)} and l.counterparty_id = p.org_id ${termsOfLink}
    where p.id = ${slot("id")} and (p.org_id = ${orgId} or (l.id is not null and p.is_active = 1)) limit 1`
})

const minimumsOf = prepared<OwnId>(
  (slot) =>
    sql`select location_id, min_milli, seq from stock_minimums where org_id = ${slot("orgId")} and product_id = ${slot("id")} and location_id > '' order by location_id`,
)

function seenOf(row: Row): SeenProduct {
  const product = decodeRow(products, row)
  const { shares_stock, discount, listed, terms_seq } = row
  const priceList = typeof listed === "string" ? { [product.id]: JSON.parse(listed) as ListedPrice } : {}
  const prices = typeof discount === "number" ? { discountBasisPoints: discount, priceList } : undefined
  return { product, sharesStock: shares_stock === 1, prices, termsSeq: typeof terms_seq === "number" ? terms_seq : 0 }
}

const minimumOf = (row: Row): PlaceMinimum => ({
  locationId: row["location_id"] as LocationId,
  minMilli: Number(row["min_milli"]),
  seq: Number(row["seq"]),
})

/** `priceFor` in SQL, before quantity tiers, in minor units. */
const ownPrice = sql`case when listed ->> 'currency' = currency then listed ->> 'priceMinor' else (price_minor * (10000 - coalesce(discount, 0)) + 5000) / 10000 end`

/** Filters that no index of the catalog's order serves. Prices compare as decimals, so that they mean the same in every currency. */
function unindexed({ inStock, minPrice, maxPrice }: CatalogFilter): SQL | undefined {
  const price = sql`(${ownPrice}) / ${sql.raw(minorScaleSql())}`
  return and(
    inStock === undefined ? undefined : inStock ? sql`available_milli > 0` : sql`available_milli <= 0`,
    minPrice === undefined ? undefined : sql`${price} >= ${Number(minPrice)}`,
    maxPrice === undefined ? undefined : sql`${price} <= ${Number(maxPrice)}`,
  )
}

let minorScale: string | undefined

/** How many minor units of a row's currency make one, as SQL: by the very digits that wrote them. */
export function minorScaleSql(): string {
  minorScale ??= scaleCase(Map.groupBy(currencies, minorDigits))
  return minorScale
}

const scaleCase = (codesByDigits: ReadonlyMap<number, readonly string[]>): string => {
  const cases = [...codesByDigits].filter(([digits]) => digits !== 2)
  return `(case ${cases.map(([digits, codes]) => `when currency in ('${codes.join("', '")}') then ${10 ** digits}.0`).join(" ")} else 100.0 end)`
}

/** Rows of a bounded scan: those that match, up to the row it stopped at. */
function walkOf(rows: readonly Row[], rowsMax: number): Walk {
  const seen = rows.filter((row) => row["is_match"] === 1).map(seenOf)
  const last = rows.find((row) => row["n"] === limits.filterScanRowsMax)
  return { seen: seen.slice(0, rowsMax), stoppedAt: seen.length >= rowsMax || last === undefined ? undefined : seenOf(last) }
}

const bounded = (inner: SQL, matches: SQL | undefined, rowsMax: number): SQL =>
  sql`select * from (select *, (${matches ?? sql`1`}) as is_match, row_number() over () as n from (${inner} limit ${limits.filterScanRowsMax})) where is_match or n = ${limits.filterScanRowsMax} limit ${rowsMax + 1}`

export const catalogStore = (db: TenantDb) => ({
  /** One product by id: the organization's own, or an active one of a supplier it has an approved link with. */
  async byId(id: ProductId): Promise<ProductSeen | undefined> {
    const [[row] = [], minimums = []] = await db.query(
      (orgId) => productSeenBy({ orgId, id }),
      (orgId) => minimumsOf({ orgId, id }),
    )
    return row === undefined ? undefined : { ...seenOf(row), minimums: minimums.map(minimumOf) }
  },

  /** The organization's own, newest first. */
  own: ({
    isActive,
    after,
    rowsMax,
  }: {
    isActive: boolean | undefined
    after: ProductId | undefined
    rowsMax: number
  }): Promise<ProductRow[]> =>
    db.ownMany(products, {
      where: and(
        isNull(products.archivedAt),
        isActive === undefined ? undefined : eq(products.isActive, isActive),
        after === undefined ? undefined : lt(products.id, after),
      ),
      orderBy: [desc(products.id)],
      limit: rowsMax,
    }),

  /**
   * The catalog in its own order. One statement, which walks the index of each supplier in turn and stops when the
   * page is full: first what is left of the cursor's supplier, then the suppliers after it.
   */
  async walk(supplierId: OrganizationId | undefined, filter: CatalogFilter, after: CatalogKey | undefined, rowsMax: number): Promise<Walk> {
    const matches = unindexed(filter)
    const scanMax = matches === undefined ? rowsMax : limits.filterScanRowsMax
    const [rows = []] = await db.query((orgId) => {
      const parts = segments(orgId, supplierId, after).map((segment) => segmentSql(orgId, segment, filter.category, scanMax))
      const all = sql`select * from (${sql.join(
        parts.map((part) => sql`select * from (${part})`),
        sql` union all `,
      )})`
      return matches === undefined ? sql`${all} limit ${rowsMax}` : bounded(all, matches, rowsMax)
    })
    return matches === undefined ? { seen: rows.map(seenOf), stoppedAt: undefined } : walkOf(rows, rowsMax)
  },

  /** The given suppliers' products by name or price: one bounded statement a supplier, in one round trip; the caller merges. */
  async sorted(
    suppliers: readonly OrganizationId[],
    sort: Sort,
    filter: CatalogFilter,
    after: SortKey | undefined,
    rowsMax: number,
  ): Promise<Walk[]> {
    // The index by price does not hold the category, so there it is one more filter of the bounded scan.
    const isByPrice = sort.by === "price_minor"
    const index = isByPrice ? byPrice : byName(filter.category)
    const inOrder = isByPrice ? undefined : filter.category
    const matches = and(unindexed(filter), isByPrice && filter.category !== undefined ? sql`category = ${filter.category}` : undefined)
    const column = sql.raw(sort.by)
    const direction = sql.raw(sort.isDescending ? "desc" : "asc")
    const beyond = sql.raw(sort.isDescending ? "<" : ">")
    const answers = await db.query(
      ...suppliers.map((supplierId) => (orgId: OrganizationId) => {
        const own = supplierId === orgId
        const from = own
          ? sql`select p.*, ${ownColumns} from products p indexed by ${index} where p.org_id = ${orgId}`
          : sql`select p.*, l.shares_stock, ${termsColumns} from ${linksByPartner} ${termsOfLink} cross join products p indexed by ${index} on p.org_id = l.counterparty_id where ${isOpenLink(orgId)} and l.counterparty_id = ${supplierId}`
        const inner = sql`${from} and p.is_active = 1 ${categorySql(inOrder)} ${after === undefined ? sql`` : sql`and (p.${column}, p.id) ${beyond} (${after.value}, ${after.id})`} order by p.${column} ${direction}, p.id ${direction}`
        return matches === undefined ? sql`${inner} limit ${rowsMax}` : bounded(inner, matches, rowsMax)
      }),
    )
    return answers.map((rows) => (matches === undefined ? { seen: rows.map(seenOf), stoppedAt: undefined } : walkOf(rows, rowsMax)))
  },

  /**
   * Full-text search, newest products first. The organizations stand in the MATCH itself, so that the index never
   * looks at another's rows, and again on the products that it finds.
   */
  async search(
    expression: string,
    supplierId: OrganizationId | undefined,
    filter: CatalogFilter,
    afterRow: number | undefined,
    rowsMax: number,
  ): Promise<Walk> {
    const matches = unindexed(filter)
    const [rows = []] = await db.query((orgId) => {
      const only = supplierId === undefined ? sql`` : sql`and l.counterparty_id = ${supplierId}`
      const own = supplierId === undefined || supplierId === orgId ? sql`union all select ${orgId}, 0, null` : sql``
      // One row, read once: looking each product's link up again would cost a row read for every row returned. Its terms
      // are looked up, for those that have any: a price list is too long to carry along.
      const visible = sql`with visible as materialized (
        select group_concat('"' || substr(id, 5) || '"', ' OR ') as tokens, json_group_object(id, json_object('shares', shares_stock, 'link', link)) as facts
        from (select l.counterparty_id as id, l.shares_stock, l.id as link from ${linksByPartner} where ${isOpenLink(orgId)} ${only} ${own}))`
      const fact = (name: "shares" | "link") => sql`(select facts from visible) -> p.org_id ->> ${name}`
      const inner = sql`${visible}
        select p.*, ${fact("shares")} as shares_stock, ${termsColumns}
        from products_fts f cross join products p on p.row = f.rowid left join link_terms t on t.org_id = ${orgId} and t.id = ${fact("link")}
        where products_fts match 'org : (' || coalesce((select tokens from visible), '""') || ') AND ' || ${expression}
          ${afterRow === undefined ? sql`` : sql`and f.rowid < ${afterRow}`}
          and p.is_active = 1 ${categorySql(filter.category)} and ${fact("shares")} is not null
        order by f.rowid desc`
      return matches === undefined ? sql`${inner} limit ${rowsMax}` : bounded(inner, matches, rowsMax)
    })
    return matches === undefined ? { seen: rows.map(seenOf), stoppedAt: undefined } : walkOf(rows, rowsMax)
  },
})

const categorySql = (category: string | undefined): SQL => (category === undefined ? sql`` : sql`and p.category = ${category}`)

type Segment =
  | { readonly kind: "own"; readonly after: CatalogKey | undefined }
  | { readonly kind: "supplier"; readonly id: OrganizationId; readonly after: CatalogKey | undefined }
  | { readonly kind: "linked"; readonly beyond: OrganizationId | undefined }

/** The stretches of the walk that are still ahead. */
function segments(orgId: OrganizationId, supplierId: OrganizationId | undefined, after: CatalogKey | undefined): Segment[] {
  if (supplierId === orgId) return [{ kind: "own", after }]
  if (supplierId !== undefined) return [{ kind: "supplier", id: supplierId, after }]
  if (after === undefined || after.supplierId === orgId)
    return [
      { kind: "own", after },
      { kind: "linked", beyond: undefined },
    ]
  return [
    { kind: "supplier", id: after.supplierId, after },
    { kind: "linked", beyond: after.supplierId },
  ]
}

function segmentSql(orgId: OrganizationId, segment: Segment, category: string | undefined, rowsMax: number): SQL {
  const index = byName(category)
  const later = (after: CatalogKey | undefined) => (after === undefined ? sql`` : sql`and (p.name, p.id) > (${after.name}, ${after.id})`)
  switch (segment.kind) {
    case "own":
      return sql`select p.*, ${ownColumns} from products p indexed by ${index} where p.org_id = ${orgId} and p.is_active = 1 ${categorySql(category)} ${later(segment.after)} order by p.name, p.id limit ${rowsMax}`
    case "supplier":
      return sql`select p.*, l.shares_stock, ${termsColumns} from ${linksByPartner} ${termsOfLink} cross join products p indexed by ${index} on p.org_id = l.counterparty_id
        where ${isOpenLink(orgId)} and l.counterparty_id = ${segment.id} and p.is_active = 1 ${categorySql(category)} ${later(segment.after)} order by p.name, p.id limit ${rowsMax}`
    case "linked":
      return sql`select p.*, l.shares_stock, ${termsColumns} from ${linksByPartner} ${termsOfLink} cross join products p indexed by ${index} on p.org_id = l.counterparty_id
        where ${isOpenLink(orgId)} ${segment.beyond === undefined ? sql`` : sql`and l.counterparty_id > ${segment.beyond}`} and p.is_active = 1 ${categorySql(category)}
        order by l.counterparty_id, p.name, p.id limit ${rowsMax}`
  }
}
