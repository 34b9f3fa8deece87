import { beforeAll, describe, expect, test } from "vitest"
import type { LocationId, ProductId } from "../../../src/kernel/ids.ts"
import { market } from "../../support/market.ts"
import { api, auditOf, eventsOf, hire, signUp } from "../../support/world.ts"

const address = { street: "Market Street 7", city: "Hamburg", region: "", postal_code: "20095", country: "DE" }

const create = (token: string, body: object, headers = {}) => api("POST", "/warehouses", { token, body, headers })
const patch = (token: string, id: string, body: object, headers = {}) => api("PATCH", `/warehouses/${id}`, { token, body, headers })
const codesOf = async (token: string, query = ""): Promise<string[]> =>
  (await api("GET", `/warehouses${query}`, { token })).body.data.map(({ code }: { code: string }) => code)

const empty = { on_hand: 0, incoming: 0, is_over_capacity: false }

type Market = Awaited<ReturnType<typeof market>>

let shop: Market
let token: string

beforeAll(async () => {
  shop = await market()
  token = shop.supplier.token
}, 60_000)

/** Puts this much of the product at a place. */
const receive = ({ ledger, body }: Market, locationId: string, units: number) =>
  ledger.must(ledger.owner, "recordMovements", {
    items: [
      {
        type: "IN",
        productId: body.items[0]?.product_id as ProductId,
        quantityMilli: units * 1_000,
        locationId: locationId as LocationId,
      },
    ],
    onError: "reject_all",
  })

describe("a warehouse", () => {
  test("is created, read, listed beside the first one, changed and deleted", async () => {
    const made = await create(token, { code: "ham-1", name: "Hamburg harbour", kind: "cfa_depot", address, capacity: 12.5 })
    expect(made.status).toBe(201)
    expect(made.headers.get("location")).toBe(`/api/v1/warehouses/${made.body.id}`)
    expect(made.body).toMatchObject({
      owner_id: shop.supplier.org.id,
      code: "HAM-1",
      kind: "CFA_DEPOT",
      address,
      capacity: 12.5,
      operator_id: null,
      is_default: false,
      version: 1,
    })
    const read = await api("GET", `/warehouses/${made.body.id}`, { token })
    expect(read.body).toEqual({ ...made.body, ...empty })
    expect(await codesOf(token)).toEqual(expect.arrayContaining(["HAM-1", "MAIN"]))
    expect(await codesOf(token, "?kind=CFA_DEPOT")).toEqual(["HAM-1"])

    const etag = made.headers.get("etag") ?? ""
    const changed = await patch(token, made.body.id, { name: "Hamburg, hall 2", address: null }, { "if-match": etag })
    expect([changed.status, changed.body.name, changed.body.address, changed.body.capacity, changed.body.version]).toEqual([
      200,
      "Hamburg, hall 2",
      null,
      12.5,
      2,
    ])
    expect((await patch(token, made.body.id, { name: "Late" }, { "if-match": etag })).body.code).toBe("VERSION_MISMATCH")
    expect((await api("DELETE", `/warehouses/${made.body.id}`, { token, headers: { "if-match": etag } })).status).toBe(412)
    expect((await api("DELETE", `/warehouses/${made.body.id}`, { token })).status).toBe(204)
    expect((await api("GET", `/warehouses/${made.body.id}`, { token })).status).toBe(404)
    expect((await patch(token, made.body.id, { name: "Gone" })).status).toBe(404)
    expect((await api("DELETE", `/warehouses/${made.body.id}`, { token })).status).toBe(404)
    expect(await codesOf(token)).not.toContain("HAM-1")
    const actions = (await auditOf(shop.supplier.org.id)).map(({ action }) => action).filter((action) => action.includes("warehouse"))
    expect(actions).toEqual(["inventory.warehouse.create", "inventory.warehouse.update", "inventory.warehouse.archive"])
    expect((await eventsOf(shop.supplier.org.id)).filter((type) => type.startsWith("warehouse"))).toEqual([
      "warehouse.created",
      "warehouse.updated",
      "warehouse.archived",
    ])
  })

  test("has a code of its own, whatever its case, that stays taken", async () => {
    const made = await create(token, { code: "BER-1", name: "Berlin" })
    const again = await create(token, { code: "ber-1", name: "Berlin again" })
    expect([again.status, again.body.code, again.body.errors[0].pointer]).toEqual([409, "CONFLICT", "/code"])
    expect((await create(token, { code: "IN-TRANSIT", name: "Mine" })).body.errors[0].pointer).toBe("/code")
    const other = await create(token, { code: "BER-2", name: "Berlin" })
    expect((await patch(token, other.body.id, { code: "BER-1" })).body.errors[0].pointer).toBe("/code")
    expect((await patch(token, other.body.id, { code: "ber-2" })).status).toBe(200)
    await api("DELETE", `/warehouses/${made.body.id}`, { token })
    expect((await create(token, { code: "BER-1", name: "Berlin" })).status).toBe(409)
    // Another organization's codes are its own.
    expect((await create(shop.buyer.token, { code: "BER-1", name: "Berlin" })).status).toBe(201)
  })

  test("INV-WHS-7: shows what it holds beside its capacity, and says when that is too much, refusing nothing", async () => {
    const { supplier, buyer, body, ledger } = await market(100)
    const productId = body.items[0]?.product_id ?? ""
    const made = (await create(supplier.token, { code: "SMALL", name: "Small", capacity: 12, operator_id: buyer.org.id })).body
    const read = (by: string = supplier.token, headers = {}) => api("GET", `/warehouses/${made.id}`, { token: by, headers })
    await receive({ supplier, buyer, body, ledger }, made.id, 10)
    const first = await read()
    expect(first.body).toMatchObject({ capacity: 12, on_hand: 10, incoming: 0, is_over_capacity: false })
    const etag = { "if-none-match": first.headers.get("etag") ?? "" }
    expect((await read(supplier.token, etag)).status).toBe(304)
    const [main] = (await api("GET", "/warehouses", { token: supplier.token })).body.data.filter(
      (place: { is_default: boolean }) => place.is_default,
    )
    const sent = await api("POST", "/stock-movements", {
      token: supplier.token,
      body: {
        type: "TRANSFER",
        product_id: productId,
        quantity: 3,
        warehouse_id: main.id,
        to_warehouse_id: made.id,
        via_transit: true,
      },
    })
    expect(sent.status).toBe(201)
    // What it holds moves the ETag, and leaves the version that an editor holds.
    const over = await read(supplier.token, etag)
    expect([over.status, over.body.version]).toEqual([200, 1])
    expect(over.body).toMatchObject({ on_hand: 10, incoming: 3, is_over_capacity: true })
    expect((await read(buyer.token)).body).toEqual(over.body)
    expect((await patch(supplier.token, made.id, { capacity: null }, { "if-match": first.headers.get("etag") ?? "" })).status).toBe(200)
    expect((await read()).body).toMatchObject({ capacity: null, on_hand: 10, is_over_capacity: false })
    const { secret } = (
      await api("POST", "/api-keys", { token: supplier.token, body: { name: "Map", permissions: ["inventory.warehouse.read"] } })
    ).body
    const map = await read(secret)
    expect([map.status, map.body.code]).toEqual([200, "SMALL"])
    for (const hidden of Object.keys(empty)) expect(map.body).not.toHaveProperty(hidden)
  })

  test.each([
    [{ name: "No code" }, "/code"],
    [{ code: "A B", name: "Blank" }, "/code"],
    [{ code: "-A", name: "Hyphen" }, "/code"],
    [{ code: "X".repeat(33), name: "Long" }, "/code"],
    [{ code: "A", name: "" }, "/name"],
    [{ code: "A", name: "A", kind: "SHED" }, "/kind"],
    [{ code: "A", name: "A", capacity: -1 }, "/capacity"],
    [{ code: "A", name: "A", address: { city: "Hamburg", country: "Germany" } }, "/address/country"],
    [{ code: "A", name: "A", address: { city: "Hamburg", country: "DE", planet: "Earth" } }, "/address/planet"],
    [{ code: "A", name: "A", operator_id: "whs_01jd8x2y3zf4g5h6j7k8m9n0pq" }, "/operator_id"],
    [{ code: "A", name: "A", is_default: true }, "/is_default"],
  ])("is not made of %j", async (body, pointer) => {
    const answer = await create(token, body)
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([422, "VALIDATION_FAILED", pointer])
  })

  test("INV-WHS-2: with goods, and the default one, is not deleted", async () => {
    const made = await create(token, { code: "FULL", name: "Full" })
    await receive(shop, made.body.id, 5)
    const refused = await api("DELETE", `/warehouses/${made.body.id}`, { token })
    expect([refused.status, refused.body.code]).toEqual([409, "CONFLICT"])
    const [main] = (await api("GET", "/warehouses", { token })).body.data.filter((place: { is_default: boolean }) => place.is_default)
    expect((await api("DELETE", `/warehouses/${main.id}`, { token })).status).toBe(409)
    const kind = await patch(token, main.id, { kind: "QUARANTINE" })
    expect([kind.status, kind.body.errors[0].pointer]).toEqual([409, "/kind"])
    expect((await patch(token, main.id, { code: "HQ", kind: "STORE" })).body.code).toBe("HQ")
  })

  test("is made, changed and deleted once under one Idempotency-Key", async () => {
    const key = { "idempotency-key": "warehouse-once" }
    const [first, second] = [
      await create(token, { code: "ONCE", name: "Once" }, key),
      await create(token, { code: "ONCE", name: "Once" }, key),
    ]
    expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id])
    expect((await create(token, { code: "TWICE", name: "Twice" }, key)).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    const changed = [await patch(token, first.body.id, { name: "Other" }, key), await patch(token, first.body.id, { name: "Other" }, key)]
    expect(changed.map(({ status, body }) => [status, body.version])).toEqual([
      [200, 2],
      [200, 2],
    ])
    const remove = () => api("DELETE", `/warehouses/${first.body.id}`, { token, headers: key })
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204])
  })

  test("is changed by managers and deleted by admins alone", async () => {
    const [manager, clerk] = [await hire(token, "manager"), await hire(token, "warehouse_op")]
    expect((await create(clerk.token, { code: "ROLE", name: "Role" })).status).toBe(403)
    const made = await create(manager.token, { code: "ROLE", name: "Role" })
    expect((await patch(clerk.token, made.body.id, { name: "Mine" })).status).toBe(403)
    expect((await api("GET", `/warehouses/${made.body.id}`, { token: clerk.token })).status).toBe(200)
    expect((await api("DELETE", `/warehouses/${made.body.id}`, { token: manager.token })).status).toBe(403)
  })

  test("of another organization is none", async () => {
    const made = await create(token, { code: "OURS", name: "Ours" })
    const stranger = await signUp(["supplier"])
    for (const eve of [stranger.token, shop.buyer.token]) {
      expect((await api("GET", `/warehouses/${made.body.id}`, { token: eve })).status).toBe(404)
      expect((await patch(eve, made.body.id, { name: "Mine" })).status).toBe(404)
      expect((await api("DELETE", `/warehouses/${made.body.id}`, { token: eve })).status).toBe(404)
      expect(await codesOf(eve)).not.toContain("OURS")
    }
  })
})

describe("an operator", () => {
  test("buys under an approved link, sees the place with whose it is, and cannot change it", async () => {
    const { supplier, buyer } = await market()
    const stranger = await signUp(["cfa"])
    const refused = await create(supplier.token, { code: "CFA-1", name: "Depot", operator_id: stranger.org.id })
    expect([refused.status, refused.body.code, refused.body.errors[0].pointer]).toEqual([403, "LINK_NOT_APPROVED", "/operator_id"])
    const made = await create(supplier.token, { code: "CFA-1", name: "Depot", kind: "CFA_DEPOT", operator_id: buyer.org.id })
    expect([made.body.operator_id, made.body.operator_name]).toEqual([buyer.org.id, buyer.org.name])
    const seen = await api("GET", `/warehouses/${made.body.id}`, { token: buyer.token })
    expect(seen.body).toEqual({ ...made.body, ...empty })
    expect(seen.body.owner_id).toBe(supplier.org.id)
    expect(await codesOf(buyer.token)).toEqual(expect.arrayContaining(["CFA-1", "MAIN"]))
    expect((await patch(buyer.token, made.body.id, { name: "Mine" })).status).toBe(404)
    expect((await api("DELETE", `/warehouses/${made.body.id}`, { token: buyer.token })).status).toBe(404)
    expect(await eventsOf(buyer.org.id)).toContain("warehouse.operator_assigned")
  })

  test("INV-WHS-4: no longer sees a place that was given to another, or back to its owner", async () => {
    const { supplier, buyer } = await market()
    const made = await create(supplier.token, { code: "CFA-1", name: "Depot", operator_id: buyer.org.id })
    const back = await patch(supplier.token, made.body.id, { operator_id: null })
    expect([back.status, back.body.operator_id]).toEqual([200, null])
    expect((await api("GET", `/warehouses/${made.body.id}`, { token: buyer.token })).status).toBe(404)
    expect(await codesOf(buyer.token)).toEqual(["MAIN"])
    expect(await codesOf(buyer.token, "?kind=WAREHOUSE")).toEqual(["MAIN"])
    expect(await eventsOf(buyer.org.id)).toContain("warehouse.operator_removed")
    await patch(supplier.token, made.body.id, { operator_id: buyer.org.id })
    expect((await api("GET", `/warehouses/${made.body.id}`, { token: buyer.token })).status).toBe(200)
    expect((await api("DELETE", `/warehouses/${made.body.id}`, { token: supplier.token })).status).toBe(204)
    expect((await api("GET", `/warehouses/${made.body.id}`, { token: buyer.token })).status).toBe(404)
    expect(await codesOf(buyer.token)).toEqual(["MAIN"])
  })

  test.each(["BLOCKED", "REMOVED"])("INV-WHS-4: runs no place once the link is %s", async (status) => {
    const { supplier, buyer } = await market()
    const made = await create(supplier.token, { code: "CFA-1", name: "Depot", operator_id: buyer.org.id })
    const [link] = (await api("GET", "/links/my-links", { token: supplier.token })).body.data
    expect((await api("PUT", `/links/${link.id}/status`, { token: supplier.token, body: { status } })).status).toBe(200)
    expect((await api("GET", `/warehouses/${made.body.id}`, { token: buyer.token })).status).toBe(404)
    const own = (await api("GET", `/warehouses/${made.body.id}`, { token: supplier.token })).body
    expect([own.operator_id, own.version]).toEqual([null, 2])
    expect((await patch(supplier.token, made.body.id, { operator_id: buyer.org.id })).body.code).toBe("LINK_NOT_APPROVED")
    // A link that is approved again brings nothing back by itself.
    if (status === "BLOCKED") {
      await api("PUT", `/links/${link.id}/status`, { token: supplier.token, body: { status: "APPROVED" } })
      expect((await api("GET", `/warehouses/${made.body.id}`, { token: buyer.token })).status).toBe(404)
    }
  })
})
