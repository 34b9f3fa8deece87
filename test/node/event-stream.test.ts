import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { type BuiltServer, startBuiltServer } from "../support/server/built-server.ts"

/** The stream over real HTTP, from the bundle that would be deployed: what a test inside the Worker cannot see is the wire. */

const state = mkdtempSync(join(tmpdir(), "waybill-stream-"))
let server: BuiltServer

beforeAll(async () => {
  server = await startBuiltServer({ state })
}, 120_000)
afterAll(async () => {
  await server.stop()
  rmSync(state, { recursive: true, force: true })
})

type Registered = { readonly access_token: string; readonly organization: { readonly id: string } }

async function call<T>(method: string, path: string, token?: string, body?: unknown): Promise<T> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer as T
}

const register = (name: string, capability: string) =>
  call<Registered>("POST", "/auth/register", undefined, {
    email: `${name}@example.test`,
    password: "correct horse battery",
    full_name: name,
    organization: { name, capabilities: [capability] },
  })

const listen = (token: string, signal: AbortSignal) =>
  fetch(`${server.url}/api/v1/events`, { headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" }, signal })

test("an order accepted in one place is seen in another within a second, byte for byte as it happens", async () => {
  const [supplier, buyer] = [await register("supplier", "supplier"), await register("buyer", "buyer")]
  const link = await call<{ id: string }>("POST", "/links/request", buyer.access_token, { supplier_id: supplier.organization.id })
  await call("PUT", `/links/${link.id}/status`, supplier.access_token, { status: "APPROVED" })
  const product = await call<{ id: string }>("POST", "/products", supplier.access_token, {
    sku: "A",
    name: "Apples",
    price: "1.00",
    stock_quantity: 9,
  })
  const order = await call<{ id: string }>("POST", "/orders", buyer.access_token, {
    supplier_id: supplier.organization.id,
    items: [{ product_id: product.id, quantity: 1 }],
  })
  const hangUp = new AbortController()
  const { body } = await listen(buyer.access_token, hangUp.signal)
  if (body === null) throw new Error("a stream has a body")
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  const started = performance.now()
  await call("PUT", `/orders/${order.id}/status`, supplier.access_token, { status: "ACCEPTED" })
  let text = ""
  while (!text.includes("event: order.accepted")) text += (await reader.read()).value ?? ""
  expect(performance.now() - started).toBeLessThan(1_000)
  expect(text).toContain(order.id)
  hangUp.abort()
})

test("INV-EVT-9: readers who hang up are noticed, and keep nobody out", async () => {
  const { access_token: token } = await register("restless", "buyer")
  const statuses: number[] = []
  for (let attempt = 0; attempt < 2 * limits.streamsPerActorMax + 5; attempt += 1) {
    const hangUp = new AbortController()
    const response = await listen(token, hangUp.signal)
    statuses.push(response.status)
    await response.body?.getReader().read()
    hangUp.abort()
    // As a refusal tells them to, readers come again later.
    if (response.status === 429) await new Promise((resolve) => setTimeout(resolve, Number(response.headers.get("retry-after")) * 1_000))
  }
  expect(statuses.filter((status) => status === 429).length).toBeLessThanOrEqual(3)
  expect(statuses.at(-1)).toBe(200)
})
