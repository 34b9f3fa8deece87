import { z } from "zod"
import type { LocationId, MovementId, ProductId } from "../../../src/kernel/ids.ts"
import { day } from "../../../src/kernel/time.ts"
import type { Answer } from "../journal.ts"
import type { Step } from "../plan.ts"
import { pick, Random } from "../random.ts"
import type { KnownLot, KnownMovement } from "../stockroom.ts"
import type { Actor, KnownProduct } from "../world.ts"
import { box } from "./products.ts"
import { type Given, give, type Play, pickOf, type Scene } from "./scene.ts"

const movementBody = z.object({
  id: z.string().transform((id) => id as MovementId),
  type: z.string(),
  product_id: z.string().transform((id) => id as ProductId),
  warehouse_id: z.string().transform((id) => id as LocationId),
  lot_number: z.string().nullable(),
  quantity: z.number(),
  in_transit_quantity: z.number().nullable(),
})
const recordedBody = z.union([
  movementBody.transform((one) => [one]),
  z.object({ data: z.array(movementBody) }).transform(({ data }) => data),
])

/** A row as it is sent; `reference` is what it is found by in the books. */
type Row = {
  readonly type: "IN" | "OUT" | "TRANSFER" | "ADJUSTMENT"
  readonly product_id: ProductId
  readonly quantity: number
  readonly unit?: typeof box.unit
  readonly warehouse_id?: LocationId
  readonly to_warehouse_id?: LocationId
  readonly via_transit?: boolean
  readonly lot_number?: string
  readonly expires_on?: string
  readonly unit_cost?: string
  readonly reason?: string
  readonly corrects?: MovementId
  readonly receives?: MovementId
}
type OnError = "reject_all" | "reject_failed"

/** One row as itself, several as a batch, of which what is refused is left out or refuses all. */
export async function record(
  scene: Scene,
  actor: Actor,
  step: Pick<Step, "key" | "manner">,
  rows: readonly Row[],
  onError: OnError = "reject_all",
  learn: (answer: Answer) => void = () => undefined,
): Promise<Given> {
  const items = rows.map((row, index) => ({ ...row, reference: `${step.key}-r${index}` }))
  const [only, another] = items
  const body = another === undefined ? only : { items, on_error: onError }
  return give(
    scene,
    actor,
    step,
    {
      kind: "record movements",
      call: { method: "POST", path: "/stock-movements", body },
      asked: { rows: items, isAllOrNothing: onError === "reject_all" },
    },
    {
      learn: (answer) => {
        for (const heard of recordedBody.parse(JSON.parse(answer.text))) learnMovement(actor, heard)
        learn(answer)
      },
    },
  )
}

function learnMovement({ organization: { stockroom } }: Actor, heard: z.output<typeof movementBody>): void {
  const { id, type, product_id: productId, warehouse_id: locationId, lot_number: lotNumber, quantity } = heard
  const change = type === "IN" || type === "ADJUSTMENT" ? quantity : -quantity
  const movement: KnownMovement = { id, productId, locationId, lotNumber, change }
  stockroom.stated.push(movement)
  if (heard.in_transit_quantity !== null) stockroom.onTheirWay.set(id, { movement, left: heard.in_transit_quantity })
}

export const productsOf = ({ organization }: Actor, goods: KnownProduct["goods"]): KnownProduct[] =>
  [...organization.products.values()].filter((product) => product.isActive && product.goods === goods)

export const dateIn = (days: number): string => new Date(Date.now() + days * day).toISOString().slice(0, 10)

/** Yesterday for some, so that they are never sold; no day at all for others. */
const expiryOf = (at: number): { readonly expires_on?: string } => (at < 0.15 ? {} : { expires_on: dateIn(at < 0.25 ? -1 : 1 + at * 60) })

/** More of a lot that is there, or a new one. */
export const receiveLot: Play = async (scene, actor, step) => {
  const { stockroom } = actor.organization
  const [a, b, c, size] = step.picks
  const product = pick(productsOf(actor, "lots"), a)
  if (product === undefined) return undefined
  const known = b < 0.5 ? pickOf(stockroom.lots, ({ productId }) => productId === product.id, b * 2) : undefined
  const number = known?.number ?? step.key
  const warehouse = pick(stockroom.places, c ** 3)
  const row: Row = {
    type: "IN",
    product_id: product.id,
    quantity: 20 + Math.floor(size * 100),
    lot_number: number,
    unit_cost: (1 + size).toFixed(3),
    ...(known === undefined ? expiryOf(c) : {}),
    ...(warehouse === undefined ? {} : { warehouse_id: warehouse }),
  }
  return record(scene, actor, step, [row], "reject_all", () => {
    if (known === undefined) stockroom.lots.push({ productId: product.id, number, isHeld: false, isRecalled: false })
  })
}

/** One to four rows of any kind, of counted goods and of lots. */
export const moveStock: Play = async (scene, actor, step) => {
  const { stockroom } = actor.organization
  const random = new Random(`${step.key} rows`)
  const counted = productsOf(actor, "counted")
  const rows = Array.from({ length: 1 + Math.floor(random.next() * 4) }, () => rowOf(random, stockroom.places, counted, stockroom.lots))
  const some = rows.filter((row) => row !== undefined)
  return some.length === 0 ? undefined : record(scene, actor, step, some, random.chance(0.5) ? "reject_all" : "reject_failed")
}

function rowOf(
  random: Random,
  places: readonly LocationId[],
  counted: readonly KnownProduct[],
  lots: readonly KnownLot[],
): Row | undefined {
  const [at, isLot, which, where] = [random.next(), random.chance(0.5), random.next(), random.next()]
  const [to, isOnItsWay, size] = [random.next(), random.chance(0.4), random.next()]
  const lot = isLot ? pick(lots, which) : undefined
  const productId = lot?.productId ?? pick(counted, which)?.id
  // Most of the stock lies at the first.
  const place = pick(places, where ** 3)
  const target = pick(
    places.filter((one) => one !== place),
    to,
  )
  if (productId === undefined || place === undefined || target === undefined) return undefined
  const quantity = 1 + Math.floor(size * 15)
  const goods = { product_id: productId, warehouse_id: place, ...(lot === undefined ? {} : { lot_number: lot.number }) }
  // Of what was recalled only what comes back comes in.
  if (at < 0.2) return { type: "IN", quantity, ...goods, ...(lot?.isRecalled === true ? { reason: "RETURNED" } : {}) }
  const boxed = lot === undefined && size < 0.3 ? { unit: box.unit } : {}
  if (at < 0.45) return { type: "OUT", quantity, ...boxed, ...goods }
  if (at < 0.65) return { type: "ADJUSTMENT", quantity: size < 0.5 ? quantity : -quantity, ...goods }
  return { type: "TRANSFER", quantity, ...goods, to_warehouse_id: target, ...(isOnItsWay ? { via_transit: true } : {}) }
}

/** Some of what is on its way arrives, in whole or in part, or was lost. */
export const receiveTransfer: Play = async (scene, actor, step) => {
  const { onTheirWay } = actor.organization.stockroom
  const [at, how, size] = step.picks
  const sent = pickOf(onTheirWay.values(), ({ left }) => left > 0, at)
  if (sent === undefined) return undefined
  const quantity = size < 0.5 ? sent.left : Math.ceil(sent.left * size)
  const row: Row = {
    type: how < 0.8 ? "TRANSFER" : "OUT",
    product_id: sent.movement.productId,
    quantity,
    receives: sent.movement.id,
    ...(how < 0.8 ? {} : { reason: "LOST" }),
  }
  return record(scene, actor, step, [row], "reject_all", () => {
    sent.left -= quantity
  })
}

/** Takes back what a movement did at its place. */
export const correctMovement: Play = async (scene, actor, step) => {
  const wrong = pick(actor.organization.stockroom.stated, step.picks[0])
  if (wrong === undefined) return undefined
  const row: Row = {
    type: "ADJUSTMENT",
    product_id: wrong.productId,
    quantity: -wrong.change,
    warehouse_id: wrong.locationId,
    reason: "CORRECTION",
    corrects: wrong.id,
    ...(wrong.lotNumber === null ? {} : { lot_number: wrong.lotNumber }),
  }
  return record(scene, actor, step, [row])
}

export const holdOrReleaseLot: Play = async (scene, actor, step) => {
  const lot = pick(actor.organization.stockroom.lots, step.picks[0])
  if (lot === undefined) return undefined
  return setHold(scene, actor, step, lot, !lot.isHeld)
}

function setHold(scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, lot: KnownLot, hold: boolean): Promise<Given> {
  const path = `/inventory/lots/${encodeURIComponent(lot.number)}/quarantine?product_id=${lot.productId}`
  return give(
    scene,
    actor,
    step,
    {
      kind: "hold lot",
      call: { method: "POST", path, body: { hold, reason: step.key } },
      asked: { action: hold ? "inventory.lot.hold" : "inventory.lot.release", number: lot.number, productId: lot.productId },
    },
    {
      learn: () => {
        lot.isHeld = hold
      },
    },
  )
}

/** A lot comes in, is held and released, and some of it is sent to another place, where it will not arrive. */
export async function receiveAndSend(scene: Scene, actor: Actor, { key, manner }: Pick<Step, "key" | "manner">): Promise<void> {
  const [product] = productsOf(actor, "lots")
  const [from, to] = actor.organization.stockroom.places
  if (product === undefined || from === undefined || to === undefined) return
  const goods = { product_id: product.id, lot_number: key, warehouse_id: from }
  await record(scene, actor, { key, manner }, [{ type: "IN", quantity: 5, expires_on: dateIn(30), ...goods }])
  const lot: KnownLot = { productId: product.id, number: key, isHeld: false, isRecalled: false }
  await setHold(scene, actor, { key: `${key}-held`, manner }, lot, true)
  await setHold(scene, actor, { key: `${key}-released`, manner }, lot, false)
  const sent: Row = { type: "TRANSFER", quantity: 3, to_warehouse_id: to, via_transit: true, ...goods }
  await record(scene, actor, { key: `${key}-sent`, manner }, [sent])
}

/** A first lot of each product in lots, so that a run begins with something to sell. */
export async function stockUp(scene: Scene, actor: Actor, { key, manner }: Pick<Step, "key" | "manner">): Promise<void> {
  for (const [count, product] of productsOf(actor, "lots").entries()) {
    const number = `${key}-lot${count}`
    const row: Row = { type: "IN", product_id: product.id, quantity: 400, lot_number: number, expires_on: dateIn(30), unit_cost: "1.5" }
    await record(scene, actor, { key: number, manner }, [row])
    actor.organization.stockroom.lots.push({ productId: product.id, number, isHeld: false, isRecalled: false })
  }
}
