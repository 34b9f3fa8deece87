import type { ProductFacts } from "../../src/domains/catalog/rules.ts"
import type { Level, Location, Movement } from "../../src/domains/inventory/rules.ts"
import type { OrderFacts, OrderStatus } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { LinkFacts, LinkStatus } from "../../src/domains/partners/rules.ts"
import type { LinkId, LocationId, OrderId, OrganizationId, ProductId } from "../../src/kernel/ids.ts"
import { HubStore, type VariantRecord } from "./store/hub.ts"

/** `late_since` is an instant, 0 while D1 keeps up; `rebuilding` is a generation, 0 when no rebuild is under way. */
type MetaKey = "seq" | "orders" | "generation" | "rebuilding" | "last_at" | "reconciled_at" | "late_since"

type ProductRecord = VariantRecord & {
  id: ProductId
  sku: string
  name: string
  description: string
  category: string
  unit: string
  quantity_step_milli: number
  price_minor: number
  currency: string
  min_order_milli: number
  min_stock_milli: number
  is_active: number
  images: string
  archived_at: number | null
  created_at: number
  updated_at: number
  version: number
  seq: number
  stock_milli: number
  stock_seq: number
}

type LinkRecord = {
  id: LinkId
  buyer_id: OrganizationId
  buyer_name: string
  status: LinkStatus
  message: string | null
  reason: string | null
  created_at: number
  decided_at: number | null
  version: number
  seq: number
}

type OrderRecord = {
  id: OrderId
  number: string
  buyer_id: OrganizationId
  supplier_name: string
  buyer_name: string
  status: OrderStatus
  currency: string
  total_minor: number
  lines: string
  history: string
  note: string | null
  internal_note: string | null
  requested_delivery_on: string | null
  placed_at: number
  updated_at: number
  version: number
  seq: number
}

const productSelect = `SELECT p.*, v.identity_id, v.color, v.size, v.condition,
  coalesce((SELECT sum(on_hand_milli) FROM stock_levels WHERE product_id = p.id), 0) AS stock_milli,
  coalesce((SELECT max(seq) FROM stock_levels WHERE product_id = p.id), 0) AS stock_seq FROM products p
  LEFT JOIN product_variants v ON v.product_id = p.id`

/** The ledger's rows as facts, and back. It decides nothing; every write belongs to its caller's transaction. */
export class LedgerStore {
  readonly hub: HubStore
  readonly #sql: SqlStorage
  #organization: OrganizationFacts | undefined
  #minted = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.hub = new HubStore(sql)
  }

  meta(key: MetaKey): number {
    const [row] = this.#sql.exec<{ value: number }>("SELECT value FROM meta WHERE key = ?", key).toArray()
    return row?.value ?? 0
  }

  setMeta(key: MetaKey, value: number): void {
    this.#sql.exec("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", key, value)
  }

  /** The next number of a counter, starting from 1; gapless, since it is part of the transaction. */
  next(key: "seq" | "orders" | "generation"): number {
    return this.#sql
      .exec<{ value: number }>(
        "INSERT INTO meta (key, value) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value",
        key,
      )
      .one().value
  }

  /** Orders the ids of one millisecond, over all commands, since a clock may stand still for many of them; it need not outlive the object. */
  nextMint(): number {
    this.#minted += 1
    return this.#minted
  }

  /** The ledger's copy of its organization. @throws when it was never sent: callers check `isAdopted` first. */
  get organization(): OrganizationFacts {
    const known = this.#organization ?? this.#readOrganization()
    if (known === undefined) throw new Error("the ledger has no organization")
    return known
  }

  get isAdopted(): boolean {
    return (this.#organization ?? this.#readOrganization()) !== undefined
  }

  saveOrganization(facts: OrganizationFacts): void {
    this.#sql.exec("INSERT INTO organization (one, facts) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET facts = ?1", JSON.stringify(facts))
    this.#organization = undefined
  }

  /** After a transaction that may have been rolled back. */
  forgetCached(): void {
    this.#organization = undefined
  }

  #readOrganization(): OrganizationFacts | undefined {
    const [row] = this.#sql.exec<{ facts: string }>("SELECT facts FROM organization").toArray()
    this.#organization = row === undefined ? undefined : (JSON.parse(row.facts) as OrganizationFacts)
    return this.#organization
  }

  // Products

  product(id: ProductId): ProductFacts | undefined {
    const [row] = this.#sql.exec<ProductRecord>(`${productSelect} WHERE p.id = ?`, id).toArray()
    return row === undefined ? undefined : this.#productOf(row)
  }

  /** The product that has this SKU now; archived ones give theirs up. */
  productIdBySku(sku: string): ProductId | undefined {
    const [row] = this.#sql.exec<{ id: ProductId }>("SELECT id FROM products WHERE sku = ? AND archived_at IS NULL", sku).toArray()
    return row?.id
  }

  saveProduct(product: ProductFacts): void {
    this.#sql.exec(
      `INSERT INTO products (id, sku, name, description, category, unit, quantity_step_milli, price_minor, currency, min_order_milli, min_stock_milli,
         is_active, archived_at, created_at, updated_at, version, seq, images) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
       ON CONFLICT (id) DO UPDATE SET sku = ?2, name = ?3, description = ?4, category = ?5, unit = ?6, quantity_step_milli = ?7, price_minor = ?8, currency = ?9,
         min_order_milli = ?10, min_stock_milli = ?11, is_active = ?12, archived_at = ?13, updated_at = ?15, version = ?16, seq = ?17, images = ?18`,
      product.id,
      product.sku,
      product.name,
      product.description,
      product.category,
      product.unit,
      product.quantityStepMilli,
      product.priceMinor,
      product.currency,
      product.minOrderMilli,
      product.minStockMilli,
      product.isActive ? 1 : 0,
      product.archivedAt,
      product.createdAt,
      product.updatedAt,
      product.version,
      product.seq,
      JSON.stringify(product.images),
    )
  }

  #productOf(row: ProductRecord): ProductFacts {
    return {
      id: row.id,
      supplierId: this.organization.id,
      sku: row.sku,
      name: row.name,
      description: row.description,
      category: row.category,
      unit: row.unit,
      quantityStepMilli: row.quantity_step_milli,
      priceMinor: row.price_minor,
      currency: row.currency,
      minOrderMilli: row.min_order_milli,
      minStockMilli: row.min_stock_milli,
      stockMilli: row.stock_milli,
      stockSeq: row.stock_seq,
      isActive: row.is_active === 1,
      images: JSON.parse(row.images) as ProductFacts["images"],
      archivedAt: row.archived_at,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      version: row.version,
      seq: row.seq,
      identityId: row.identity_id,
      color: row.color,
      size: row.size,
      condition: row.condition,
    }
  }

  // Stock

  location(id: LocationId): Location | undefined {
    return this.#locations("WHERE id = ?", id)[0]
  }

  defaultLocation(): Location {
    const [location] = this.#locations("WHERE is_default = 1")
    if (location === undefined) throw new Error("the ledger has no default location")
    return location
  }

  insertLocation(location: Location): void {
    this.#sql.exec(
      "INSERT INTO locations (id, code, name, is_default, version, seq) VALUES (?, ?, ?, ?, ?, ?)",
      location.id,
      location.code,
      location.name,
      location.isDefault ? 1 : 0,
      location.version,
      location.seq,
    )
  }

  #locations(where: string, ...params: string[]): Location[] {
    return this.#sql
      .exec<{ id: LocationId; code: string; name: string; is_default: number; version: number; seq: number }>(
        `SELECT * FROM locations ${where}`,
        ...params,
      )
      .toArray()
      .map((row) => ({ id: row.id, code: row.code, name: row.name, isDefault: row.is_default === 1, version: row.version, seq: row.seq }))
  }

  level(productId: ProductId, locationId: LocationId): Level | undefined {
    return this.#levels("l.product_id = ? AND l.location_id = ?", productId, locationId)[0]
  }

  /** A product's levels in the order stock is taken from: the default location first. */
  levels(productId: ProductId): Level[] {
    return this.#levels("l.product_id = ?", productId)
  }

  #levels(where: string, ...params: string[]): Level[] {
    return this.#sql
      .exec<{ product_id: ProductId; location_id: LocationId; on_hand_milli: number; seq: number }>(
        `SELECT l.* FROM stock_levels l JOIN locations w ON w.id = l.location_id WHERE ${where} ORDER BY w.is_default DESC, w.id`,
        ...params,
      )
      .toArray()
      .map((row) => ({ productId: row.product_id, locationId: row.location_id, onHandMilli: row.on_hand_milli, seq: row.seq }))
  }

  saveLevel({ productId, locationId, onHandMilli, seq }: Level): void {
    this.#sql.exec(
      "INSERT INTO stock_levels (product_id, location_id, on_hand_milli, seq) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (product_id, location_id) DO UPDATE SET on_hand_milli = ?3, seq = ?4",
      productId,
      locationId,
      onHandMilli,
      seq,
    )
  }

  insertMovement(movement: Movement): void {
    this.#sql.exec(
      `INSERT INTO stock_movements (id, product_id, location_id, type, quantity_milli, reason, order_id, order_line_id, actor_id, actor_name, effective_at, recorded_at, seq)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      movement.id,
      movement.productId,
      movement.locationId,
      movement.type,
      movement.quantityMilli,
      movement.reason,
      movement.orderId,
      movement.orderLineId,
      movement.actorId,
      movement.actorName,
      movement.effectiveAt,
      movement.recordedAt,
      movement.seq,
    )
  }

  movement(id: string): Movement | undefined {
    return this.#movements("WHERE id = ?", id)[0]
  }

  movementsOfOrder(orderId: OrderId): Movement[] {
    return this.#movements("WHERE order_id = ? ORDER BY seq, id", orderId)
  }

  #movements(where: string, ...params: string[]): Movement[] {
    type Record = {
      id: Movement["id"]
      product_id: ProductId
      location_id: LocationId
      type: Movement["type"]
      quantity_milli: number
      reason: Movement["reason"]
      order_id: OrderId | null
      order_line_id: Movement["orderLineId"]
      actor_id: string | null
      actor_name: string
      effective_at: number
      recorded_at: number
      seq: number
    }
    return this.#sql
      .exec<Record>(`SELECT * FROM stock_movements ${where}`, ...params)
      .toArray()
      .map((row) => ({
        id: row.id,
        productId: row.product_id,
        locationId: row.location_id,
        type: row.type,
        quantityMilli: row.quantity_milli,
        reason: row.reason,
        orderId: row.order_id,
        orderLineId: row.order_line_id,
        actorId: row.actor_id,
        actorName: row.actor_name,
        effectiveAt: row.effective_at,
        recordedAt: row.recorded_at,
        seq: row.seq,
      }))
  }

  // Links

  link(id: LinkId): LinkFacts | undefined {
    return this.#links("WHERE id = ?", id)[0]
  }

  linkOfBuyer(buyerId: OrganizationId): LinkFacts | undefined {
    return this.#links("WHERE buyer_id = ?", buyerId)[0]
  }

  links(): LinkFacts[] {
    return this.#links("")
  }

  saveLink(link: LinkFacts): void {
    this.#sql.exec(
      `INSERT INTO links (id, buyer_id, buyer_name, status, message, reason, created_at, decided_at, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
       ON CONFLICT (id) DO UPDATE SET buyer_name = ?3, status = ?4, message = ?5, reason = ?6, created_at = ?7, decided_at = ?8, version = ?9, seq = ?10`,
      link.id,
      link.buyerId,
      link.buyerName,
      link.status,
      link.message,
      link.reason,
      link.createdAt,
      link.decidedAt,
      link.version,
      link.seq,
    )
  }

  #links(where: string, ...params: string[]): LinkFacts[] {
    const { id: supplierId, name: supplierName } = this.organization
    return this.#sql
      .exec<LinkRecord>(`SELECT * FROM links ${where}`, ...params)
      .toArray()
      .map((row) => ({
        id: row.id,
        supplierId,
        supplierName,
        buyerId: row.buyer_id,
        buyerName: row.buyer_name,
        status: row.status,
        message: row.message,
        reason: row.reason,
        createdAt: row.created_at,
        decidedAt: row.decided_at,
        version: row.version,
        seq: row.seq,
      }))
  }

  // Orders

  order(id: OrderId): OrderFacts | undefined {
    const [row] = this.#sql.exec<OrderRecord>("SELECT * FROM orders WHERE id = ?", id).toArray()
    if (row === undefined) return undefined
    return {
      id: row.id,
      number: row.number,
      supplierId: this.organization.id,
      supplierName: row.supplier_name,
      buyerId: row.buyer_id,
      buyerName: row.buyer_name,
      status: row.status,
      currency: row.currency,
      totalMinor: row.total_minor,
      lines: JSON.parse(row.lines) as OrderFacts["lines"],
      note: row.note,
      internalNote: row.internal_note,
      requestedDeliveryOn: row.requested_delivery_on,
      placedAt: row.placed_at,
      updatedAt: row.updated_at,
      version: row.version,
      seq: row.seq,
      history: JSON.parse(row.history) as OrderFacts["history"],
    }
  }

  insertOrder(order: OrderFacts): void {
    this.#sql.exec(
      `INSERT INTO orders (id, number, buyer_id, supplier_name, buyer_name, status, currency, total_minor, lines, history, note, internal_note,
         requested_delivery_on, placed_at, updated_at, version, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      order.id,
      order.number,
      order.buyerId,
      order.supplierName,
      order.buyerName,
      order.status,
      order.currency,
      order.totalMinor,
      JSON.stringify(order.lines),
      JSON.stringify(order.history),
      order.note,
      order.internalNote,
      order.requestedDeliveryOn,
      order.placedAt,
      order.updatedAt,
      order.version,
      order.seq,
    )
  }

  /** An order's lines and prices never change after placing; its state, history and internal note do. */
  updateOrder(order: OrderFacts): void {
    this.#sql.exec(
      "UPDATE orders SET status = ?, history = ?, internal_note = ?, updated_at = ?, version = ?, seq = ? WHERE id = ?",
      order.status,
      JSON.stringify(order.history),
      order.internalNote,
      order.updatedAt,
      order.version,
      order.seq,
      order.id,
    )
  }

  /** Ids of a table in order, for walks over everything: rebuild and reconcile. */
  idsAfter(
    table: "products" | "links" | "orders" | "stock_movements" | "locations" | "bundle_components",
    after: string,
    limit: number,
  ): string[] {
    return this.#sql
      .exec<{ id: string }>(`SELECT id FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
      .toArray()
      .map(({ id }) => id)
  }

  /** Keys of stock levels in order, each `product location`. */
  levelKeysAfter(after: string, limit: number): string[] {
    const [product = "", location = ""] = after.split(" ")
    return this.#sql
      .exec<{ key: string }>(
        "SELECT product_id || ' ' || location_id AS key FROM stock_levels WHERE (product_id, location_id) > (?, ?) ORDER BY product_id, location_id LIMIT ?",
        product,
        location,
        limit,
      )
      .toArray()
      .map(({ key }) => key)
  }
}
