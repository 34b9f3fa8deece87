import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import { Components } from "./components.ts"
import { Costs } from "./costs.ts"
import { Holdings } from "./holdings.ts"
import { Levels } from "./levels.ts"
import { Links } from "./links.ts"
import { Locations } from "./locations.ts"
import { Lots } from "./lots.ts"
import { Minimums } from "./minimums.ts"
import { Movements } from "./movements.ts"
import { Orders } from "./orders.ts"
import { Products } from "./products.ts"
import { Reservations } from "./reservations.ts"
import { Terms } from "./terms.ts"
import { Units } from "./units.ts"

/**
 * `late_since` is an instant, 0 while D1 keeps up; `rebuilding` is a generation, 0 when no rebuild is under way, and `marking`
 * the same while not all of it is marked; `links_anew` is the seq of a change of the organization that not all links show yet, or 0.
 */
type MetaKey = "seq" | "orders" | "generation" | "rebuilding" | "marking" | "links_anew" | "last_at" | "reconciled_at" | "late_since"

/** All that the ledger holds, noun by noun, with its counters and its owner. It decides nothing; every write belongs to its caller's transaction. */
export class LedgerStore {
  readonly locations: Locations
  readonly holdings: Holdings
  readonly levels: Levels
  readonly movements: Movements
  readonly lots: Lots
  readonly units: Units
  readonly reservations: Reservations
  readonly minimums: Minimums
  readonly costs: Costs
  readonly products: Products
  readonly components: Components
  readonly links: Links
  readonly terms: Terms
  readonly orders: Orders
  readonly #sql: SqlStorage
  #organization: OrganizationFacts | undefined
  #minted = 0

  constructor(sql: SqlStorage) {
    this.#sql = sql
    const owner = () => this.organization
    this.locations = new Locations(sql)
    this.holdings = new Holdings(sql)
    this.levels = new Levels(sql)
    this.movements = new Movements(sql)
    this.lots = new Lots(sql)
    this.units = new Units(sql)
    this.reservations = new Reservations(sql)
    this.minimums = new Minimums(sql)
    this.costs = new Costs(sql)
    this.components = new Components(sql)
    this.products = new Products(sql, this.levels, this.components, owner)
    this.links = new Links(sql, owner)
    this.terms = new Terms(sql)
    this.orders = new Orders(sql, owner)
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
}
