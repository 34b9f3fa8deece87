import { z } from "zod"
import type { BundleComponentId, ProductId } from "../../../src/kernel/ids.ts"
import type { Step } from "../plan.ts"
import type { Actor } from "../world.ts"
import { type Given, give, type Play, pickOf, type Scene } from "./scene.ts"

const componentId = z.string().transform((id) => id as BundleComponentId)
const productId = z.string().transform((id) => id as ProductId)
const componentBody = z.object({ id: componentId, parent_id: productId, child_id: productId })
const bill = z.object({ data: z.array(z.object({ component_id: componentId, parent_id: productId, child_id: productId })) })

/** Components a kit is kept at by those who change it. */
const partsMost = 4

/** A part less, or one more, while the kit is sold. */
export const changeKit: Play = async (scene, actor, step) => {
  const { products, stockroom } = actor.organization
  const [a, how, which, size] = step.picks
  const kit = pickOf(products.values(), ({ goods }) => goods === "kit", a)
  if (kit === undefined) return undefined
  const known = [...stockroom.parts.values()].filter(({ parentId }) => parentId === kit.id)
  const isIn = new Set(known.map(({ childId }) => childId))
  const old = known.length >= partsMost || (known.length > 1 && how < 0.5) ? pickOf(known, () => true, which) : undefined
  if (old !== undefined) return removeComponent(scene, actor, step, old.id)
  const part = pickOf(products.values(), ({ id, goods, isActive }) => isActive && goods !== "kit" && !isIn.has(id), which)
  if (part === undefined) return undefined
  const given = await addComponent(scene, actor, step, kit.id, part.id, 1 + Math.floor(size * 3))
  // Somebody else was faster, or was never told.
  if (given.command.answer === undefined) await lookAtKit(scene, actor, kit.id)
  return given
}

export const addComponent = (
  scene: Scene,
  actor: Actor,
  step: Pick<Step, "key" | "manner">,
  parentId: ProductId,
  childId: ProductId,
  quantity: number,
): Promise<Given> =>
  give(
    scene,
    actor,
    step,
    {
      kind: "add component",
      call: { method: "POST", path: "/bundles", body: { parent_id: parentId, child_id: childId, quantity } },
      asked: { parentId, childId, quantity },
    },
    {
      learn: ({ text }) => {
        const { id, parent_id: parent, child_id: child } = componentBody.parse(JSON.parse(text))
        actor.organization.stockroom.parts.set(id, { id, parentId: parent, childId: child })
      },
    },
  )

async function removeComponent(scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, id: BundleComponentId): Promise<Given> {
  const given = await give(scene, actor, step, {
    kind: "remove component",
    call: { method: "DELETE", path: `/bundles/${id}` },
    target: id,
  })
  if (given.command.outcome !== "unknown") actor.organization.stockroom.parts.delete(id)
  return given
}

/** Takes a part out and puts it in with another quantity: a run has a kit that was sold both ways. */
export async function reshapeKit(scene: Scene, actor: Actor, { key, manner }: Pick<Step, "key" | "manner">): Promise<void> {
  const { products, stockroom } = actor.organization
  const part = pickOf(stockroom.parts.values(), ({ childId }) => products.get(childId)?.goods === "counted", 0)
  if (part === undefined) return
  await removeComponent(scene, actor, { key: `${key}-out`, manner }, part.id)
  await addComponent(scene, actor, { key: `${key}-in`, manner }, part.parentId, part.childId, 2)
}

async function lookAtKit({ client }: Scene, actor: Actor, kit: ProductId): Promise<void> {
  const answer = await client.send(actor, { method: "GET", path: `/bundles/parent/${kit}/components?limit=100` })
  if (answer?.status !== 200) return
  const { parts } = actor.organization.stockroom
  for (const { component_id: id, parent_id: parentId, child_id: childId } of bill.parse(JSON.parse(answer.text)).data)
    parts.set(id, { id, parentId, childId })
}
