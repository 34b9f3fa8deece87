import { fetchAgain } from "../support/server/fetch-again.ts"
import type { Shot } from "./measure.ts"
import { type Account, type KnownFile, type KnownOrder, placing, type Stage, uploading } from "./scenarios.ts"
import type { Tell } from "./tell.ts"
import type { Wallet } from "./wallet.ts"
import { readJson, readWorld, type World } from "./world.ts"

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

/** Raises the stock of the supplier whose orders are accepted, and places the orders that wait for it. */
async function placePending(
  url: string,
  wallet: Wallet,
  world: World,
  count: number,
  progress: (done: number) => void,
): Promise<KnownOrder[]> {
  const supplier = world.suppliers.find(({ id }) => world.buyers.some(({ supplierIds }) => supplierIds.includes(id)))
  const buyer = world.buyers.find(({ supplierIds }) => supplier !== undefined && supplierIds.includes(supplier.id))
  const product = supplier?.products[0]
  if (supplier === undefined || buyer === undefined || product === undefined)
    throw new Error("the world has no linked supplier: seed it with --size=large")
  const headers = { authorization: `Bearer ${wallet.of(supplier.id)}`, "content-type": "application/json" }
  const stocked = await send(url, {
    method: "POST",
    path: "/api/v1/products",
    headers,
    body: JSON.stringify({ sku: `BENCH-${Date.now()}`, name: "Bench stock", price: "1.00", stock_quantity: 100_000_000 }),
  })
  if (!stocked.ok) throw new Error(`stocking: ${stocked.status} ${await stocked.text()}`)
  const { id } = (await stocked.json()) as { id: string }
  const pending: KnownOrder[] = []
  await inParallel(
    count,
    async () => {
      const answer = await send(url, placing(wallet, supplier, { ...product, id, min_order_qty: 1 }, buyer))
      if (answer.status !== 201) throw new Error(`placing: ${answer.status} ${await answer.text()}`)
      pending.push({ id: ((await answer.json()) as { id: string }).id, orgId: supplier.id })
    },
    progress,
  )
  return pending
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

/** All that the scenarios stand on: the world, somebody to sign in, orders to read and orders that wait. */
export async function prepareStage(url: string, wallet: Wallet, pendingEach: number, tell: Tell): Promise<Stage> {
  tell.step("reading the world")
  const world = await readWorld(url, wallet)
  tell.line(`world: ${world.suppliers.length} suppliers, ${world.buyers.length} buyers read`)
  const account = await register(url)
  const total = pendingEach * 2
  const pending = await placePending(url, wallet, world, total, (done) => {
    if (done % 500 === 0 || done === total) tell.step(`${done} of ${total} orders placed, to be accepted`)
  })
  const orders = await readableOrders(url, wallet, world)
  await clearFiles(url)
  const files = await readableFiles(url, wallet, world)
  return { world, wallet, account, orders, files, pending: { api: pending.slice(0, pendingEach), floor: pending.slice(pendingEach) } }
}
