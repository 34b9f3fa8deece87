import type { Holding } from "../../../src/domains/warehouses/rules.ts"
import type { LocationId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

type Held = Holding & { readonly locationId: LocationId; readonly heldSeq: number }

/** What each place holds and expects, all products together: kept beside the cells, so that nobody sums them up to read it. */
export class Holdings {
  readonly table: LedgerTable<Held>

  constructor(sql: SqlStorage) {
    this.table = new LedgerTable<Held>(sql, {
      name: "place_holdings",
      key: ["locationId"],
      forms: { locationId: "value", onHandMilli: "value", incomingMilli: "value", heldSeq: "value" },
      fact: (row) => row,
    })
  }

  /** A place that never held anything has no row. */
  of(locationId: LocationId): Held {
    return this.table.find(locationId) ?? { locationId, onHandMilli: 0, incomingMilli: 0, heldSeq: 0 }
  }

  /** Adds what came, or takes away what went, of either sum. */
  add(locationId: LocationId, { onHandMilli, incomingMilli }: Holding, seq: number): void {
    const before = this.of(locationId)
    this.table.save({
      locationId,
      onHandMilli: before.onHandMilli + onHandMilli,
      incomingMilli: before.incomingMilli + incomingMilli,
      heldSeq: seq,
    })
  }
}
