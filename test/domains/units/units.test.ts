import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { quiet } from "../../support/ledger.ts"
import { api, auditOf, costOf, eventsOf, hire, type Person, signUp, unique, type World } from "../../support/world.ts"

quiet()

type Body = Record<string, unknown>
type Unit = {
  readonly id: string
  readonly serial: string
  readonly status: string
  readonly warehouse_id: string
  readonly version: number
}

let ours: World
let theirs: World
let hand: Person
let seller: Person
let clerk: Person

beforeAll(async () => {
  ;[ours, theirs] = [await signUp(), await signUp()]
  ;[hand, seller, clerk] = [await hire(ours.token, "warehouse_op"), await hire(ours.token, "sales_rep"), await hire(ours.token, "staff")]
}, 60_000)

const get = (path: string, by: { token: string } = ours) => api("GET", path, { token: by.token })
const post = (path: string, body: Body | undefined, by: { token: string } = ours, headers: Record<string, string> = {}) =>
  api("POST", path, { token: by.token, body, headers })
const step = (unit: { id: string }, verb: string, body: Body | undefined = {}, by: { token: string } = ours, headers = {}) =>
  post(`/inventory/items/${unit.id}/${verb}`, body, by, headers)

async function product(by: World = ours, more: Body = {}): Promise<{ id: string; sku: string }> {
  const answer = await post("/products", { sku: unique("SND"), name: "Soundbar", price: "199", ...more }, by)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

async function placeOf(code: string, by: World): Promise<string> {
  const answer = await post("/warehouses", { code, name: `Place ${code}` }, by)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body.id
}

async function received(productId: string, by: World = ours, more: Body = {}): Promise<Unit> {
  const answer = await post("/inventory/items", { product_id: productId, serial: unique("SN"), ...more }, by)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

async function many(productId: string, count: number, by: World = ours, more: Body = {}): Promise<Unit[]> {
  const serials = Array.from({ length: count }, () => unique("SN"))
  const answer = await post("/inventory/items", { product_id: productId, serials, ...more }, by)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body.items
}

const serialsOf = (answer: { body: { data: Unit[] } }) => answer.body.data.map(({ serial }) => serial)

describe("receiving", () => {
  test("one unit answers with itself, and is shown with its history and counted", async () => {
    const world = await signUp()
    const { id, sku } = await product(world, { stock_quantity: 2 })
    const made = await post(
      "/inventory/items",
      { product_id: id, serial: "SN-1", lot_number: "L-7", expires_on: "2099-01-31", unit_cost: "12.5" },
      world,
    )
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    expect(made.body).toMatchObject({
      product_id: id,
      serial: "SN-1",
      status: "AVAILABLE",
      lot_number: "L-7",
      order_id: null,
      reserved_until: null,
      version: 1,
      history: [{ from: null, to: "AVAILABLE", by: { name: "Olga Owner" } }],
    })
    expect(made.headers.get("location")).toBe(`/api/v1/inventory/items/${made.body.id}`)
    const read = await get(`/inventory/items/${made.body.id}`, world)
    expect(read.body).toEqual(made.body)
    expect(read.headers.get("etag")).toBe(made.headers.get("etag"))
    expect((await get(`/inventory/summary/${id}`, world)).body).toEqual({
      product_id: id,
      sku,
      on_hand: 3,
      reserved: 0,
      available: 3,
      units: { AVAILABLE: 1, RESERVED: 0, SOLD: 0, DAMAGED: 0, RMA: 0, IN_TRANSIT: 0 },
      total_units: 1,
    })
    expect((await get(`/products/${id}`, world)).body.stock_quantity).toBe(3)
  })

  test("many come as serials or as items, all or none, and the taken serials are named", async () => {
    const [one, other] = [await product(), await product()]
    const units = await many(one.id, 3)
    expect(units.map(({ status }) => status)).toEqual(["AVAILABLE", "AVAILABLE", "AVAILABLE"])
    const taken = units[1]?.serial
    const fresh = unique("SN")
    const refused = await post("/inventory/items", {
      items: [
        { product_id: one.id, serial: fresh },
        { product_id: other.id, serial: taken },
      ],
    })
    expect(refused).toMatchObject({
      status: 409,
      body: { code: "CONFLICT", serials: [taken], errors: [{ pointer: "/items/1/serial", code: "TAKEN" }] },
    })
    expect((await get(`/inventory/items?serial=${fresh}`)).body.data).toEqual([])
    const made = await post("/inventory/items", {
      items: [
        { product_id: one.id, serial: fresh },
        { product_id: other.id, serial: unique("SN"), lot_number: "L" },
      ],
    })
    expect(made.body.items.map((unit: { product_id: string }) => unit.product_id)).toEqual([one.id, other.id])
    const audits = (await auditOf(ours.org.id)).filter(({ action }) => action === "inventory.unit.receive")
    expect(JSON.parse(audits.at(-1)?.after ?? "").units).toHaveLength(2)
  })

  test(`${limits.unitsPerReceiptMax} come in at once, and one more does not`, async () => {
    const world = await signUp()
    const { id } = await product(world)
    const serials = Array.from({ length: limits.unitsPerReceiptMax + 1 }, (_, index) => `S-${index}`)
    expect((await post("/inventory/items", { product_id: id, serials }, world)).status).toBe(422)
    const made = await post("/inventory/items", { product_id: id, serials: serials.slice(1) }, world)
    expect([made.status, made.body.items.length]).toEqual([201, limits.unitsPerReceiptMax])
    expect((await get(`/inventory/summary/${id}`, world)).body).toMatchObject({ on_hand: 500, units: { AVAILABLE: 500 } })
    // One event, one movement.
    expect((await eventsOf(world.org.id)).filter((type) => type === "unit.received")).toHaveLength(1)
  }, 60_000)

  test.each<[string, Body]>([
    ["/product_id", { serial: "A" }],
    ["/serial", {}],
    ["/serial", { serial: "A", serials: ["B"] }],
    ["/serial", { serial: "  " }],
    ["/serial", { serial: "A\nB" }],
    ["/serials", { serials: [] }],
    ["/lot_number", { serial: "A", expires_on: "2099-01-31" }],
    ["/expires_on", { serial: "A", lot_number: "L", expires_on: "2099-02-30" }],
    ["/unit_cost", { serial: "A", unit_cost: "-1" }],
    ["/warehouse_id", { serial: "A", warehouse_id: "whs_01jd8x2y3zf4g5h6j7k8m9n0pq" }],
    ["/lot_number", { lot_number: "L", items: [{ product_id: "prd_01jd8x2y3zf4g5h6j7k8m9n0pq", serial: "A" }] }],
    ["/items/0/product_id", { items: [{ product_id: "prd_01jd8x2y3zf4g5h6j7k8m9n0pq", serial: "NOBODY" }] }],
    ["/status", { serial: "A", status: "SOLD" }],
  ])("what is wrong at %s is refused there: %j", async (pointer, body) => {
    const { id } = await product()
    const given = pointer === "/product_id" || "items" in body ? body : { product_id: id, ...body }
    const answer = await post("/inventory/items", given)
    expect(answer).toMatchObject({ status: 422, body: { code: "VALIDATION_FAILED" } })
    expect(answer.body.errors.map((one: { pointer: string }) => one.pointer)).toContain(pointer)
    expect((await get(`/inventory/items?product_id=${id}`)).body.data).toEqual([])
  })

  test("a label names the product, the lot, its last day and the serial: of one unit, of many, and of each", async () => {
    const world = await signUp()
    const { id } = await product(world, { gtin: "4006381333931" })
    const label = (serial: string) => `(01)04006381333931(17)310228(10)L-7(21)${serial}`
    const one = await post("/inventory/items", { gs1: `]d201040063813339311731022810L-7\u001d21SN-1` }, world)
    expect(one.status, JSON.stringify(one.body)).toBe(201)
    expect(one.body).toMatchObject({ product_id: id, serial: "SN-1", lot_number: "L-7", status: "AVAILABLE" })
    const each = await post("/inventory/items", { items: [{ gs1: label("SN-2") }, { gs1: label("SN-3"), product_id: id }] }, world)
    expect(each.body.items).toMatchObject([
      { serial: "SN-2", lot_number: "L-7" },
      { serial: "SN-3", lot_number: "L-7" },
    ])
    const box = await post("/inventory/items", { gs1: "(01)04006381333931(10)L-7", serials: ["SN-4", "SN-5"] }, world)
    expect(box.body.items).toHaveLength(2)
    const named = await post("/inventory/items", { gtin: "04006381333931", serial: "SN-6" }, world)
    expect(named.body).toMatchObject({ product_id: id, lot_number: null })
    const [lot] = (await get(`/inventory/${id}?limit=10`, world)).body.data.filter((level: Body) => level["lot_number"] !== null)
    expect(lot).toMatchObject({ lot_number: "L-7", expires_on: "2031-02-28", on_hand: 5 })

    const other = await product(world)
    for (const [body, pointer] of [
      [{ gs1: label("SN-7"), product_id: other.id }, "/gtin"],
      [{ gs1: label("SN-7"), serial: "SN-8" }, "/serial"],
      [{ gs1: label("SN-7"), serials: ["SN-8"] }, "/serial"],
      [{ gs1: label("SN-7"), lot_number: "L-8" }, "/lot_number"],
      [{ gs1: "(01)04006381333932(21)SN-7" }, "/gs1"],
      [{ gs1: "(10)L-7(21)SN-7" }, "/product_id"],
      [{ gs1: "(01)04006381333931(10)L-7" }, "/serial"],
      [{ gtin: "96385074", serial: "SN-7" }, "/gtin"],
      [{ items: [{ gs1: label("SN-7") }, { gs1: "(01)04006381333931" }] }, "/items/1/serial"],
      [{ items: [{ gs1: "nonsense" }] }, "/items/0/gs1"],
      [{ items: [{ serial: "SN-7" }] }, "/items/0/product_id"],
      [{ gs1: label("SN-7"), items: [{ gs1: label("SN-8") }] }, "/gs1"],
    ] as ReadonlyArray<readonly [Body, string]>) {
      const answer = await post("/inventory/items", body, world)
      expect([answer.status, answer.body.code], pointer).toEqual([422, "VALIDATION_FAILED"])
      expect(
        answer.body.errors.map((fault: { pointer: string }) => fault.pointer),
        JSON.stringify(body),
      ).toContain(pointer)
    }
    expect((await get(`/inventory/summary/${id}`, world)).body.total_units).toBe(6)
  })

  test("is the warehouse's and the manager's, of own products, once for each key", async () => {
    const { id } = await product()
    const body = { product_id: id, serial: unique("SN") }
    for (const by of [seller, clerk]) expect((await post("/inventory/items", body, by)).status).toBe(403)
    expect(await post("/inventory/items", { ...body, serial: "STOLEN" }, theirs)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/product_id", code: "UNKNOWN_PRODUCT" }] },
    })
    const key = { "idempotency-key": crypto.randomUUID() }
    const [first, again] = [await post("/inventory/items", body, hand, key), await post("/inventory/items", body, hand, key)]
    expect(first.status).toBe(201)
    expect(again.body).toEqual(first.body)
    expect((await post("/inventory/items", { ...body, serial: "OTHER" }, hand, key)).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    expect((await post("/inventory/items", body, hand)).body.code).toBe("CONFLICT")
  })
})

describe("handling", () => {
  test("a unit goes its way, each step in its history, in the log and as an event", async () => {
    const world = await signUp()
    const { id } = await product(world)
    const unit = await received(id, world)
    const there = await placeOf("B", world)
    const done: string[] = []
    const walk = async (verb: string, body: Body = {}) => {
      const answer = await step(unit, verb, body, world)
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
      done.push(answer.body.status)
      return answer.body
    }
    const before = Date.now()
    const reserved = await walk("reserve", { hours: 2, reason: "for the fair" })
    expect(Date.parse(reserved.reserved_until) - before).toBeGreaterThanOrEqual(2 * 3_600_000)
    await walk("release")
    expect((await walk("reserve")).history.at(-1)).toMatchObject({ from: "AVAILABLE", to: "RESERVED", reason: null })
    await walk("sell")
    await walk("return", { reason: "too loud" })
    await walk("release")
    await walk("move", { to_warehouse_id: there, via_transit: true })
    expect(await walk("move")).toMatchObject({ warehouse_id: there })
    await walk("damage", { reason: "dropped" })
    expect(done).toEqual(["RESERVED", "AVAILABLE", "RESERVED", "SOLD", "RMA", "AVAILABLE", "IN_TRANSIT", "AVAILABLE", "DAMAGED"])
    const { body } = await get(`/inventory/items/${unit.id}`, world)
    expect(body.history.map(({ to }: { to: string }) => to)).toEqual(["AVAILABLE", ...done])
    expect(body).toMatchObject({ version: 10, status: "DAMAGED", reserved_until: null })
    expect((await auditOf(world.org.id)).map(({ action }) => action).filter((action) => action.startsWith("inventory.unit."))).toEqual(
      ["receive", "reserve", "release", "reserve", "sell", "return", "release", "move", "move", "damage"].map(
        (verb) => `inventory.unit.${verb}`,
      ),
    )
    expect((await eventsOf(world.org.id)).filter((type) => type.startsWith("unit."))).toEqual([
      "unit.received",
      "unit.reserved",
      "unit.released",
      "unit.reserved",
      "unit.sold",
      "unit.returned",
      "unit.released",
      "unit.moved",
      "unit.moved",
      "unit.damaged",
    ])
    expect((await get(`/inventory/summary/${id}`, world)).body).toMatchObject({ on_hand: 0, units: { DAMAGED: 1, AVAILABLE: 0 } })
  })

  test("needs no body where nothing is to be said, and stays promised for as long as the deployment says", async () => {
    const unit = await received((await product()).id)
    const before = Date.now()
    const answer = await step(unit, "reserve", undefined)
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    const hours = (Date.parse(answer.body.reserved_until) - before) / 3_600_000
    expect(hours).toBeGreaterThanOrEqual(Number(env.UNIT_RESERVATION_HOURS))
    for (const wrong of [0, -1, limits.unitReservationHoursMax + 1, "soon"])
      expect((await step(unit, "reserve", { hours: wrong })).status).toBe(422)
  })

  test("INV-UNT-1: a step that the state does not allow is refused with the state and what it allows", async () => {
    const unit = await received((await product()).id)
    expect(await step(unit, "return")).toMatchObject({
      status: 409,
      body: { code: "INVALID_TRANSITION", current: "AVAILABLE", allowed: ["RESERVED", "SOLD", "IN_TRANSIT", "DAMAGED"] },
    })
    await step(unit, "reserve")
    expect(await step(unit, "reserve")).toMatchObject({ status: 409, body: { code: "INVALID_TRANSITION", current: "RESERVED" } })
    await step(unit, "sell")
    for (const verb of ["reserve", "release", "sell", "damage"])
      expect(await step(unit, verb), verb).toMatchObject({ status: 409, body: { current: "SOLD", allowed: ["RMA"] } })
    expect((await get(`/inventory/items/${unit.id}`)).body.version).toBe(3)
  })

  test("takes If-Match, and is done once for each key", async () => {
    const unit = await received((await product()).id)
    const { headers } = await get(`/inventory/items/${unit.id}`)
    const match = { "if-match": headers.get("etag") ?? "" }
    const key = { "idempotency-key": crypto.randomUUID() }
    const [first, again] = [
      await step(unit, "reserve", {}, ours, { ...match, ...key }),
      await step(unit, "reserve", {}, ours, { ...match, ...key }),
    ]
    expect(first.status).toBe(200)
    expect(again.body).toEqual(first.body)
    expect((await step(unit, "reserve", { hours: 3 }, ours, key)).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    expect(await step(unit, "release", {}, ours, match)).toMatchObject({ status: 412, body: { code: "VERSION_MISMATCH" } })
    expect((await step(unit, "release", {}, ours, { "if-match": first.headers.get("etag") ?? "" })).status).toBe(200)
  })

  test("is each role's own", async () => {
    const unit = await received((await product()).id)
    for (const verb of ["reserve", "release", "sell", "move", "damage", "return"])
      expect((await step(unit, verb, {}, clerk)).status, verb).toBe(403)
    for (const verb of ["move", "damage", "return"]) expect((await step(unit, verb, {}, seller)).status, verb).toBe(403)
    for (const verb of ["reserve", "release", "sell"]) expect((await step(unit, verb, {}, seller)).status, verb).toBe(200)
    expect((await step(unit, "return", {}, hand)).status).toBe(200)
    // What came back is looked at by whoever handles units before it is on sale again.
    expect((await step(unit, "release", {}, seller)).body.code).toBe("FORBIDDEN")
    for (const verb of ["release", "damage"]) expect((await step(unit, verb, {}, hand)).status, verb).toBe(200)
    expect((await get(`/inventory/items/${unit.id}`, clerk)).status).toBe(200)
  })

  test("of another organization's unit finds nothing, and goes to no place of another's", async () => {
    const { id } = await product()
    const unit = await received(id)
    for (const verb of ["reserve", "release", "sell", "damage", "return", "move"])
      expect((await step(unit, verb, {}, theirs)).body.code, verb).toBe("NOT_FOUND")
    expect((await get(`/inventory/items/${unit.id}`, theirs)).status).toBe(404)
    expect((await get(`/inventory/summary/${id}`, theirs)).status).toBe(404)
    const own = await received((await product(theirs)).id, theirs)
    expect(await step(own, "move", { to_warehouse_id: unit.warehouse_id }, theirs)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: "/to_warehouse_id", code: "UNKNOWN_WAREHOUSE" }] },
    })
    expect((await get(`/inventory/items?product_id=${id}`, theirs)).body.data).toEqual([])
  })
})

describe("the list", () => {
  test("goes newest first, page by page, by product, place, state and serial", async () => {
    const world = await signUp()
    const there = await placeOf("B", world)
    const [one, other] = [await product(world), await product(world)]
    const units = await many(one.id, 3, world)
    const [elsewhere] = (await many(other.id, 1, world, { warehouse_id: there })) as [Unit]
    await step(units[1] as Unit, "reserve", {}, world)
    const serials = units.map(({ serial }) => serial)
    const all = [elsewhere.serial, ...serials.toReversed()]
    const first = await get("/inventory/items?limit=3", world)
    expect(serialsOf(first)).toEqual(all.slice(0, 3))
    expect(first.body.data[0]).not.toHaveProperty("history")
    const second = await get(`/inventory/items?limit=3&cursor=${first.body.next_cursor}`, world)
    expect([serialsOf(second), second.body.next_cursor]).toEqual([all.slice(3), null])
    const by = async (query: string) => serialsOf(await get(`/inventory/items?${query}`, world))
    expect(await by(`product_id=${one.id}`)).toEqual(serials.toReversed())
    expect(await by(`warehouse_id=${there}`)).toEqual([elsewhere.serial])
    expect(await by("status=reserved")).toEqual([serials[1]])
    expect(await by(`serial=${serials[2]}`)).toEqual([serials[2]])
    expect(await by(`product_id=${one.id}&status=AVAILABLE`)).toEqual([serials[2], serials[0]])
    expect(await by(`product_id=${one.id}&warehouse_id=${there}`)).toEqual([])
    expect(await by(`serial=${serials[2]}&product_id=${other.id}`)).toEqual([])
    const paged = await get(`/inventory/items?product_id=${one.id}&status=AVAILABLE&limit=1`, world)
    expect(
      serialsOf(await get(`/inventory/items?product_id=${one.id}&status=AVAILABLE&limit=1&cursor=${paged.body.next_cursor}`, world)),
    ).toEqual([serials[0]])
    expect((await get("/inventory/items?cursor=nonsense", world)).status).toBe(422)
    expect((await get("/inventory/items?status=EATEN", world)).status).toBe(422)
  })

  test("costs one trip and a row a row shown, whichever index serves it", async () => {
    const world = await signUp()
    const { id } = await product(world)
    const [unit] = (await many(id, 60, world)) as [Unit]
    for (const query of [`product_id=${id}`, "status=AVAILABLE", `warehouse_id=${unit.warehouse_id}`, ""]) {
      const cost = costOf(await get(`/inventory/items?limit=10&${query}`, world))
      expect(cost.trips, query).toBe(1)
      expect(cost.read, query).toBeLessThanOrEqual(22)
    }
    expect(costOf(await get(`/inventory/items?serial=${unit.serial}`, world)).read).toBeLessThanOrEqual(2)
    expect(costOf(await get(`/inventory/items/${unit.id}`, world))).toMatchObject({ trips: 1, read: 1 })
  })
})
