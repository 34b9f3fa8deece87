import { z } from "zod"
import type { OrderId, OrganizationId } from "../../../src/kernel/ids.ts"
import type { Answer } from "../journal.ts"
import type { Step } from "../plan.ts"
import { pick } from "../random.ts"
import type { Actor, OrderStatus, Organization } from "../world.ts"
import { listLinks } from "./links.ts"
import { type Given, give, type Play, pickOf, type Scene, supplierOf } from "./scene.ts"

const orderBody = z.object({
  id: z.string().transform((id) => id as OrderId),
  status: z.string().transform((status) => status as OrderStatus),
  version: z.number(),
  supplier_id: z.string().transform((id) => id as OrganizationId),
  buyer_id: z.string().transform((id) => id as OrganizationId),
})
const orderPage = z.object({ data: z.array(orderBody) })

const learnOrder =
  (organization: Organization) =>
  ({ text, isPending }: Answer): void =>
    organization.heardOfOrder(orderBody.parse(JSON.parse(text)), !isPending)

export const placeOrder: Play = (scene, actor, step) => place(scene, actor, step, supplierOf(scene, actor.organization, step.picks[0]))

export const placeForBuyer: Play = async (scene, actor, step) => {
  const link = pickOf(actor.organization.links.values(), ({ status }) => status === "APPROVED", step.picks[0])
  const buyer = link === undefined ? undefined : scene.byId.get(link.buyerId)
  return buyer === undefined ? listLinks(scene, actor) : place(scene, actor, step, actor.organization, buyer)
}

async function place(scene: Scene, actor: Actor, step: Step, supplier: Organization, buyer?: Organization): Promise<Given | undefined> {
  const products = [...supplier.products.values()].filter(({ isActive }) => isActive)
  const [, a, b, size] = step.picks
  // The same product twice in an order is worth a try: its lines must not both have the last unit.
  const lines = [pick(products, a), ...(size < 0.6 ? [pick(products, b)] : []), ...(size < 0.15 ? [pick(products, a)] : [])].filter(
    (product) => product !== undefined,
  )
  if (lines.length === 0) return undefined
  const items = lines.map(({ id }, index) => ({ product_id: id, quantity: 1 + Math.floor(((size * 37 + index * 7) % 1) * 12) }))
  const body = { supplier_id: supplier.id, items, note: step.key, ...(buyer === undefined ? {} : { buyer_id: buyer.id }) }
  return give(
    scene,
    actor,
    step,
    {
      kind: "place order",
      call: { method: "POST", path: "/orders", body },
      asked: { supplierId: supplier.id, buyerId: buyer?.id ?? actor.organization.id, lines: items.length },
    },
    { learn: learnOrder(actor.organization) },
  )
}

/** Moves an order that is in one of these states, as far as the organization knows. */
export const moveOrder =
  (status: OrderStatus, ...from: OrderStatus[]): Play =>
  async (scene, actor, step) => {
    const order = pickOf(actor.organization.orders.values(), (known) => from.includes(known.status), step.picks[0])
    if (order === undefined) return listOrders(scene, actor)
    return give(
      scene,
      actor,
      step,
      {
        kind: "move order",
        call: { method: "PUT", path: `/orders/${order.id}/status`, body: { status, reason: step.key } },
        asked: { status },
        target: order.id,
      },
      { learn: learnOrder(actor.organization) },
    )
  }

export async function listOrders({ client }: Scene, actor: Actor): Promise<undefined> {
  const answer = await client.send(actor, { method: "GET", path: "/orders/my-orders?limit=100" })
  if (answer?.status !== 200) return
  for (const order of orderPage.parse(JSON.parse(answer.text)).data) actor.organization.heardOfOrder(order, true)
}

/** Whoever was told that D1 shows a change must find it there, and never an older state. */
export async function readOrder({ client, journal }: Scene, actor: Actor, { picks: [at] }: Step): Promise<undefined> {
  const { organization } = actor
  const order = pick([...organization.orders.values()], at)
  if (order === undefined) return
  const { id, shownVersion } = order
  const answer = await client.send(actor, { method: "GET", path: `/orders/${id}` })
  if (answer === undefined || answer.status >= 500) return
  if (answer.status !== 200) {
    journal.violate(`${organization.name} knows order ${id} and reading it answered ${answer.status}: ${answer.text}`)
    return
  }
  const seen = orderBody.parse(JSON.parse(answer.text))
  if (seen.version < shownVersion) journal.violate(`order ${id} was shown at version ${shownVersion}, then read at ${seen.version}`)
  journal.count("orders read back")
  organization.heardOfOrder(seen, true)
}
