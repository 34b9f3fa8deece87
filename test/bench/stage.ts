import { fetchAgain } from "../support/server/fetch-again.ts"
import type { Shot } from "./measure.ts"
import { type Account, type KnownFile, type KnownOrder, type Pool, placing, type Stage, uploading } from "./scenarios.ts"
import type { Tell } from "./tell.ts"
import type { Wallet } from "./wallet.ts"
import { type Buyer, readJson, readWorld, type Supplier, type World } from "./world.ts"

export const send = (url: string, { method, path, headers, body }: Shot): Promise<Response> =>
  fetchAgain(url + path, { method, headers, ...(body === undefined ? {} : { body }) })

const atOnce = 24

/** Runs the work for each number below the count, some at once. */
export async function inParallel(count: number, work: (index: number) => Promise<void>, progress: (done: number) => void): Promise<void> {
  let next = 0
  let done = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      await work(index)
      done += 1
      progress(done)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

type Shop = { readonly supplier: Supplier; readonly buyer: Buyer; readonly productId: string; readonly kitId: string }

/** A supplier with stock enough for whatever is accepted, of a product and of a kit that holds it and another. */
async function stockShop(url: string, wallet: Wallet, world: World): Promise<Shop> {
  const supplier = world.suppliers.find(({ id }) => world.buyers.some(({ supplierIds }) => supplierIds.includes(id)))
  const buyer = world.buyers.find(({ supplierIds }) => supplier !== undefined && supplierIds.includes(supplier.id))
  if (supplier === undefined || buyer === undefined) throw new Error("the world has no linked supplier: seed it with --size=large")
  const headers = { authorization: `Bearer ${wallet.of(supplier.id)}`, "content-type": "application/json" }
  const make = async (path: string, body: unknown): Promise<string> => {
    const made = await send(url, { method: "POST", path: `/api/v1${path}`, headers, body: JSON.stringify(body) })
    if (!made.ok) throw new Error(`stocking: ${made.status} ${await made.text()}`)
    return ((await made.json()) as { id: string }).id
  }
  const run = Date.now()
  const product = (sku: string, stock_quantity: number) =>
    make("/products", { sku: `${sku}-${run}`, name: "Bench stock", price: "1.00", stock_quantity })
  const productId = await product("BENCH", 100_000_000)
  const otherId = await product("BENCH-PART", 100_000_000)
  const kitId = await product("BENCH-KIT", 0)
  await make("/bundles", { parent_id: kitId, child_id: productId, quantity: 1 })
  await make("/bundles", { parent_id: kitId, child_id: otherId, quantity: 2 })
  return { supplier, buyer, productId, kitId }
}

/** Places the orders that wait to be accepted. */
async function placePending(
  url: string,
  wallet: Wallet,
  { supplier, buyer }: Shop,
  productId: string,
  each: number,
  progress: (done: number) => void,
): Promise<Pool> {
  const pending: KnownOrder[] = []
  await inParallel(
    each * 2,
    async () => {
      const answer = await send(url, placing(wallet, supplier, { id: productId, min_order_qty: 1 }, buyer))
      if (answer.status !== 201) throw new Error(`placing: ${answer.status} ${await answer.text()}`)
      pending.push({ id: ((await answer.json()) as { id: string }).id, orgId: supplier.id })
    },
    progress,
  )
  return { api: pending.slice(0, each), floor: pending.slice(each) }
}

/** Orders to read one by one, each by its buyer. */
async function readableOrders(url: string, wallet: Wallet, { buyers }: World): Promise<KnownOrder[]> {
  const orders: KnownOrder[] = []
  for (const { id: orgId } of buyers.slice(0, 20)) {
    const { data } = await readJson<{ data: Array<{ id: string }> }>(url, "/orders/my-orders?limit=50&side=buyer", wallet.of(orgId))
    orders.push(...data.map(({ id }) => ({ id, orgId })))
  }
  return orders
}

/** Takes away what benchmarks uploaded, this one and one that was stopped. */
export async function clearFiles(url: string): Promise<void> {
  const cleared = await fetchAgain(`${url}/__floor/clear`, { method: "POST" })
  if (!cleared.ok) throw new Error(`clearing uploads: ${cleared.status} ${await cleared.text()}`)
}

const readableFilesMax = 20

async function readableFiles(url: string, wallet: Wallet, { buyers }: World): Promise<KnownFile[]> {
  const files: KnownFile[] = []
  for (const { id: orgId } of buyers.slice(0, readableFilesMax)) {
    const answer = await send(url, uploading(wallet, orgId))
    if (answer.status !== 201) throw new Error(`uploading: ${answer.status} ${await answer.text()}`)
    files.push({ id: ((await answer.json()) as { id: string }).id, orgId })
  }
  return files
}

async function register(url: string): Promise<Account> {
  const account = { email: `bench-${Date.now()}@bench.test`, password: "a-password-for-the-benchmark" }
  const answer = await fetchAgain(`${url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": account.email },
    body: JSON.stringify({ ...account, organization: { name: `Bench ${Date.now()}`, capabilities: ["buyer"] } }),
  })
  if (answer.status !== 201) throw new Error(`registering: ${answer.status} ${await answer.text()}`)
  return account
}

/** How many orders wait for the API, and as many for the floor. */
export type PendingEach = { readonly product: number; readonly kit: number }

/** All that the scenarios stand on: the world, somebody to sign in, orders to read and orders that wait. */
export async function prepareStage(url: string, wallet: Wallet, pendingEach: PendingEach, tell: Tell): Promise<Stage> {
  tell.step("reading the world")
  const world = await readWorld(url, wallet)
  tell.line(`world: ${world.suppliers.length} suppliers, ${world.buyers.length} buyers read`)
  const account = await register(url)
  const shop = await stockShop(url, wallet, world)
  const pendingOf = (what: string, productId: string, each: number) =>
    placePending(url, wallet, shop, productId, each, (done) => {
      if (done % 500 === 0 || done === each * 2) tell.step(`${done} of ${each * 2} orders of ${what} placed, to be accepted`)
    })
  const pending = await pendingOf("a product", shop.productId, pendingEach.product)
  const kits = await pendingOf("a kit", shop.kitId, pendingEach.kit)
  const orders = await readableOrders(url, wallet, world)
  await clearFiles(url)
  const files = await readableFiles(url, wallet, world)
  return { world, wallet, account, orders, files, pending, kits }
}
