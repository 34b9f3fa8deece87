import type { Answer, Api } from "../lib/api.ts"
import { chunked, inParallel } from "../lib/in-parallel.ts"
import { type Bar, type Progress, progress } from "../lib/progress.ts"
import { Random } from "../lib/random.ts"
import { counts, type LargeWorld, type PlannedOrganization, planLargeWorld } from "./large-world.ts"
import { demoPassword, signIn, signInSuperAdmin } from "./people.ts"

/** Two, so that one's rows are on their way to the database while the other decides. */
const ledgersAtOnce = 2

// Calls are kept short: wrangler dev ends when a connection that it keeps was dropped, which long calls make likely.
const organizationsACall = 5
const productsACall = 80
const ordersACall = 25
const hour = 3_600_000

/** An access token lasts fifteen minutes; a slow machine may need longer. */
const tokenMinutes = 10

/** A year of trade, given to each supplier's ledger as commands with their times: the ledger's rules see every one. */
export async function seedLarge(api: Api, seed: number): Promise<string> {
  const staff = await Staff.of(api, seed)
  const first = await signIn(api, "owner@supplier-01.large.waybill.test")
  if (first !== undefined) return whatIsThere(api)

  // Midnight, so that a second run of the same day and seed makes the same year.
  const now = Math.floor(Date.now() / (24 * hour)) * 24 * hour
  const world = planLargeWorld(new Random(seed), now)
  const shown = progress(process.stdout)
  try {
    const organizations = shown.bar("organizations", world.suppliers.length + world.buyers.length)
    const supplierIds = await found(staff, world.suppliers, organizations.add)
    const buyerIds = await found(staff, world.buyers, organizations.add)
    const filling = new Filling(staff, world, buyerIds, shown)
    const suppliers = [...supplierIds.entries()]
    await inParallel(suppliers.slice(0, -1), ledgersAtOnce, ([supplier, id]) => filling.fill(supplier, id))
    // Alone and at the end: whoever finds its orders knows that the rest is there.
    await inParallel(suppliers.slice(-1), 1, ([supplier, id]) => filling.fill(supplier, id))
    const refusals = [...filling.refused].map(([what, count]) => `; ${count} ${what} refused`).join("")
    return `The large world is there: 50 suppliers with 1,000 products each, 200 buyers with 20 links each, 20,000 orders${refusals}`
  } finally {
    shown.done()
  }
}

/** Fills one ledger after the other: products, then links, then a year of orders. */
class Filling {
  /** What the ledgers' rules refused, and how often. */
  readonly refused = new Map<string, number>()
  readonly #staff: Staff
  readonly #world: LargeWorld
  readonly #buyerIds: readonly string[]
  readonly #bars: { readonly products: Bar; readonly links: Bar; readonly orders: Bar }

  constructor(staff: Staff, world: LargeWorld, buyerIds: readonly string[], shown: Progress) {
    this.#staff = staff
    this.#world = world
    this.#buyerIds = buyerIds
    this.#bars = {
      products: shown.bar("products", counts.suppliers * counts.productsEach),
      links: shown.bar("links", counts.buyers * counts.linksEach),
      orders: shown.bar("orders", counts.orders),
    }
  }

  async fill(supplier: number, supplierId: string): Promise<void> {
    const { beganAt, products, orders } = this.#world
    const idOf = new Map<string, unknown>()
    for (const some of chunked(products[supplier] ?? [], productsACall)) {
      const first = some[0]?.sku ?? ""
      const made = await this.#past(supplierId, first, { products: some.map((product) => ({ ...product, at: iso(beganAt) })) })
      for (const [index, { sku }] of some.entries()) idOf.set(sku, made.at(`products.${index}`))
      this.#bars.products.add(some.length)
    }
    const partners = linkedBuyers(this.#world, supplier)
    const times = { at: iso(beganAt + hour), approved_at: iso(beganAt + 3 * hour) }
    await this.#past(supplierId, "links", { links: partners.map((buyer) => ({ buyer_id: this.#buyerIds[buyer], ...times })) })
    this.#bars.links.add(partners.length)
    for (const [index, some] of chunked(orders[supplier] ?? [], ordersACall).entries()) {
      await this.#past(supplierId, `orders-${index}`, {
        orders: some.map(({ buyer, at, lines, moves }) => ({
          buyer_id: this.#buyerIds[buyer],
          at: iso(at),
          items: lines.map(([sku, quantity]) => ({ product_id: idOf.get(sku), quantity })),
          moves: moves.map((move) => ({ status: move.status, at: iso(move.at) })),
        })),
      })
      this.#bars.orders.add(some.length)
    }
  }

  async #past(supplierId: string, step: string, body: object): Promise<Answer> {
    const answer = await this.#staff.post("./dev/past", `${supplierId}-${step}`, { supplier_id: supplierId, ...body })
    for (const one of answer.list("refused")) {
      const what = `${one.text("what")} ${one.text("code")}`
      this.refused.set(what, (this.refused.get(what) ?? 0) + 1)
    }
    return answer
  }
}

const iso = (at: number): string => new Date(at).toISOString()

const linkedBuyers = ({ links }: LargeWorld, supplier: number): number[] =>
  [...links.entries()].filter(([, suppliers]) => suppliers.includes(supplier)).map(([buyer]) => buyer)

/** Organizations come first and the last supplier's orders last: these two tell a whole world from a begun one. */
async function whatIsThere(api: Api): Promise<string> {
  const token = await signIn(api, "owner@supplier-50.large.waybill.test")
  const orders = token === undefined ? undefined : await api.must("GET", "/orders/my-orders?limit=1", { token })
  if (orders === undefined || orders.list("data").length === 0) {
    throw new Error("a large world was begun here and not finished; npm start -- --fresh begins anew")
  }
  return "The large world is there already; npm start -- --fresh begins anew"
}

async function found(staff: Staff, organizations: readonly PlannedOrganization[], founded: (count: number) => void): Promise<string[]> {
  const ids: string[] = []
  for (const some of chunked(organizations, organizationsACall)) {
    const answer = await staff.post("./dev/organizations", `found-${some[0]?.slug ?? ""}`, { password: demoPassword, organizations: some })
    ids.push(...answer.list("data").map((one) => one.text("id")))
    founded(some.length)
  }
  return ids
}

/** The super_admin, who signs in again before the token expires. */
class Staff {
  readonly #api: Api
  #token: string
  readonly #seed: number
  #since = performance.now()

  private constructor(api: Api, token: string, seed: number) {
    this.#api = api
    this.#token = token
    this.#seed = seed
  }

  static async of(api: Api, seed: number): Promise<Staff> {
    return new Staff(api, await signInSuperAdmin(api), seed)
  }

  /** Under a key that names the step, so that it can be sent again when the server went away in between. */
  async post(path: string, step: string, body: unknown): Promise<Answer> {
    if (performance.now() - this.#since > tokenMinutes * 60_000) {
      this.#since = performance.now()
      this.#token = await signInSuperAdmin(this.#api)
    }
    return this.#api.must("POST", path, { token: this.#token, body, headers: { "idempotency-key": `large-${this.#seed}-${step}` } })
  }
}
