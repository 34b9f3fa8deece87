import type { Cell, Level } from "../../../src/domains/inventory/rules.ts"
import type { SaleCell } from "../../../src/domains/lots/rules.ts"
import type { LocationKind } from "../../../src/domains/warehouses/rules.ts"
import type { LocationId, LotId, ProductId } from "../../../src/kernel/ids.ts"
import type { Milli } from "../../../src/kernel/quantity.ts"
import { LedgerTable } from "./table.ts"

const reserved =
  "(SELECT coalesce(sum(quantity_milli), 0) FROM reservations r WHERE r.product_id = l.product_id AND r.location_id = l.location_id AND r.lot_id = l.lot_id)"

/** Cells that hold something, with their places and lots; what is sold out is not looked at, and in years that is nearly all. */
const held =
  "stock_levels l INDEXED BY stock_levels_held JOIN locations place ON place.id = l.location_id LEFT JOIN lots lot ON lot.id = l.lot_id"

/** What is on hand where, by product, place and lot. What is reserved and what is on its way are summed when asked for. */
export class Levels {
  readonly table: LedgerTable<Level>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<Level>(sql, {
      name: "stock_levels",
      key: ["productId", "locationId", "lotId"],
      forms: { productId: "value", locationId: "value", lotId: "value", onHandMilli: "value", seq: "value" },
      fact: (row) => row,
    })
  }

  find({ productId, locationId, lotId }: Cell): Level | undefined {
    return this.table.find(productId, locationId, lotId)
  }

  ofProduct(productId: ProductId): Level[] {
    return this.table.where("product_id = ?", productId)
  }

  ofLot(lotId: LotId): Level[] {
    return this.table.where("lot_id = ?", lotId)
  }

  /** What lies at a place, up to so many cells. */
  atLocation(locationId: LocationId, cellsMax: number): Level[] {
    return this.table.where("location_id = ? AND on_hand_milli > 0 LIMIT ?", locationId, cellsMax)
  }

  /** A product's stock in all its cells with what decides on selling it; unordered. */
  forSale(productId: ProductId): SaleCell[] {
    return this.#sql
      .exec<Omit<SaleCell, "isDefaultLocation" | "locationKind"> & { isDefault: number; locationKind: string }>(
        `SELECT l.product_id AS productId, l.location_id AS locationId, l.lot_id AS lotId, l.on_hand_milli - ${reserved} AS freeMilli,
           place.kind AS locationKind, place.is_default AS isDefault, lot.status AS lotStatus, lot.expires_on AS expiresOn, lot.received_at AS receivedAt
         FROM ${held} WHERE l.product_id = ? AND l.on_hand_milli > 0`,
        productId,
      )
      .toArray()
      .map(({ isDefault, locationKind, ...cell }) => ({
        ...cell,
        locationKind: locationKind as LocationKind,
        isDefaultLocation: isDefault === 1,
      }))
  }

  reservedOf({ productId, locationId, lotId }: Cell): Milli {
    return this.#sum(
      "SELECT coalesce(sum(quantity_milli), 0) AS sum FROM reservations WHERE product_id = ? AND location_id = ? AND lot_id = ?",
      productId,
      locationId,
      lotId,
    )
  }

  /** Promised of a product, over all its cells. */
  reservedOfProduct(productId: ProductId): Milli {
    return this.#sum("SELECT coalesce(sum(quantity_milli), 0) AS sum FROM reservations WHERE product_id = ?", productId)
  }

  /** On its way to the cell. */
  incomingOf({ productId, locationId, lotId }: Cell): Milli {
    return this.#sum(
      "SELECT coalesce(sum(left_milli), 0) AS sum FROM transits WHERE product_id = ? AND to_location_id = ? AND lot_id = ? AND left_milli > 0",
      productId,
      locationId,
      lotId,
    )
  }

  onHandAt(productId: ProductId, locationId: LocationId): Milli {
    return this.#sum(
      "SELECT coalesce(sum(on_hand_milli), 0) AS sum FROM stock_levels INDEXED BY stock_levels_held WHERE product_id = ? AND location_id = ? AND on_hand_milli > 0",
      productId,
      locationId,
    )
  }

  /** Whether units lie at a place: those that are damaged or came back do, and are not on hand. */
  hasUnitsAt(locationId: LocationId): boolean {
    return this.#sum("SELECT EXISTS (SELECT 1 FROM units WHERE location_id = ? AND status <> 'SOLD') AS sum", locationId) === 1
  }

  /** A product's stock over all places, what of it can be sold, and when any of it last changed. */
  totalOf(productId: ProductId): { readonly stockMilli: Milli; readonly availableMilli: Milli; readonly stockSeq: number } {
    return this.#sql
      .exec<{ stockMilli: Milli; availableMilli: Milli; stockSeq: number }>(
        `SELECT coalesce(sum(l.on_hand_milli), 0) AS stockMilli,
           coalesce((SELECT max(seq) FROM stock_levels INDEXED BY stock_levels_seq WHERE product_id = ?1), 0) AS stockSeq,
           coalesce(sum(CASE WHEN place.kind NOT IN ('QUARANTINE', 'IN_TRANSIT') AND (lot.id IS NULL OR (lot.status = 'ACTIVE' AND lot.expired_at IS NULL))
             THEN l.on_hand_milli - ${reserved} END), 0) AS availableMilli
         FROM ${held} WHERE l.product_id = ?1 AND l.on_hand_milli > 0`,
        productId,
      )
      .one()
  }

  save(level: Level): void {
    this.table.save(level)
  }

  #sum(query: string, ...params: string[]): Milli {
    return this.#sql.exec<{ sum: number }>(query, ...params).one().sum
  }
}
