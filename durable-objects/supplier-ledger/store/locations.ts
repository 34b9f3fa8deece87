import type { Location } from "../../../src/domains/inventory/rules.ts"
import type { LocationId } from "../../../src/kernel/ids.ts"
import { LedgerTable } from "./table.ts"

export class Locations {
  readonly table: LedgerTable<Location>

  constructor(sql: SqlStorage) {
    this.table = new LedgerTable<Location>(sql, {
      name: "locations",
      key: ["id"],
      forms: { id: "value", code: "value", name: "value", isDefault: "flag", version: "value", seq: "value" },
      fact: (row) => row,
    })
  }

  find(id: LocationId): Location | undefined {
    return this.table.find(id)
  }

  /** @throws when there is none: adopting a ledger makes it. */
  default(): Location {
    const [location] = this.table.where("is_default = 1")
    if (location === undefined) throw new Error("the ledger has no default location")
    return location
  }

  insert(location: Location): void {
    this.table.insert(location)
  }
}
