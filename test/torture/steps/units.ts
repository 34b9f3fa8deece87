import { z } from "zod"
import { type UnitStatus, type UnitVerb, unitStatuses, unitVerbsFrom } from "../../../src/domains/units/rules.ts"
import type { UnitId } from "../../../src/kernel/ids.ts"
import type { Step } from "../plan.ts"
import { pick, Random } from "../random.ts"
import type { Actor } from "../world.ts"
import { type Given, give, type Play, pickOf, type Scene } from "./scene.ts"

const unitBody = z.object({
  id: z.string().transform((id) => id as UnitId),
  status: z.enum(unitStatuses),
  version: z.number(),
})
const unitList = z.object({ data: z.array(unitBody) })
const receivedBody = z.object({ items: z.array(unitBody) })

export const receiveUnits: Play = (scene, actor, step) => receive(scene, actor, step, 2 + Math.floor(step.picks[1] * 4), step.picks[2])

/** Two at least, so that the receipt is of none of them alone. */
export async function receive(
  scene: Scene,
  actor: Actor,
  step: Pick<Step, "key" | "manner">,
  count: number,
  where: number,
): Promise<Given | undefined> {
  const { products, stockroom } = actor.organization
  const product = pickOf(products.values(), ({ goods }) => goods === "units", 0)
  const place = pick(stockroom.places, where ** 3)
  if (product === undefined || place === undefined) return undefined
  // Of some nobody knows what they cost.
  const cost = where < 0.3 ? {} : { unit_cost: (10 + where * count).toFixed(2) }
  const serials = Array.from({ length: count }, (_, index) => `${step.key}-u${index}`)
  return give(
    scene,
    actor,
    step,
    {
      kind: "receive units",
      call: { method: "POST", path: "/inventory/items", body: { product_id: product.id, serials, warehouse_id: place, ...cost } },
      asked: { serials, productId: product.id },
    },
    {
      learn: ({ text }) => {
        for (const unit of receivedBody.parse(JSON.parse(text)).items) stockroom.heardOfUnit(unit)
      },
    },
  )
}

/** Two come in, of which one is reserved beyond the run. */
export async function receiveAndReserve(scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">): Promise<void> {
  const { stockroom } = actor.organization
  const given = await receive(scene, actor, step, 2, 0)
  const [unit] = given?.command.answer === undefined ? [] : receivedBody.parse(JSON.parse(given.command.answer.text)).items
  if (unit === undefined) return
  const key = `${step.key}-held`
  const call = { method: "POST", path: `/inventory/items/${unit.id}/reserve`, body: { reason: key, hours: holdHours.long } } as const
  await give(
    scene,
    actor,
    { key, manner: step.manner },
    { kind: "handle unit", call, asked: { verb: "reserve" }, target: unit.id },
    { learn: ({ text }) => stockroom.heardOfUnit(unitBody.parse(JSON.parse(text))) },
  )
}

const verbs: Readonly<Record<UnitVerb, number>> = { reserve: 30, release: 20, sell: 12, move: 20, damage: 8, return: 10 }

/** Long enough to last beyond the run, or so short that it ends during it by itself. */
const holdHours = { long: 24, short: 0.001 }

/** Something that may be done to a unit in the state that it was last heard of in; orders sell units without a word. */
export const handleUnit: Play = async (scene, actor, step) => {
  const { stockroom } = actor.organization
  const [at, how, where] = step.picks
  const verb = new Random(`${step.key} verb`).weighted(verbs)
  const mayFrom: readonly UnitStatus[] = unitVerbsFrom[verb]
  const unit = pickOf(stockroom.units.values(), ({ status }) => mayFrom.includes(status), at)
  if (unit === undefined) return listUnits(scene, actor, step)
  return give(
    scene,
    actor,
    step,
    {
      kind: "handle unit",
      call: {
        method: "POST",
        path: `/inventory/items/${unit.id}/${verb}`,
        body: { reason: step.key, ...saidOf(actor, verb, unit.status, how, where) },
      },
      asked: { verb },
      target: unit.id,
    },
    { learn: ({ text }) => stockroom.heardOfUnit(unitBody.parse(JSON.parse(text))) },
  )
}

function saidOf({ organization: { stockroom } }: Actor, verb: UnitVerb, status: UnitStatus, how: number, where: number): object {
  if (verb === "reserve") return { hours: how < 0.5 ? holdHours.long : holdHours.short }
  if (verb !== "move") return {}
  return { to_warehouse_id: pick(stockroom.places, where), ...(how < 0.5 && status === "AVAILABLE" ? { via_transit: true } : {}) }
}

/** What became of some of them, by orders and by time. */
export const listUnits: Play = async ({ client }, actor, { picks: [at] }) => {
  const path = `/inventory/items?limit=100&status=${pick(unitStatuses, at) ?? "AVAILABLE"}`
  const answer = await client.send(actor, { method: "GET", path })
  if (answer?.status !== 200) return undefined
  for (const unit of unitList.parse(JSON.parse(answer.text)).data) actor.organization.stockroom.heardOfUnit(unit)
  return undefined
}
