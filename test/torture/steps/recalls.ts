import type { OrderId } from "../../../src/kernel/ids.ts"
import type { Step } from "../plan.ts"
import type { KnownLot } from "../stockroom.ts"
import type { Actor } from "../world.ts"
import { dateIn, productsOf, record } from "./movements.ts"
import { type Given, give, type Play, pickOf, plainManner, type Scene } from "./scene.ts"

/** Rather an old lot, of which orders have taken some; another comes in, so that they can go on. */
export const recallLot: Play = async (scene, actor, step) => {
  const lot = pickOf(actor.organization.stockroom.lots, ({ isRecalled }) => !isRecalled, step.picks[0] ** 2)
  if (lot === undefined) return undefined
  const given = await recall(scene, actor, step, lot)
  if (given.command.answer !== undefined) await bringIn(scene, actor, { key: `${step.key}-instead`, manner: plainManner }, lot, 300, 20)
  return given
}

function recall(scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, lot: KnownLot): Promise<Given> {
  const path = `/inventory/lots/${encodeURIComponent(lot.number)}/recall?product_id=${lot.productId}`
  return give(
    scene,
    actor,
    step,
    {
      kind: "recall lot",
      call: { method: "POST", path, body: { reason: step.key } },
      asked: { action: "inventory.lot.recall", number: lot.number, productId: lot.productId },
    },
    {
      learn: () => {
        lot.isRecalled = true
      },
    },
  )
}

/** A new lot of the same product. */
async function bringIn(
  scene: Scene,
  actor: Actor,
  step: Pick<Step, "key" | "manner">,
  { productId }: Pick<KnownLot, "productId">,
  quantity: number,
  days: number,
): Promise<KnownLot> {
  const lot: KnownLot = { productId, number: step.key, isHeld: false, isRecalled: false }
  await record(scene, actor, step, [
    { type: "IN", product_id: productId, quantity, lot_number: lot.number, expires_on: dateIn(days), unit_cost: "2.345" },
  ])
  actor.organization.stockroom.lots.push(lot)
  return lot
}

/** A lot of which the order that is sold meanwhile takes some, since nothing expires sooner: a run has one recall that somebody must hear of. */
export async function recallSold(
  scene: Scene,
  actor: Actor,
  { key, manner }: Pick<Step, "key" | "manner">,
  sell: () => Promise<OrderId | undefined>,
): Promise<OrderId | undefined> {
  const [product] = productsOf(actor, "lots")
  if (product === undefined) return undefined
  const lot = await bringIn(scene, actor, { key: `${key}-lot`, manner }, { productId: product.id }, 9, 1)
  const order = await sell()
  await recall(scene, actor, { key: `${key}-recalled`, manner }, lot)
  return order
}
