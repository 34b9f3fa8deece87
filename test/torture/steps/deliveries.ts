import type { OrderId } from "../../../src/kernel/ids.ts"
import type { Step } from "../plan.ts"
import { Random } from "../random.ts"
import type { Actor } from "../world.ts"
import { learnOrder, listOrders, lookAtOrder, type SeenItem } from "./orders.ts"
import { type Given, give, type Play, pickOf, plainManner, type Scene } from "./scene.ts"

/** Of one line, as somebody says that it came; only a supplier says what is billed. */
export type Weighed = { readonly item_id: string; readonly delivered?: number; readonly billed?: number }

/** The goods have come, and some lines weigh otherwise than ordered: the supplier bills it, the buyer only says so. */
export const completeWeighed: Play = async (scene, actor, step) => {
  const order = pickOf(actor.organization.orders.values(), ({ status }) => status === "IN_DELIVERY", step.picks[0])
  if (order === undefined) return listOrders(scene, actor, "IN_DELIVERY")
  const seen = await lookAtOrder(scene, actor, order.id)
  if (seen?.status !== "IN_DELIVERY") return undefined
  return complete(scene, actor, step, order.id, seen.items)
}

const thousandths = (quantity: number): number => Math.round(quantity * 1_000) / 1_000

/** Of half of the lines, and the first in any case, somebody says something. A line in 40 would weigh more than anybody may say. */
function weigh(random: Random, items: readonly SeenItem[], isSupplier: boolean): Weighed[] {
  return items.flatMap(({ id, quantity }, index): Weighed[] => {
    const [isSaid, share, isBilled, how] = [random.chance(0.5) || index === 0, random.between(0.2, 1.53), random.chance(0.5), random.next()]
    if (!isSaid) return []
    const delivered = thousandths(quantity * share)
    return [{ item_id: id, delivered, ...(isSupplier && isBilled ? { billed: thousandths(delivered * how) } : {}) }]
  })
}

function complete(scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, id: OrderId, seen: readonly SeenItem[]): Promise<Given> {
  const { organization } = actor
  const items = weigh(new Random(`${step.key} weights`), seen, organization.isSupplier)
  return give(
    scene,
    actor,
    step,
    {
      kind: "move order",
      call: { method: "PUT", path: `/orders/${id}/status`, body: { status: "COMPLETED", reason: step.key, items } },
      asked: { status: "COMPLETED", items, isBySupplier: organization.isSupplier },
      target: id,
    },
    { learn: learnOrder(organization) },
  )
}

/** An accepted order goes out, comes back, goes out again, and is weighed by whoever completes it: a run has some of each. */
export async function deliverAndWeigh(scene: Scene, seller: Actor, completer: Actor, key: string, id: OrderId): Promise<void> {
  for (const [index, status] of (["IN_DELIVERY", "FAILED_DELIVERY", "IN_DELIVERY"] as const).entries()) {
    const reason = `${key}-${index}`
    await give(
      scene,
      seller,
      { key: reason, manner: plainManner },
      {
        kind: "move order",
        call: { method: "PUT", path: `/orders/${id}/status`, body: { status, reason } },
        asked: { status },
        target: id,
      },
    )
  }
  const seen = await lookAtOrder(scene, completer, id)
  if (seen !== undefined) await complete(scene, completer, { key: `${key}-weighed`, manner: plainManner }, id, seen.items)
}
