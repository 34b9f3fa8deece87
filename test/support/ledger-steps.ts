import fc from "fast-check"
import { expect } from "vitest"
import type { LedgerCommand } from "../../durable-objects/supplier-ledger/commands/index.ts"
import type { Envelope, LedgerReply } from "../../durable-objects/supplier-ledger/rpc.ts"
import { type OrderStatus, settableOrderStatuses } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import { decidableLinkStatuses } from "../../src/domains/partners/rules.ts"
import type { LocationId, OrderId, OrganizationId, ProductId } from "../../src/kernel/ids.ts"
import { actorOf, noTerms } from "./ledger.ts"
import { type Concrete, LedgerModel } from "./ledger-model.ts"

/** What somebody does; things are named by their place among those there are, so that a list stays meaningful when it shrinks. */
export type Step =
  | { readonly do: "create"; readonly sku: number; readonly units: number; readonly step: number; readonly minimum: number }
  | {
      readonly do: "update"
      readonly product: number
      readonly units: number | undefined
      readonly active: boolean | undefined
      readonly match: Match
    }
  | { readonly do: "archive"; readonly product: number; readonly match: Match }
  | {
      readonly do: "save"
      readonly sku: number
      readonly units: number | undefined
      readonly active: boolean | undefined
      /** Whether it says all that a new product needs. */
      readonly isWhole: boolean
    }
  | { readonly do: "open"; readonly by: number; readonly code: number; readonly operator: number | undefined }
  | {
      readonly do: "refit"
      readonly by: number
      readonly place: number
      readonly code: number | undefined
      /** 2 is nobody. */
      readonly operator: number | undefined
      readonly match: Match
    }
  | { readonly do: "close"; readonly by: number; readonly place: number; readonly match: Match }
  | { readonly do: "request"; readonly buyer: number; readonly inNameOf: number }
  | {
      readonly do: "decide"
      readonly buyer: number
      readonly by: number
      readonly status: (typeof decidableLinkStatuses)[number]
      readonly mayUnblock: boolean
    }
  | {
      readonly do: "terms"
      readonly buyer: number
      readonly by: number
      readonly percentOff: number
      readonly listed: ReadonlyArray<{ readonly product: number; readonly price: number }>
      readonly least: number
    }
  | {
      readonly do: "place"
      readonly buyer: number
      readonly by: number
      readonly lines: ReadonlyArray<{ readonly product: number; readonly units: number }>
      /** Whether it names products by their SKUs, of which there may be none. */
      readonly isBySku: boolean
    }
  | {
      readonly do: "move"
      readonly order: number
      readonly by: number
      readonly status: (typeof settableOrderStatuses)[number]
      readonly match: Match
    }
  | { readonly do: "lead"; readonly order: number; readonly to: Lead }
  | { readonly do: "complete"; readonly order: number; readonly isReceipt: boolean; readonly share: number | undefined }
  | { readonly do: "reorder"; readonly order: number; readonly by: number }
  | { readonly do: "repeat"; readonly earlier: number }
  | { readonly do: "reuse"; readonly earlier: number }
  | { readonly do: "crash" }
  | { readonly do: "outage" }
  | { readonly do: "recovery" }

type Match = "none" | "right" | "stale"

/** From where most orders come to a state. */
const ledFrom = { ACCEPTED: "PENDING", IN_DELIVERY: "ACCEPTED", CANCELLED: "ACCEPTED" } as const satisfies Partial<
  Record<OrderStatus, OrderStatus>
>
type Lead = keyof typeof ledFrom

const place = fc.nat(5)
/** 0 is the supplier, 1 and 2 the buyers. */
const party = fc.nat(2)
const buyer = fc.nat(1)
const match = fc.constantFrom<Match>("none", "none", "right", "stale")
const units = fc.nat(16)

const create = fc.record({
  do: fc.constant("create" as const),
  sku: fc.nat(3),
  units,
  step: fc.constantFrom(1_000, 1_000, 1_000, 2_000),
  minimum: fc.integer({ min: 1, max: 2 }),
})
const update = fc.record({
  do: fc.constant("update" as const),
  product: place,
  units: fc.option(units, { nil: undefined }),
  active: fc.option(fc.boolean(), { nil: undefined }),
  match,
})
const archive = fc.record({ do: fc.constant("archive" as const), product: place, match })
const save = fc.record({
  do: fc.constant("save" as const),
  sku: fc.nat(3),
  units: fc.option(units, { nil: undefined }),
  active: fc.option(fc.boolean(), { nil: undefined }),
  isWhole: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
})
/** Nearly always the supplier, whose places they are. */
const owner = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: party })
const open = fc.record({ do: fc.constant("open" as const), by: owner, code: fc.nat(4), operator: fc.option(buyer, { nil: undefined }) })
const refit = fc.record({
  do: fc.constant("refit" as const),
  by: owner,
  place,
  code: fc.option(fc.nat(4), { nil: undefined }),
  operator: fc.option(fc.nat(2), { nil: undefined }),
  match,
})
const close = fc.record({ do: fc.constant("close" as const), by: owner, place, match })
const request = fc
  .record({ do: fc.constant("request" as const), buyer, inNameOf: fc.constant(0) })
  .map((one) => ({ ...one, inNameOf: one.buyer }))
const pretend = fc.record({ do: fc.constant("request" as const), buyer, inNameOf: buyer })
const decide = fc.record({
  do: fc.constant("decide" as const),
  buyer,
  by: party,
  status: fc.constantFrom(...decidableLinkStatuses),
  mayUnblock: fc.boolean(),
})
const approve = fc.record({
  do: fc.constant("decide" as const),
  buyer,
  by: fc.constant(0),
  status: fc.constant("APPROVED" as const),
  mayUnblock: fc.constant(true),
})
const terms = fc.record({
  do: fc.constant("terms" as const),
  buyer,
  by: owner,
  percentOff: fc.constantFrom(0, 0, 5, 33, 100),
  listed: fc.uniqueArray(fc.record({ product: place, price: fc.nat(9) }), { maxLength: 2, selector: ({ product }) => product }),
  least: fc.constantFrom(0, 0, 0, 15),
})
const lines = fc.array(fc.record({ product: place, units: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 3 })
const placed = fc.record({
  do: fc.constant("place" as const),
  buyer,
  by: party,
  lines,
  isBySku: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
})
const ordered = placed.map((one) => ({ ...one, by: one.buyer + 1 }))
const move = fc.record({
  do: fc.constant("move" as const),
  order: place,
  by: party,
  status: fc.constantFrom(...settableOrderStatuses),
  match,
})
/** The way that most orders go, each step of one that may take it where there is any. */
const lead = fc.record({
  do: fc.constant("lead" as const),
  order: place,
  to: fc.constantFrom<Lead[]>("ACCEPTED", "ACCEPTED", "ACCEPTED", "IN_DELIVERY", "IN_DELIVERY", "IN_DELIVERY", "CANCELLED"),
})
const complete = fc.record({
  do: fc.constant("complete" as const),
  order: place,
  isReceipt: fc.boolean(),
  share: fc.constantFrom(undefined, 0, 0.5, 0.935, 1, 1.2, 2),
})
const reorder = fc.record({ do: fc.constant("reorder" as const), order: place, by: party })
const repeat = fc.record({ do: fc.constantFrom("repeat" as const, "reuse" as const), earlier: fc.nat(40) })

/** Random histories, weighted so that most orders find an approved link and some stock. */
export const steps = (length: number, faults: boolean): fc.Arbitrary<Step[]> => {
  const any = fc.oneof(
    { weight: 3, arbitrary: create },
    { weight: 2, arbitrary: update },
    { weight: 1, arbitrary: archive },
    { weight: 2, arbitrary: save },
    { weight: 1, arbitrary: open },
    { weight: 2, arbitrary: refit },
    { weight: 1, arbitrary: close },
    { weight: 2, arbitrary: request },
    { weight: 1, arbitrary: pretend },
    { weight: 3, arbitrary: approve },
    { weight: 1, arbitrary: decide },
    { weight: 2, arbitrary: terms },
    { weight: 8, arbitrary: ordered },
    { weight: 1, arbitrary: placed },
    { weight: 9, arbitrary: lead },
    { weight: 4, arbitrary: move },
    { weight: 5, arbitrary: complete },
    { weight: 2, arbitrary: reorder },
    { weight: 4, arbitrary: repeat },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Step>({ do: "crash" }, ...(faults ? [{ do: "outage" } as const, { do: "recovery" } as const] : [])),
    },
  )
  const introduced = (at: number) =>
    fc.tuple(request, approve).map(([one, other]): Step[] => [
      { ...one, buyer: at, inNameOf: at },
      { ...other, buyer: at },
    ])
  const acquainted = fc
    .tuple(create, create, introduced(0), introduced(1), open)
    .map(([one, other, first, second, room]): Step[] => [one, other, ...first, ...second, room])
  const strange = fc.tuple(create, request, approve).map((some): Step[] => some)
  const opening = fc.oneof({ weight: 4, arbitrary: acquainted }, { weight: 1, arbitrary: strange })
  const rest = fc.array<Step>(any, { minLength: Math.floor(length / 2), maxLength: length, size: "max" })
  return fc.tuple(opening, rest).map(([first, others]) => [...first, ...others])
}

/** The ledger as a history meets it. */
export type Driver = {
  execute(envelope: Envelope): Promise<LedgerReply>
  crash(): Promise<void>
  outage(): void
  recovery(): void
}

type Done = { readonly concrete: Concrete; readonly commandId: string; readonly kept: LedgerReply["result"] | undefined }

/** Walks the ledger and the model along a history side by side; every answer must be the one the model foretells. */
export async function walk(
  history: readonly Step[],
  owner: OrganizationFacts,
  buyers: readonly OrganizationFacts[],
  driver: Driver,
): Promise<LedgerModel> {
  const model = new LedgerModel(owner)
  const people = [owner, ...buyers]
  const done: Done[] = []
  const give = async (concrete: Concrete, commandId: string): Promise<void> => {
    const foretold = model.predict(concrete)
    const by = people.find(({ id }) => id === concrete.by) ?? owner
    const { result } = await driver.execute({
      commandId,
      requestHash: "hash",
      actor: actorOf(by),
      origin: { ipAddress: null, userAgent: null },
      ifMatch: concrete.ifMatch,
      command: concrete.command,
    })
    expect(result.ok ? "OK" : result.error.code, JSON.stringify(concrete)).toBe(foretold)
    if (result.ok) model.commit(concrete, result.value)
    const isKept = result.ok || (foretold !== "STOCK_INSUFFICIENT" && model.isParty(concrete.by))
    done.push({ concrete, commandId, kept: isKept ? result : undefined })
  }
  for (const step of history) {
    switch (step.do) {
      case "crash":
      case "outage":
      case "recovery":
        await driver[step.do]()
        break
      case "repeat":
      case "reuse": {
        const earlier = done[step.earlier % Math.max(1, done.length)]
        if (earlier === undefined) break
        const { concrete, commandId, kept } = earlier
        if (kept === undefined) {
          // Nothing was kept of it, so it is a new attempt of the same command, whose outcome may differ by now.
          await give(concrete, commandId)
          break
        }
        const by = people.find(({ id }) => id === concrete.by) ?? owner
        const requestHash = step.do === "repeat" ? "hash" : "another"
        const { result } = await driver.execute({
          commandId,
          requestHash,
          actor: actorOf(by),
          origin: { ipAddress: null, userAgent: null },
          ifMatch: concrete.ifMatch,
          command: concrete.command,
        })
        if (step.do === "repeat") expect(result).toEqual(kept)
        else expect(result).toMatchObject({ ok: false, error: { code: "IDEMPOTENCY_KEY_REUSED" } })
        break
      }
      default:
        await give(concreteOf(step, model, people), crypto.randomUUID())
    }
  }
  return model
}

type Command = Exclude<Step, { readonly do: "crash" | "outage" | "recovery" | "repeat" | "reuse" }>

function concreteOf(step: Command, model: LedgerModel, people: readonly OrganizationFacts[]): Concrete {
  const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)]
  const product = (index: number): ProductId => at([...model.products.keys()], index) ?? "prd_00000000000000000000000000"
  const order = (index: number): OrderId => at([...model.orders.keys()], index) ?? "ord_00000000000000000000000000"
  /** Of those in a state, or of all where none is. */
  const orderIn = (status: OrderStatus, index: number): OrderId =>
    at(
      [...model.orders].filter(([, one]) => one.status === status).map(([id]) => id),
      index,
    ) ?? order(index)
  const placeOf = (index: number): LocationId => at([...model.places.keys()], index) ?? "whs_00000000000000000000000000"
  const person = (index: number): OrganizationFacts => people[index] ?? model.owner
  const matched = (version: number | undefined, how: Match) => (how === "none" ? undefined : (version ?? 1) + (how === "stale" ? 1 : 0))
  const made = (by: OrganizationId, command: LedgerCommand, ifMatch?: number): Concrete => ({ by, ifMatch, command })
  const owner = model.owner.id
  switch (step.do) {
    case "create":
      return made(owner, {
        verb: "createProduct",
        input: {
          sku: `SKU-${step.sku}`,
          name: "Tomatoes",
          price: "5.99",
          stockMilli: step.units * 1_000,
          quantityStepMilli: step.step,
          minOrderMilli: step.step * step.minimum,
        },
      })
    case "update": {
      const productId = product(step.product)
      const input = {
        productId,
        ...(step.units === undefined ? {} : { stockMilli: step.units * 1_000 }),
        ...(step.active === undefined ? {} : { isActive: step.active }),
      }
      return made(owner, { verb: "updateProduct", input }, matched(model.products.get(productId)?.version, step.match))
    }
    case "archive": {
      const productId = product(step.product)
      return made(owner, { verb: "archiveProduct", input: { productId } }, matched(model.products.get(productId)?.version, step.match))
    }
    case "save":
      return made(owner, {
        verb: "saveProduct",
        input: {
          sku: `SKU-${step.sku}`,
          ...(step.isWhole ? { name: "Tomatoes", price: "5.99" } : {}),
          ...(step.units === undefined ? {} : { stockMilli: step.units * 1_000 }),
          ...(step.active === undefined ? {} : { isActive: step.active }),
        },
      })
    case "open": {
      const operatorId = step.operator === undefined ? null : person(step.operator + 1).id
      const terms = { code: codeOf(step.code), name: "Place", kind: "STORE" as const, address: null, capacityMilli: null }
      return made(person(step.by).id, { verb: "createLocation", input: { ...terms, operatorId } })
    }
    case "refit": {
      const locationId = placeOf(step.place)
      const input = {
        locationId,
        ...(step.code === undefined ? {} : { code: codeOf(step.code) }),
        ...(step.operator === undefined ? {} : { operatorId: step.operator === 2 ? null : person(step.operator + 1).id }),
      }
      return made(person(step.by).id, { verb: "updateLocation", input }, matched(model.places.get(locationId)?.version, step.match))
    }
    case "close": {
      const locationId = placeOf(step.place)
      return made(
        person(step.by).id,
        { verb: "archiveLocation", input: { locationId } },
        matched(model.places.get(locationId)?.version, step.match),
      )
    }
    case "request": {
      const named = person(step.inNameOf + 1)
      return made(person(step.buyer + 1).id, {
        verb: "requestLink",
        input: { buyerId: named.id, buyerName: named.name, message: null, coolDownMs: 0 },
      })
    }
    case "decide": {
      const linkId = model.links.get(person(step.buyer + 1).id)?.id ?? "lnk_00000000000000000000000000"
      return made(person(step.by).id, {
        verb: "setLinkStatus",
        input: { linkId, status: step.status, reason: null, mayUnblock: step.mayUnblock },
      })
    }
    case "terms": {
      const linkId = model.links.get(person(step.buyer + 1).id)?.id ?? "lnk_00000000000000000000000000"
      // Two places may mean one product, where there are few.
      const listed = new Map(step.listed.map((one) => [product(one.product), one.price]))
      return made(person(step.by).id, {
        verb: "setLinkTerms",
        input: {
          linkId,
          terms: {
            ...noTerms,
            discountBasisPoints: step.percentOff * 100,
            priceList: [...listed].map(([productId, price]) => ({ productId, price, tiers: [] })),
            minOrderValue: step.least === 0 ? null : { value: step.least },
          },
        },
      })
    }
    case "place": {
      const order = { buyerId: person(step.buyer + 1).id, note: null, requestedDeliveryOn: null }
      const quantityOf = (line: { readonly units: number }) => ({ quantityMilli: line.units * 1_000 })
      return made(
        person(step.by).id,
        step.isBySku
          ? {
              verb: "placeOrderBySku",
              input: { ...order, lines: step.lines.map((line) => ({ sku: `SKU-${line.product % 4}`, ...quantityOf(line) })) },
            }
          : {
              verb: "placeOrder",
              input: { ...order, lines: step.lines.map((line) => ({ productId: product(line.product), ...quantityOf(line) })) },
            },
      )
    }
    case "move": {
      const orderId = order(step.order)
      return made(
        person(step.by).id,
        { verb: "setOrderStatus", input: { orderId, status: step.status, reason: null } },
        matched(model.orders.get(orderId)?.version, step.match),
      )
    }
    case "lead":
      return made(owner, {
        verb: "setOrderStatus",
        input: { orderId: orderIn(ledFrom[step.to], step.order), status: step.to, reason: null },
      })
    case "complete": {
      const orderId = orderIn("IN_DELIVERY", step.order)
      const { buyer: buyerId = owner, firstLine: itemId, lines = [] } = model.orders.get(orderId) ?? {}
      const deliveredMilli = Math.round((lines[0]?.quantityMilli ?? 0) * (step.share ?? 1))
      const delivered = step.share === undefined || itemId === undefined ? {} : { delivered: [{ itemId, deliveredMilli }] }
      return made(step.isReceipt ? buyerId : owner, {
        verb: "setOrderStatus",
        input: { orderId, status: "COMPLETED", reason: null, ...delivered },
      })
    }
    case "reorder":
      return made(person(step.by).id, { verb: "reorder", input: { orderId: order(step.order) } })
  }
}

/** Some are the ledger's own. */
const codeOf = (index: number): string => ["MAIN", "NORTH", "SOUTH", "EAST", "IN-TRANSIT"][index] ?? "WEST"

type Movement = {
  product_id: ProductId
  location_id: string
  quantity_milli: number
  order_id: OrderId | null
  order_line_id: string | null
  reason: string
}

/** Everything that must hold of a ledger's own tables, whatever happened to it. */
export function expectSoundBooks(sql: SqlStorage, model: LedgerModel): void {
  const all = <T extends Record<string, SqlStorageValue>>(query: string): T[] => sql.exec<T>(query).toArray()
  const movements = all<Movement>("SELECT * FROM stock_movements")
  const sum = (of: (movement: Movement) => boolean): number =>
    movements.filter(of).reduce((total, { quantity_milli }) => total + quantity_milli, 0)

  // INV-STK-1 and INV-STK-4: never below zero, and each level is the sum of its movements.
  const levels = all<{ product_id: ProductId; location_id: string; on_hand_milli: number }>("SELECT * FROM stock_levels")
  for (const { product_id, location_id, on_hand_milli } of levels) {
    expect(on_hand_milli).toBeGreaterThanOrEqual(0)
    expect(on_hand_milli).toBe(sum((one) => one.product_id === product_id && one.location_id === location_id))
  }
  for (const movement of movements)
    expect(levels.some((one) => one.product_id === movement.product_id && one.location_id === movement.location_id)).toBe(true)
  const stock = new Map(
    all<{ id: ProductId; version: number }>("SELECT id, version FROM products").map(({ id, version }) => [
      id,
      { version, stock: sum((one) => one.product_id === id) },
    ]),
  )
  // Ids of one millisecond on both sides of a crash do not sort by it: what there is counts, not the order.
  expect(Object.fromEntries(stock)).toEqual(
    Object.fromEntries([...model.products].map(([id, { version, stock: milli }]) => [id, { version, stock: milli }])),
  )

  // INV-ORD-1: each order is where the model says, and came there by its flow.
  const orders = all<{ id: OrderId; number: string; status: string; total_minor: number; lines: string; history: string }>(
    "SELECT * FROM orders ORDER BY number",
  )
  expect(Object.fromEntries(orders.map(({ id, status }) => [id, status]))).toEqual(
    Object.fromEntries([...model.orders].map(([id, { status }]) => [id, status])),
  )
  // INV-ORD-2, INV-ORD-6 and INV-ORD-8: at the buyer's own prices of the moment, and only less where the supplier says that less came.
  expect(Object.fromEntries(orders.map(({ id, total_minor }) => [id, total_minor]))).toEqual(
    Object.fromEntries([...model.orders].map(([id, { cents }]) => [id, cents])),
  )
  for (const { id, status, lines: linesJson, history: historyJson } of orders) {
    const history = JSON.parse(historyJson) as ReadonlyArray<{ from: string | null; to: string; at: number }>
    expect(history.map(({ from }) => from)).toEqual([null, ...history.slice(0, -1).map(({ to }) => to)])
    expect(history.at(-1)?.to).toBe(status)
    expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).sort((a, b) => a - b))
    // INV-STK-3: what an accept took is out, what a cancel gave back is back, line by line and exactly.
    const isOut = model.orders.get(id)?.wasAccepted === true && status !== "CANCELLED"
    for (const line of JSON.parse(linesJson) as ReadonlyArray<{ id: string; productId: ProductId; quantityMilli: number }>) {
      const ofLine = (one: Movement): boolean => one.order_line_id === line.id && one.product_id === line.productId
      expect(0 - sum((one) => ofLine(one) && one.reason === "ORDER_ACCEPTED")).toBe(
        model.orders.get(id)?.wasAccepted === true ? line.quantityMilli : 0,
      )
      expect(0 - sum(ofLine)).toBe(isOut ? line.quantityMilli : 0)
    }
    expect(movements.filter((one) => one.order_id === id && one.order_line_id === null)).toEqual([])
  }
  // INV-ORD-3: numbers are gapless.
  expect(orders.map(({ number }) => number).sort()).toEqual(orders.map((_, index) => `SO-${String(index + 1).padStart(5, "0")}`))

  const places = all<{ id: LocationId; code: string; archived_at: number | null; version: number; operators: string }>(
    "SELECT * FROM locations WHERE is_default = 0",
  )
  expect(
    Object.fromEntries(
      places.map(({ id, code, archived_at, version, operators }) => {
        const run = JSON.parse(operators) as ReadonlyArray<{ id: OrganizationId; isCurrent: boolean }>
        return [id, { code, version, archived: archived_at !== null, operator: run.find(({ isCurrent }) => isCurrent)?.id }]
      }),
    ),
  ).toEqual(Object.fromEntries(model.places))

  const links = all<{ buyer_id: OrganizationId; status: string }>("SELECT * FROM links")
  expect(Object.fromEntries(links.map(({ buyer_id, status }) => [buyer_id, status]))).toEqual(
    Object.fromEntries([...model.links].map(([id, { status }]) => [id, status])),
  )
}
