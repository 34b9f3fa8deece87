import type { OrganizationId } from "../../src/kernel/ids.ts"
import type { Shot } from "./measure.ts"
import { benchFileName } from "./names.ts"
import type { Wallet } from "./wallet.ts"
import type { Buyer, Product, Supplier, World } from "./world.ts"

export const scenarioNames = [
  "sign in",
  "catalog page",
  "catalog search",
  "product",
  "place hot",
  "place spread",
  "accept",
  "accept kit",
  "my orders",
  "one order",
  "levels",
  "movement",
  "mixed",
  "upload",
  "download",
  "chat message",
  "import",
] as const
export type ScenarioName = (typeof scenarioNames)[number]

export type Scenario = {
  readonly name: ScenarioName
  readonly what: string
  /** Makes the next request; called once a request. */
  readonly next: () => Shot
  /** How many different requests the floor repeats in turn. */
  readonly recordings: number
  /** For work that can be done once a thing: how many there are, and what the floor's calls must name in turn. */
  readonly pool?: { readonly size: number; readonly floorOrders: readonly string[] }
  readonly hashes?: boolean
  /** What the floor is sent, too. */
  readonly body?: Buffer
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
export const get = (path: string, token: string): Shot => ({ method: "GET", path: api + path, headers: bearer(token) })

export type Account = { readonly email: string; readonly password: string }
/** A file, and who uploaded it. */
export type KnownFile = { readonly id: string; readonly orgId: OrganizationId }
/** An order, and who asks about it. */
export type KnownOrder = { readonly id: string; readonly orgId: OrganizationId }

/** Orders that wait, apart for the API and for the floor: each can be accepted once. */
export type Pool = { readonly api: readonly KnownOrder[]; readonly floor: readonly KnownOrder[] }

export type Stage = {
  readonly world: World
  readonly wallet: Wallet
  readonly account: Account
  readonly orders: readonly KnownOrder[]
  /** Files to read, each by who uploaded it. */
  readonly files: readonly KnownFile[]
  /** Orders of one line that wait to be accepted. */
  readonly pending: Pool
  /** Orders of kits that wait to be accepted. */
  readonly kits: Pool
}

type Orderable = Pick<Product, "id" | "min_order_qty">

/** An order of one line, by whoever holds the token. */
export function ordering(token: string, supplierId: OrganizationId, product: Orderable): Shot {
  const items = [{ product_id: product.id, quantity: product.min_order_qty }]
  const body = JSON.stringify({ supplier_id: supplierId, items })
  return { method: "POST", path: `${api}/orders`, headers: bearer(token), body }
}

export const placing = (wallet: Wallet, supplier: Supplier, product: Orderable, buyer: Buyer): Shot =>
  ordering(wallet.of(buyer.id), supplier.id, product)

export const signingIn = (account: Account): Shot => ({
  method: "POST",
  path: `${api}/auth/token`,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(account),
})

export const accepting = (wallet: Wallet, { id, orgId }: KnownOrder): Shot => ({
  method: "PUT",
  path: `${api}/orders/${id}/status`,
  headers: bearer(wallet.of(orgId)),
  body: '{"status":"ACCEPTED"}',
})

/** Orders of a pool that the recording of the floor accepts. */
export const poolRecordings = 20

const uploadBytes = 200_000

/** A photo's worth of bytes, of which only the first say what they are. */
export const upload = Buffer.alloc(uploadBytes, "%PDF-1.7\nbytes that nobody looks at")

export const uploading = (wallet: Wallet, orgId: OrganizationId): Shot => ({
  method: "POST",
  path: `${api}/files?purpose=chat_attachment&name=${benchFileName}`,
  headers: { authorization: `Bearer ${wallet.of(orgId)}`, "content-type": "application/pdf" },
  body: upload,
})

/** Every scenario of requests by its name, in the order of the table. */
export function scenariosOf({ world, wallet, account, orders, files, pending, kits }: Stage): Scenario[] {
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
    return placing(wallet, supplier, product, buyer)
  }
  const catalogPage = () => get("/products/catalog?limit=50", wallet.of(pick(world.buyers).id))
  const search = () => {
    const { buyer, product } = pair()
    return get(`/products/catalog?limit=50&q=${encodeURIComponent(product.name.split(" ").at(-1) ?? product.name)}`, wallet.of(buyer.id))
  }
  const product = () => {
    const { buyer, product: one } = pair()
    return get(`/products/${one.id}`, wallet.of(buyer.id))
  }
  const myOrders = () => get("/orders/my-orders?limit=50", wallet.of(pick(world.buyers).id))
  const oneOrder = () => {
    const { id, orgId } = pick(orders)
    return get(`/orders/${id}`, wallet.of(orgId))
  }
  const levels = () => {
    const { supplier, product: one } = pair()
    return get(`/inventory/${one.id}`, wallet.of(supplier.id))
  }
  const receipt = () => {
    const { supplier, product: one } = pair()
    const body = JSON.stringify({ type: "IN", product_id: one.id, quantity: one.quantity_step })
    return { method: "POST", path: `${api}/stock-movements`, headers: bearer(wallet.of(supplier.id)), body } as const
  }
  const reads = [catalogPage, search, product, myOrders, oneOrder]
  const acceptingAll = (name: ScenarioName, what: string, pool: Pool): Scenario => {
    let accepted = 0
    return {
      name,
      what,
      recordings: poolRecordings,
      pool: { size: pool.api.length - poolRecordings, floorOrders: pool.floor.map(({ id }) => id) },
      next: () => {
        const order = pool.api[accepted]
        accepted += 1
        if (order === undefined) throw new Error("no order is left to accept")
        return accepting(wallet, order)
      },
    }
  }

  return [
    {
      name: "sign in",
      what: "POST /auth/token",
      recordings: 1,
      hashes: true,
      connections: 2,
      next: () => signingIn(account),
    },
    { name: "catalog page", what: "50 products over 20 suppliers", recordings: 20, next: catalogPage },
    { name: "catalog search", what: "full text over 20 suppliers", recordings: 20, next: search },
    { name: "product", what: "one of a linked supplier", recordings: 20, next: product },
    {
      name: "place hot",
      what: "orders on one supplier",
      recordings: 20,
      next: () => {
        const { supplier, product: one, buyer } = pair(hot)
        return placing(wallet, supplier, one, buyer)
      },
    },
    // So many that the floor meets every ledger, too: over fewer, more orders would share a ledger's commit. Hence mixed's 400.
    { name: "place spread", what: "orders over 50 suppliers", recordings: 200, next: place },
    acceptingAll("accept", "orders of one line", pending),
    acceptingAll("accept kit", "orders of a kit of two components", kits),
    { name: "my orders", what: "a page of 50", recordings: 20, next: myOrders },
    { name: "one order", what: "with lines and history", recordings: 20, next: oneOrder },
    { name: "levels", what: "of one product", recordings: 20, next: levels },
    { name: "movement", what: "receipts over 50 suppliers", recordings: 200, next: receipt },
    { name: "mixed", what: "80 % reads, 20 % orders", recordings: 400, next: () => (roll() < 0.8 ? pick(reads)() : place()) },
    {
      name: "upload",
      what: "a file of 200 KB",
      recordings: 20,
      body: upload,
      next: () => uploading(wallet, pick(world.buyers).id),
    },
    {
      name: "download",
      what: "a file of 200 KB, by token",
      recordings: 20,
      next: () => {
        const { id, orgId } = pick(files)
        return get(`/files/${id}/content`, wallet.of(orgId))
      },
    },
  ]
}
