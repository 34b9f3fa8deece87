import type { SigningKey } from "../../src/platform/auth/access-token.ts"
import type { Shot } from "./measure.ts"
import { type Account, type PendingOrder, placing, type Stage } from "./scenarios.ts"
import { readWorld, type World } from "./world.ts"

export const send = (url: string, { method, path, headers, body }: Shot): Promise<Response> =>
  fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })

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
async function placePending(url: string, world: World, count: number, progress: (done: number) => void): Promise<PendingOrder[]> {
  const supplier = world.suppliers.find(({ id }) => world.buyers.some(({ supplierIds }) => supplierIds.includes(id)))
  const buyer = world.buyers.find(({ supplierIds }) => supplier !== undefined && supplierIds.includes(supplier.id))
  const product = supplier?.products[0]
  if (supplier === undefined || buyer === undefined || product === undefined)
    throw new Error("the world has no linked supplier: seed it with --size=large")
  const headers = { authorization: `Bearer ${supplier.token}`, "content-type": "application/json" }
  const stocked = await send(url, {
    method: "POST",
    path: "/api/v1/products",
    headers,
    body: JSON.stringify({ sku: `BENCH-${Date.now()}`, name: "Bench stock", price: "1.00", stock_quantity: 100_000_000 }),
  })
  if (!stocked.ok) throw new Error(`stocking: ${stocked.status} ${await stocked.text()}`)
  const { id } = (await stocked.json()) as { id: string }
  const pending: PendingOrder[] = []
  await inParallel(
    count,
    async () => {
      const answer = await send(url, placing(supplier, { ...product, id, min_order_qty: 1 }, buyer))
      if (answer.status !== 201) throw new Error(`placing: ${answer.status} ${await answer.text()}`)
      pending.push({ id: ((await answer.json()) as { id: string }).id, token: supplier.token })
    },
    progress,
  )
  return pending
}

/** All that the scenarios stand on: the world, somebody to sign in, and orders that wait. Its access tokens are good for 15 minutes. */
export async function prepareStage(
  url: string,
  keys: readonly SigningKey[],
  pendingEach: number,
  account: Account,
  say: (what: string) => void,
): Promise<Stage> {
  const world = await readWorld(url, keys)
  say(`world: ${world.suppliers.length} suppliers, ${world.buyers.length} buyers read`)
  const registered = await fetch(`${url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...account, organization: { name: `Bench ${Date.now()}`, capabilities: ["buyer"] } }),
  })
  if (registered.status !== 201) throw new Error(`registering: ${registered.status} ${await registered.text()}`)
  const pending = await placePending(
    url,
    world,
    pendingEach * 2,
    (done) => done % 1_000 === 0 && say(`${done} orders placed to be accepted`),
  )
  return { world, account, pending: { api: pending.slice(0, pendingEach), floor: pending.slice(pendingEach) } }
}
