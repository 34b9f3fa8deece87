import type { Location } from "../../../src/domains/warehouses/rules.ts"
import type { LocationId, OrganizationId } from "../../../src/kernel/ids.ts"
import type { Instant } from "../../../src/kernel/time.ts"
import { LedgerTable } from "./table.ts"

type LocationRow = Omit<Location, "operator">

export class Locations {
  readonly table: LedgerTable<LocationRow, Location>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.table = new LedgerTable<LocationRow, Location>(sql, {
      name: "locations",
      key: ["id"],
      forms: {
        id: "value",
        code: "value",
        name: "value",
        kind: "value",
        address: "json",
        capacityMilli: "value",
        operators: "json",
        isDefault: "flag",
        archivedAt: "value",
        createdAt: "value",
        updatedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => {
        const current = row.operators.find(({ isCurrent }) => isCurrent)
        return { ...row, operator: current === undefined ? null : { id: current.id, name: current.name } }
      },
    })
  }

  find(id: LocationId): Location | undefined {
    return this.table.find(id)
  }

  /** Codes stay with their place when it is archived: the journal names it. */
  byCode(code: string): Location | undefined {
    return this.table.where("code = ?", code)[0]
  }

  /** @throws when there is none: adopting a ledger makes it. */
  default(): Location {
    const [location] = this.table.where("is_default = 1")
    if (location === undefined) throw new Error("the ledger has no default location")
    return location
  }

  operatedBy(organizationId: OrganizationId): Location[] {
    return this.table.where("instr(operators, ?) > 0", organizationId).filter(({ operator }) => operator?.id === organizationId)
  }

  /** Also of those that are archived. */
  count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM locations").one().n
  }

  save(location: LocationRow): void {
    this.table.save(location)
  }
}

/** The place that each ledger begins with. */
export const mainWarehouse = (id: LocationId, now: Instant, seq: number) => ({
  id,
  code: "MAIN",
  name: "Main warehouse",
  kind: "WAREHOUSE" as const,
  address: null,
  capacityMilli: null,
  operators: [],
  isDefault: true,
  archivedAt: null,
  createdAt: now,
  updatedAt: now,
  version: 1,
  seq,
})
