import { z } from "zod"
import type { Call } from "../client.ts"
import { pick } from "../random.ts"
import type { Play } from "./scene.ts"

const reconciliation = z.object({ differences: z.array(z.unknown()) })

/** What is not on its way to D1 must stand there, whatever is going on. */
export const reconcile: Play = async ({ world, client, journal }, actor, { picks: [at] }) => {
  const ledger = pick(world.suppliers, at)
  if (ledger === undefined) return undefined
  const answer = await client.send(actor, { method: "GET", path: `/admin/ledgers/${ledger.id}/reconciliation` })
  if (answer?.status !== 200) return undefined
  journal.count("ledgers reconciled under load")
  if (reconciliation.parse(JSON.parse(answer.text)).differences.length > 0)
    journal.violate(`under load, D1 differed from the ledger of ${ledger.name}: ${answer.text.slice(0, 1_000)}`)
  return undefined
}

export const rebuild: Play = async ({ world, client, journal }, actor, { picks: [at] }) => {
  const ledger = pick(world.suppliers, at)
  if (ledger === undefined) return undefined
  const answer = await client.send(actor, { method: "POST", path: `/admin/ledgers/${ledger.id}/rebuild` })
  if (answer?.status === 200) journal.count("ledgers rebuilt under load")
  return undefined
}

export const readCatalog: Play = async ({ client }, actor, { picks: [at] }) => {
  await client.send(actor, { method: "GET", path: `/products/catalog?limit=${10 + Math.floor(at * 90)}` })
  return undefined
}

/** Reaches for what belongs to others. Whatever comes back, it must not be theirs. */
export const trespass: Play = async ({ world, client, journal }, actor, { picks: [at, how] }) => {
  const { organization } = actor
  const strangers = world.suppliers.filter(({ id, isLodger }) => id !== organization.id && !isLodger && !organization.partners.has(id))
  const stranger = pick(strangers, at)
  if (stranger === undefined) return undefined
  const order = pick([...stranger.orders.keys()], how)
  const link = pick([...stranger.links.keys()], how)
  const product = pick([...stranger.products.keys()], how)
  const unit = pick([...stranger.stockroom.units.keys()], how)
  const tries: ReadonlyArray<Call | undefined> = [
    order && { method: "GET", path: `/orders/${order}` },
    order && { method: "PUT", path: `/orders/${order}/status`, body: { status: "CANCELLED" } },
    link && { method: "GET", path: `/links/${link}` },
    link && { method: "PUT", path: `/links/${link}/status`, body: { status: "REMOVED" } },
    product && { method: "GET", path: `/products/${product}` },
    unit && { method: "GET", path: `/inventory/items/${unit}` },
    unit && { method: "POST", path: `/inventory/items/${unit}/sell` },
    product && { method: "POST", path: "/orders", body: { supplier_id: stranger.id, items: [{ product_id: product, quantity: 1 }] } },
  ]
  const call = pick(tries, (at * 7 + how * 13) % 1)
  if (call === undefined) return undefined
  const answer = await client.send(actor, call)
  journal.count("trespasses tried")
  if (answer !== undefined && answer.status < 400)
    journal.violate(
      `${organization.name} reached for ${call.method} ${call.path} of ${stranger.name} and got ${answer.status}: ${answer.text}`,
    )
  return undefined
}
