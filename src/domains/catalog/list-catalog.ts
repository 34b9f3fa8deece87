import type { OrganizationId, ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { pageOf, readCursor } from "../../platform/http/page.ts"
import { linkStore } from "../partners/index.ts"
import type { CatalogQuery } from "./schemas.ts"
import { searchExpression } from "./search-terms.ts"
import { type CatalogFilter, catalogStore, type SeenProduct, type Sort, type Walk } from "./store.ts"
import { imageUrls, productOfRow, sightOf, toProductView } from "./views.ts"

type Page = { data: ReturnType<typeof toProductView>[]; next_cursor: string | null }

/** The products somebody may buy, and their own: by supplier and name, by search, or sorted. Suppliers without an approved link are simply not there. */
export async function listCatalog(ctx: Ctx, query: CatalogQuery): Promise<Page> {
  const filter: CatalogFilter = { category: query.category, inStock: query.in_stock, minPrice: query.min_price, maxPrice: query.max_price }
  if (query.q !== undefined && query.q !== "") {
    if (query.sort !== undefined) throw invalidAt("/query/sort", "A search comes newest first; leave sort out.", "NOT_WITH_Q")
    return search(ctx, query.q, query, filter)
  }
  return query.sort === undefined ? walk(ctx, query, filter) : sorted(ctx, query.sort, query, filter)
}

/** How each of these is shown. */
async function view(ctx: Ctx, all: readonly SeenProduct[]) {
  const urls = await imageUrls(
    ctx,
    all.map(({ product }) => productOfRow(product)),
  )
  return ({ product, sharesStock, prices }: SeenProduct) =>
    toProductView(productOfRow(product), sightOf(ctx.actor, product.orgId, sharesStock), urls, prices)
}

const walkKind = "catalog"
const walkKey = ({ product }: SeenProduct) => [product.orgId, product.name, product.id]

async function walk(ctx: Ctx, query: CatalogQuery, filter: CatalogFilter): Promise<Page> {
  const [supplierId, name, id] = readCursor(walkKind, ["string", "string", "string"], query.cursor) ?? []
  const after = id === undefined ? undefined : { supplierId: supplierId as OrganizationId, name: String(name), id: id as ProductId }
  const { seen, stoppedAt } = await catalogStore(ctx.db).walk(query.supplier_id, filter, after, query.limit + 1)
  return pageOf(seen, query.limit, walkKind, walkKey, await view(ctx, seen), stoppedAt === undefined ? undefined : walkKey(stoppedAt))
}

const searchKind = "catalog-search"
const searchKey = ({ product }: SeenProduct) => [product.row]

async function search(ctx: Ctx, q: string, query: CatalogQuery, filter: CatalogFilter): Promise<Page> {
  const [row] = readCursor(searchKind, ["number"], query.cursor) ?? []
  const expression = searchExpression(q)
  if (expression === undefined) return { data: [], next_cursor: null }
  const { seen, stoppedAt } = await catalogStore(ctx.db).search(
    expression,
    query.supplier_id,
    filter,
    row as number | undefined,
    query.limit + 1,
  )
  return pageOf(seen, query.limit, searchKind, searchKey, await view(ctx, seen), stoppedAt === undefined ? undefined : searchKey(stoppedAt))
}

async function sorted(ctx: Ctx, sortName: NonNullable<CatalogQuery["sort"]>, query: CatalogQuery, filter: CatalogFilter): Promise<Page> {
  const sort: Sort = { by: sortName.endsWith("price") ? "price_minor" : "name", isDescending: sortName.startsWith("-") }
  const kind = `catalog-by-${sortName}`
  const keyOf = ({ product }: SeenProduct) => [sort.by === "name" ? product.name : product.priceMinor, product.id]
  const [value, id] = readCursor(kind, [sort.by === "name" ? "string" : "number", "string"], query.cursor) ?? []
  const after = value === undefined || value === null ? undefined : { value, id: id as ProductId }
  const suppliers = query.supplier_id === undefined ? await suppliersOf(ctx) : [query.supplier_id]
  const walks = await catalogStore(ctx.db).sorted(suppliers, sort, filter, after, query.limit + 1)
  const { seen, stoppedAt } = merge(walks, sort)
  return pageOf(seen, query.limit, kind, keyOf, await view(ctx, seen), stoppedAt === undefined ? undefined : keyOf(stoppedAt))
}

async function suppliersOf(ctx: Ctx): Promise<OrganizationId[]> {
  const linked = await linkStore(ctx.db).approvedSuppliers(limits.sortSuppliersMax + 1)
  if (linked.length > limits.sortSuppliersMax) {
    throw invalidAt("/query/supplier_id", `Sorting works across at most ${limits.sortSuppliersMax} suppliers; name one.`, "REQUIRED")
  }
  return [ctx.orgId, ...linked.map(({ counterpartyId }) => counterpartyId)]
}

/** Sorted lists as one. Where a supplier's scan stopped at its bound, nothing beyond that place is certain yet: the page ends there. */
function merge(walks: readonly Walk[], sort: Sort): Walk {
  const compare = (a: SeenProduct, b: SeenProduct): number => {
    const [x, y] = sort.by === "name" ? [a.product.name, b.product.name] : [a.product.priceMinor, b.product.priceMinor]
    const order = x < y ? -1 : x > y ? 1 : a.product.id < b.product.id ? -1 : a.product.id > b.product.id ? 1 : 0
    return sort.isDescending ? -order : order
  }
  const stoppedAt = walks
    .flatMap((one) => one.stoppedAt ?? [])
    .sort(compare)
    .at(0)
  const seen = walks.flatMap((one) => one.seen).sort(compare)
  return { seen: stoppedAt === undefined ? seen : seen.filter((product) => compare(product, stoppedAt) <= 0), stoppedAt }
}
