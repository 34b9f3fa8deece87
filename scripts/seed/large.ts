import type { Answer, Api } from "../lib/api.ts"
import { chunked, inParallel } from "../lib/in-parallel.ts"
import { progress } from "../lib/progress.ts"
import { Random } from "../lib/random.ts"
import { counts, type LargeWorld, type PlannedOrganization, planLargeWorld } from "./large-world.ts"
import { demoPassword, signIn, signInSuperAdmin } from "./people.ts"

/** Two, so that one's rows are on their way to the database while the other decides. */
const ledgersAtOnce = 2

// Calls are kept short: wrangler dev ends when a connection that it keeps was dropped, which long calls make likely.
const organizationsACall = 5
const productsACall = 50
const ordersACall = 25
const hour = 3_600_000

/** An access token lasts fifteen minutes; a slow machine may need longer. */
const tokenMinutes = 10

/** A year of trade, given to each supplier's ledger as commands with their times: the ledger's rules see every one. */
export async function seedLarge(api: Api, seed: number): Promise<string> {
  const staff = await Staff.of(api)
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
    const bars = {
      products: shown.bar("products", counts.suppliers * counts.productsEach),
      links: shown.bar("links", counts.buyers * counts.linksEach),
      orders: shown.bar("orders", counts.orders),
    }
    const refused = new Map<string, number>()
    const fill = async ([supplier, supplierId]: readonly [number, string]): Promise<void> => {
      let calls = 0
      const past = async (body: object): Promise<Answer> => {
        calls += 1
        const answer = await staff.post("./dev/past", { supplier_id: supplierId, key: `${seed}-${supplier}-${calls}`, ...body })
        for (const one of answer.list("refused")) {
          const what = `${one.text("what")} ${one.text("code")}`
          refused.set(what, (refused.get(what) ?? 0) + 1)
        }
        return answer
      }
      const productIds: unknown[] = []
      for (const products of chunked(world.products[supplier] ?? [], productsACall)) {
        const answer = await past({ products: products.map((product) => ({ ...product, at: iso(world.beganAt) })) })
        const ids = answer.at("products")
        if (Array.isArray(ids)) productIds.push(...ids)
        bars.products.add(products.length)
      }
      const partners = linkedBuyers(world, supplier)
      const asked = { at: iso(world.beganAt + hour), approved_at: iso(world.beganAt + 3 * hour) }
      await past({ links: partners.map((buyer) => ({ buyer_id: buyerIds[buyer], ...asked })) })
      bars.links.add(partners.length)
      for (const orders of chunked(world.orders[supplier] ?? [], ordersACall)) {
        await past({
          orders: orders.map(({ buyer, at, lines, moves }) => ({
            buyer_id: buyerIds[buyer],
            at: iso(at),
            items: lines.map(([product, quantity]) => ({ product_id: productIds[product], quantity })),
            moves: moves.map((move) => ({ status: move.status, at: iso(move.at) })),
          })),
        })
        bars.orders.add(orders.length)
      }
    }
    const suppliers = [...supplierIds.entries()]
    await inParallel(suppliers.slice(0, -1), ledgersAtOnce, fill)
    // Alone and at the end: whoever finds its orders knows that the rest is there.
    await inParallel(suppliers.slice(-1), 1, fill)
    shown.done()
    const refusals = [...refused].map(([what, count]) => `${count} ${what}`).join(", ")
    return `The large world is there: 50 suppliers with 1,000 products each, 200 buyers with 20 links each, 20,000 orders${refusals === "" ? "" : `; refused by the ledgers' rules: ${refusals}`}`
  } finally {
    shown.done()
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
    const headers = { "idempotency-key": `large-${some[0]?.slug ?? ""}` }
    const answer = await staff.post("./dev/organizations", { password: demoPassword, organizations: some }, headers)
    ids.push(...answer.list("data").map((one) => one.text("id")))
    founded(some.length)
  }
  return ids
}

/** The super_admin, who signs in again before the token expires. */
class Staff {
  readonly #api: Api
  #token: string
  #since = performance.now()

  private constructor(api: Api, token: string) {
    this.#api = api
    this.#token = token
  }

  static async of(api: Api): Promise<Staff> {
    return new Staff(api, await signInSuperAdmin(api))
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    if (performance.now() - this.#since > tokenMinutes * 60_000) {
      this.#since = performance.now()
      this.#token = await signInSuperAdmin(this.#api)
    }
    return this.#api.must("POST", path, { token: this.#token, body, headers })
  }
}
