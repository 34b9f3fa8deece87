import type { OrganizationId } from "../../src/kernel/ids.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import type { Shot } from "./measure.ts"
import { type Account, type KnownFile, type KnownOrder, ordering, type Pool, placing, type Stage, uploading } from "./scenarios.ts"
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

/** Asks as somebody, and has to get what was asked for. @returns the id in the answer. */
async function must(url: string, token: string, method: "POST" | "PUT", path: string, body: unknown): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const answer = await send(url, { method, path: `/api/v1${path}`, headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { id: string }).id
}

type Shop = { readonly supplier: Supplier; readonly buyer: Buyer; readonly productId: string; readonly kitId: string }

/** A supplier with stock enough for whatever is accepted, of a product and of a kit that holds it and another. */
async function stockShop(url: string, wallet: Wallet, world: World): Promise<Shop> {
  const supplier = world.suppliers.find(({ id }) => world.buyers.some(({ supplierIds }) => supplierIds.includes(id)))
  const buyer = world.buyers.find(({ supplierIds }) => supplier !== undefined && supplierIds.includes(supplier.id))
  if (supplier === undefined || buyer === undefined) throw new Error("the world has no linked supplier: seed it with --size=large")
  const make = (path: string, body: unknown) => must(url, wallet.of(supplier.id), "POST", path, body)
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

type Founded = { readonly account: Account; readonly orgId: OrganizationId; readonly token: string }

/** Somebody with an organization of their own. */
async function register(url: string, capability: "supplier" | "buyer"): Promise<Founded> {
  const account = { email: `bench-${crypto.randomUUID()}@bench.test`, password: "a-password-for-the-benchmark" }
  const answer = await fetchAgain(`${url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": account.email },
    body: JSON.stringify({ ...account, organization: { name: `Bench ${Date.now()}`, capabilities: [capability] } }),
  })
  if (answer.status !== 201) throw new Error(`registering: ${answer.status} ${await answer.text()}`)
  const { organization, access_token: token } = (await answer.json()) as { organization: { id: OrganizationId }; access_token: string }
  return { account, orgId: organization.id, token }
}

/** Who imports, and an order that somebody else places there. Their tokens hold for a quarter of an hour. */
export type ImportShop = { readonly orgId: OrganizationId; readonly token: string; readonly order: Shot }

/** Two organizations of their own, linked, so that the world's catalogs stay as they are. An import asks who started it: no wallet will do. */
export async function openImportShop(url: string): Promise<ImportShop> {
  const supplier = await register(url, "supplier")
  const buyer = await register(url, "buyer")
  const linkId = await must(url, buyer.token, "POST", "/links/request", { supplier_id: supplier.orgId })
  await must(url, supplier.token, "PUT", `/links/${linkId}/status`, { status: "APPROVED" })
  const id = await must(url, supplier.token, "POST", "/products", { sku: "ORDERED", name: "Ordered meanwhile", price: "1.00" })
  return { orgId: supplier.orgId, token: supplier.token, order: ordering(buyer.token, supplier.orgId, { id, min_order_qty: 1 }) }
}

/** How many orders wait for the API, and as many for the floor. */
export type PendingEach = { readonly product: number; readonly kit: number }

/** All that the scenarios stand on: the world, somebody to sign in, orders to read and orders that wait. */
export async function prepareStage(url: string, wallet: Wallet, pendingEach: PendingEach, tell: Tell): Promise<Stage> {
  tell.step("reading the world")
  const world = await readWorld(url, wallet)
  tell.line(`world: ${world.suppliers.length} suppliers, ${world.buyers.length} buyers read`)
  const { account } = await register(url, "buyer")
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
