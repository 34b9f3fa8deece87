import type { Holding } from "../../../src/domains/warehouses/rules.ts"
import type { LocationId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

type Held = Holding & { readonly locationId: LocationId; readonly heldSeq: number }

/** What each place holds and expects, all products together: kept beside the cells, so that nobody sums them up to read it. */
export class Holdings {
  readonly table: LedgerTable<Held>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
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

  /** Places whose sums are not those of their cells and of what is on its way to them, with what these come to. */
  miscounted(): Array<Holding & { readonly locationId: LocationId }> {
    const rows = this.#sql.exec<{ id: LocationId; on_hand: number; incoming: number }>(
      `SELECT counted.id, counted.on_hand, counted.incoming FROM (
         SELECT id, sum(on_hand) AS on_hand, sum(incoming) AS incoming FROM (
           SELECT location_id AS id, on_hand_milli AS on_hand, 0 AS incoming FROM stock_levels WHERE on_hand_milli > 0
           UNION ALL SELECT to_location_id, 0, left_milli FROM transits WHERE left_milli > 0
           UNION ALL SELECT location_id, 0, 0 FROM place_holdings
         ) GROUP BY id
       ) counted LEFT JOIN place_holdings kept ON kept.location_id = counted.id
       WHERE counted.on_hand <> coalesce(kept.on_hand_milli, 0) OR counted.incoming <> coalesce(kept.incoming_milli, 0)`,
    )
    return rows.toArray().map(({ id, on_hand, incoming }) => ({ locationId: id, onHandMilli: on_hand, incomingMilli: incoming }))
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
