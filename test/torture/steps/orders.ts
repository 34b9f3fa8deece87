import { z } from "zod"
import type { OrderStatus } from "../../../src/domains/orders/rules.ts"
import type { OrderId, OrganizationId } from "../../../src/kernel/ids.ts"
import type { Answer } from "../journal.ts"
import type { Step } from "../plan.ts"
import { pick } from "../random.ts"
import type { Actor, KnownProduct, Organization } from "../world.ts"
import { listLinks } from "./links.ts"
import { box } from "./products.ts"
import { type Given, give, type Play, pickOf, type Scene, supplierOf } from "./scene.ts"

const orderBody = z.object({
  id: z.string().transform((id) => id as OrderId),
  status: z.string().transform((status) => status as OrderStatus),
  version: z.number(),
  supplier_id: z.string().transform((id) => id as OrganizationId),
  buyer_id: z.string().transform((id) => id as OrganizationId),
})
const orderItem = z.object({ id: z.string(), product_id: z.string(), quantity: z.number() })
/** A line as it is ordered: in pieces, or in boxes. */
export type AskedItem = { readonly product_id: string; readonly quantity: number; readonly unit?: string }

export type SeenItem = z.output<typeof orderItem>
const wholeOrder = orderBody.extend({ items: z.array(orderItem) })
const orderPage = z.object({ data: z.array(orderBody) })

export const learnOrder =
  (organization: Organization) =>
  ({ text, isPending }: Answer): void =>
    organization.heardOfOrder(orderBody.parse(JSON.parse(text)), !isPending)

export const placeOrder: Play = (scene, actor, step) => place(scene, actor, step, supplierOf(scene, actor.organization, step.picks[0]))

export const placeForBuyer: Play = async (scene, actor, step) => {
  const link = pickOf(actor.organization.links.values(), ({ status }) => status === "APPROVED", step.picks[0])
  const buyer = link === undefined ? undefined : scene.byId.get(link.buyerId)
  return buyer === undefined ? listLinks(scene, actor) : place(scene, actor, step, actor.organization, buyer)
}

/** A kit, often beside what it is made of: both take from the same stock. */
export const orderKit: Play = async (scene, actor, step) => {
  const supplier = supplierOf(scene, actor.organization, step.picks[0])
  const isKit = ({ goods }: KnownProduct): boolean => goods === "kit"
  const isPart = ({ goods }: KnownProduct): boolean => goods === "lots" || goods === "units"
  const [, a, b, size] = step.picks
  const kit = pickOf(supplier.products.values(), isKit, a)
  const part = size < 0.5 ? pickOf(supplier.products.values(), isPart, b) : undefined
  return placeOf(
    scene,
    actor,
    step,
    supplier,
    [kit, part].filter((product) => product !== undefined),
  )
}

/** An order for one kit, accepted at once. */
export async function sellKit(
  scene: Scene,
  buyer: Actor,
  seller: Actor,
  { key, manner }: Pick<Step, "key" | "manner">,
): Promise<OrderId | undefined> {
  const kit = pickOf(seller.organization.products.values(), ({ goods }) => goods === "kit", 0)
  if (kit === undefined) return undefined
  const { id: supplierId } = seller.organization
  const items: readonly AskedItem[] = [{ product_id: kit.id, quantity: 1 }]
  const body = { supplier_id: supplierId, items, note: key }
  const asked = { supplierId, buyerId: buyer.organization.id, items }
  const placed = await give(scene, buyer, { key, manner }, { kind: "place order", call: { method: "POST", path: "/orders", body }, asked })
  if (placed.command.answer === undefined) return undefined
  const { id } = orderBody.parse(JSON.parse(placed.command.answer.text))
  const accepted = { status: "ACCEPTED", reason: `${key}-accepted` } as const
  await give(
    scene,
    seller,
    { key: accepted.reason, manner },
    {
      kind: "move order",
      call: { method: "PUT", path: `/orders/${id}/status`, body: accepted },
      asked: { status: "ACCEPTED" },
      target: id,
    },
    { learn: learnOrder(seller.organization) },
  )
  return id
}

async function place(scene: Scene, actor: Actor, step: Step, supplier: Organization, buyer?: Organization): Promise<Given | undefined> {
  const products = [...supplier.products.values()].filter(({ isActive }) => isActive)
  const [, a, b, size] = step.picks
  // The same product twice in an order is worth a try: its lines must not both have the last unit.
  const lines = [pick(products, a), ...(size < 0.6 ? [pick(products, b)] : []), ...(size < 0.15 ? [pick(products, a)] : [])]
  return placeOf(
    scene,
    actor,
    step,
    supplier,
    lines.filter((product) => product !== undefined),
    buyer,
  )
}

async function placeOf(
  scene: Scene,
  actor: Actor,
  step: Step,
  supplier: Organization,
  lines: readonly KnownProduct[],
  buyer?: Organization,
): Promise<Given | undefined> {
  const [, , , size] = step.picks
  if (lines.length === 0) return undefined
  const items = lines.map(({ id, goods }, index): AskedItem => {
    const much = 1 + Math.floor(((size * 37 + index * 7) % 1) * 12)
    const isBoxed = goods === "counted" && (size * 53 + index * 0.6) % 1 < 0.3
    return { product_id: id, ...(isBoxed ? { quantity: Math.ceil(much / box.quantity), unit: box.unit } : { quantity: much }) }
  })
  const body = { supplier_id: supplier.id, items, note: step.key, ...(buyer === undefined ? {} : { buyer_id: buyer.id }) }
  return give(
    scene,
    actor,
    step,
    {
      kind: "place order",
      call: { method: "POST", path: "/orders", body },
      asked: { supplierId: supplier.id, buyerId: buyer?.id ?? actor.organization.id, items },
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

/** The buyer takes what is offered instead, or looks whether anything is. */
export const agree: Play = async (scene, actor, step) => {
  const order = pickOf(actor.organization.orders.values(), ({ status }) => status === "AMENDED", step.picks[0])
  return order === undefined ? listOrders(scene, actor, "AMENDED") : moveOrder("ACCEPTED", "AMENDED")(scene, actor, step)
}

/** Offers less of the first line, or another product instead of it, by what the order is when it is looked at. */
export const acceptFewer: Play = async (scene, actor, step) => {
  const [at, how, which, less] = step.picks
  const order = pickOf(actor.organization.orders.values(), ({ status }) => status === "PENDING", at)
  if (order === undefined) return listOrders(scene, actor, "PENDING")
  const seen = await lookAtOrder(scene, actor, order.id)
  const [first] = seen?.items ?? []
  if (seen?.status !== "PENDING" || first === undefined) return undefined
  const isOther = ({ id, isActive, goods }: KnownProduct): boolean => isActive && goods !== "kit" && id !== first.product_id
  const substitute = how < 0.3 ? pickOf(actor.organization.products.values(), isOther, which) : undefined
  const fewer = Math.floor(first.quantity * less)
  // Nothing at all would be a refusal.
  if (substitute === undefined && fewer === 0 && seen.items.length === 1) return undefined
  const item =
    substitute === undefined
      ? { item_id: first.id, quantity: fewer }
      : { item_id: first.id, quantity: first.quantity, substitute_product_id: substitute.id }
  return give(
    scene,
    actor,
    step,
    {
      kind: "move order",
      call: { method: "PUT", path: `/orders/${order.id}/status`, body: { status: "ACCEPTED", reason: step.key, items: [item] } },
      asked: { status: "AMENDED" },
      target: order.id,
    },
    { learn: learnOrder(actor.organization) },
  )
}

/** By what it is now, with its lines; undefined when nobody says. */
export async function lookAtOrder({ client }: Scene, actor: Actor, id: OrderId): Promise<z.output<typeof wholeOrder> | undefined> {
  const answer = await client.send(actor, { method: "GET", path: `/orders/${id}` })
  if (answer?.status !== 200) return undefined
  const seen = wholeOrder.parse(JSON.parse(answer.text))
  actor.organization.heardOfOrder(seen, true)
  return seen
}

export async function listOrders({ client }: Scene, actor: Actor, status?: OrderStatus): Promise<undefined> {
  const which = status === undefined ? "" : `&status=${status}`
  const answer = await client.send(actor, { method: "GET", path: `/orders/my-orders?limit=100${which}` })
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
