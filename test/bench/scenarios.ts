import type { Shot } from "./measure.ts"
import type { Buyer, Product, Supplier, World } from "./world.ts"

export type Scenario = {
  readonly name: string
  readonly what: string
  /** Makes the next request; called once a request. */
  readonly next: () => Shot
  /** How many different requests the floor repeats in turn. */
  readonly recordings: number
  /** For work that can be done once a thing: how many there are, and what the floor's calls must name in turn. */
  readonly pool?: { readonly size: number; readonly floorOrders: readonly string[] }
  readonly hashes?: boolean
  /** Fewer connections than the run's: hashing holds the thread, and an isolate does two at once. */
  readonly connections?: number
}

/** A choice that is random enough and the same every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const api = "/api/v1"
const bearer = (token: string) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" })
const get = (path: string, token: string): Shot => ({ method: "GET", path: api + path, headers: bearer(token) })

export type Account = { readonly email: string; readonly password: string }
export type PendingOrder = { readonly id: string; readonly token: string }

export type Stage = {
  readonly world: World
  readonly account: Account
  /** Orders that wait to be accepted, apart for the API and for the floor. */
  readonly pending: { readonly api: readonly PendingOrder[]; readonly floor: readonly PendingOrder[] }
}

export function placing(supplier: Supplier, product: Product, buyer: Buyer): Shot {
  const items = [{ product_id: product.id, quantity: product.min_order_qty }]
  return { method: "POST", path: `${api}/orders`, headers: bearer(buyer.token), body: JSON.stringify({ supplier_id: supplier.id, items }) }
}

export const accepting = ({ id, token }: PendingOrder): Shot => ({
  method: "PUT",
  path: `${api}/orders/${id}/status`,
  headers: bearer(token),
  body: '{"status":"ACCEPTED"}',
})

export function scenariosOf({ world, account, pending }: Stage, orders: readonly { id: string; token: string }[]): Scenario[] {
  const roll = random(1)
  const pick = <T>(list: readonly T[]): T => {
    const one = list[Math.floor(roll() * list.length)]
    if (one === undefined) throw new Error("the world is too small for this scenario")
    return one
  }
  const supplierById = new Map(world.suppliers.map((supplier) => [supplier.id, supplier]))
  const pair = (only?: Supplier) => {
    for (;;) {
      const buyer = pick(only === undefined ? world.buyers : world.buyers.filter(({ supplierIds }) => supplierIds.includes(only.id)))
      const supplier = only ?? supplierById.get(pick(buyer.supplierIds))
      if (supplier !== undefined) return { buyer, supplier, product: pick(supplier.products) }
    }
  }
  const hot = pick(world.suppliers)
  const place = () => {
    const { supplier, product, buyer } = pair()
    return placing(supplier, product, buyer)
  }
  const catalogPage = () => get("/products/catalog?limit=50", pick(world.buyers).token)
  const search = () => {
    const { buyer, product } = pair()
    return get(`/products/catalog?limit=50&q=${encodeURIComponent(product.name.split(" ").at(-1) ?? product.name)}`, buyer.token)
  }
  const product = () => {
    const { buyer, product: one } = pair()
    return get(`/products/${one.id}`, buyer.token)
  }
  const myOrders = () => get("/orders/my-orders?limit=50", pick(world.buyers).token)
  const oneOrder = () => {
    const { id, token } = pick(orders)
    return get(`/orders/${id}`, token)
  }
  const reads = [catalogPage, search, product, myOrders, oneOrder]
  let accepted = 0

  return [
    {
      name: "sign in",
      what: "POST /auth/token",
      recordings: 1,
      hashes: true,
      connections: 2,
      next: () => ({
        method: "POST",
        path: `${api}/auth/token`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(account),
      }),
    },
    { name: "catalog page", what: "50 products over 20 suppliers", recordings: 20, next: catalogPage },
    { name: "catalog search", what: "full text over 20 suppliers", recordings: 20, next: search },
    { name: "product", what: "one of a linked supplier", recordings: 20, next: product },
    {
      name: "place, hot",
      what: "orders on one supplier",
      recordings: 20,
      next: () => {
        const { supplier, product: one, buyer } = pair(hot)
        return placing(supplier, one, buyer)
      },
    },
    { name: "place, spread", what: "orders over 50 suppliers", recordings: 20, next: place },
    {
      name: "accept",
      what: "orders of one line",
      recordings: 20,
      pool: { size: pending.api.length - 20, floorOrders: pending.floor.map(({ id }) => id) },
      next: () => {
        const order = pending.api[accepted]
        accepted += 1
        if (order === undefined) throw new Error("no order is left to accept")
        return accepting(order)
      },
    },
    { name: "my orders", what: "a page of 50", recordings: 20, next: myOrders },
    { name: "one order", what: "with lines and history", recordings: 20, next: oneOrder },
    { name: "mixed", what: "80 % reads, 20 % orders", recordings: 40, next: () => (roll() < 0.8 ? pick(reads)() : place()) },
  ]
}
