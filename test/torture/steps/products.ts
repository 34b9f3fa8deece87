import { z } from "zod"
import type { OrganizationId, ProductId } from "../../../src/kernel/ids.ts"
import type { Step } from "../plan.ts"
import type { Actor, Goods, KnownProduct } from "../world.ts"
import { type Given, give, type Play, pickOf, type Scene } from "./scene.ts"

const productBody = z.object({
  id: z.string().transform((id) => id as ProductId),
  sku: z.string(),
  supplier_id: z.string().transform((id) => id as OrganizationId),
  is_active: z.boolean(),
})
const versioned = z.object({ version: z.number() })

/** What counted goods come in, too. */
export const box = { unit: "box", quantity: 6 } as const

/** Below it somebody is told that stock is low. */
export const minimum = 60

const ownProduct = ({ organization }: Actor, { picks: [at] }: Step): KnownProduct | undefined =>
  pickOf(organization.products.values(), ({ isActive }) => isActive, at)

/** One whose stock is a number that somebody states; lots, units and kits are another matter. */
const countedProduct = ({ organization }: Actor, { picks: [at] }: Step): KnownProduct | undefined =>
  pickOf(organization.products.values(), ({ isActive, goods }) => isActive && goods === "counted", at)

const priceOf = ({ picks: [, at] }: Step): string => (1 + at * 99).toFixed(2)

export const createProduct: Play = (scene, actor, step) => create(scene, actor, step, { stock: Math.floor(step.picks[1] * 200) })

export function create(
  scene: Scene,
  actor: Actor,
  step: Pick<Step, "key" | "manner">,
  { stock, goods = "counted" }: { readonly stock: number; readonly goods?: Goods },
): Promise<Given> {
  const { key } = step
  const body = {
    sku: key,
    name: `Product ${key}`,
    price: "5.99",
    stock_quantity: stock,
    min_stock_level: minimum,
    description: key,
    packs: goods === "counted" ? [box] : [],
  }
  return give(
    scene,
    actor,
    step,
    { kind: "create product", call: { method: "POST", path: "/products", body }, asked: { stock } },
    {
      learn: ({ text }) => {
        const { id, sku, supplier_id: supplierId, is_active: isActive } = productBody.parse(JSON.parse(text))
        actor.organization.products.set(id, { id, sku, supplierId, goods, isActive })
      },
    },
  )
}

/** An edit on a version, where one is given, and else on whatever is there. */
type Edit = { readonly change: Readonly<Record<string, unknown>>; readonly on?: { readonly etag: string; readonly version: number } }

const edit = (scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, { id }: KnownProduct, { change, on }: Edit): Promise<Given> =>
  give(scene, actor, step, {
    kind: "edit product",
    call: {
      method: "PATCH",
      path: `/products/${id}`,
      body: { ...change, description: step.key },
      ...(on === undefined ? {} : { ifMatch: on.etag }),
    },
    asked: { change, onVersion: on?.version },
    target: id,
  })

export const editPrice: Play = async (scene, actor, step) => {
  const product = ownProduct(actor, step)
  return product && edit(scene, actor, step, product, { change: { price: priceOf(step) } })
}

export const countStock: Play = async (scene, actor, step) => {
  const product = countedProduct(actor, step)
  return product && edit(scene, actor, step, product, { change: { stock_quantity: Math.floor(step.picks[1] * 400) } })
}

async function read({ client }: Scene, actor: Actor, { id }: KnownProduct): Promise<Edit["on"]> {
  const answer = await client.send(actor, { method: "GET", path: `/products/${id}` })
  if (answer?.status !== 200 || answer.etag === null) return undefined
  return { etag: answer.etag, version: versioned.parse(JSON.parse(answer.text)).version }
}

/** As an editor works: reads, thinks a while, and changes what was read, unless somebody was faster. */
export const editByEtag: Play = async (scene, actor, step) => {
  const product = ownProduct(actor, step)
  const on = product && (await read(scene, actor, product))
  return product && on && edit(scene, actor, step, product, { change: { price: priceOf(step) }, on })
}

/** Two who have read the same, and save at the same time: one of them at most may. */
export const editAgainstRival: Play = async (scene, actor, step) => {
  const product = countedProduct(actor, step)
  const on = product && (await read(scene, actor, product))
  if (product === undefined || on === undefined) return undefined
  scene.journal.count("edits against a rival")
  const rival = { key: `${step.key}-rival`, manner: { ...step.manner, givesUp: false } }
  const [given] = await Promise.all([
    edit(scene, actor, step, product, { change: { price: priceOf(step) }, on }),
    edit(scene, actor, rival, product, { change: { stock_quantity: Math.floor(step.picks[2] * 400) }, on }),
  ])
  return given
}

export const archiveProduct: Play = async (scene, actor, step) => {
  const product = countedProduct(actor, step)
  if (product === undefined || actor.organization.products.size < 4) return undefined
  const call = { method: "DELETE", path: `/products/${product.id}` } as const
  const given = await give(scene, actor, step, { kind: "archive product", call, target: product.id })
  product.isActive = false
  return given
}
