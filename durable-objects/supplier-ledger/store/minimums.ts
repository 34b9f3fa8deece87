import type { PlaceMinimum } from "../../../src/domains/catalog/rules.ts"
import type { LocationId, ProductId } from "../../../src/kernel/ids.ts"
import type { Milli } from "../../../src/kernel/quantity.ts"
import type { Instant } from "../../../src/kernel/time.ts"
import { LedgerTable } from "./table.ts"

/** A minimum of a product at a place, or of all places together (''), and whether stock is under it, as was told last. */
type Minimum = {
  readonly productId: ProductId
  readonly locationId: LocationId | ""
  readonly minMilli: Milli
  readonly isLow: boolean
  readonly lowSince: Instant | null
  readonly seq: number
}

export class Minimums {
  readonly table: LedgerTable<Minimum>

  constructor(sql: SqlStorage) {
    this.table = new LedgerTable<Minimum>(sql, {
      name: "minimums",
      key: ["productId", "locationId"],
      forms: { productId: "value", locationId: "value", minMilli: "value", isLow: "flag", lowSince: "value", seq: "value" },
      fact: (row) => row,
    })
  }

  find(productId: ProductId, locationId: LocationId | ""): Minimum | undefined {
    return this.table.find(productId, locationId)
  }

  ofProduct(productId: ProductId): Minimum[] {
    return this.table.where("product_id = ?", productId)
  }

  /** Those of single places that are not lifted, by place. */
  ofPlaces(productId: ProductId): PlaceMinimum[] {
    return this.table
      .where("product_id = ? AND location_id > '' AND min_milli > 0 ORDER BY location_id", productId)
      .flatMap(({ locationId, minMilli, seq }) => (locationId === "" ? [] : [{ locationId, minMilli, seq }]))
  }

  atLocation(locationId: LocationId): Minimum[] {
    return this.table.where("location_id = ? AND min_milli > 0", locationId)
  }

  /** A minimum of 0 stays as a row that is never low, so that D1 hears that it was lifted. */
  save(minimum: Minimum): void {
    this.table.save(minimum)
  }
}
