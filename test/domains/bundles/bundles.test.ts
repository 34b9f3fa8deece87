import { beforeAll, describe, expect, test } from "vitest"
import { limits } from "../../../src/kernel/limits.ts"
import { quiet } from "../../support/ledger.ts"
import { api, auditOf, costOf, eventsOf, hire, type Person, signUp, unique, type World } from "../../support/world.ts"

quiet()

let ours: World
let theirs: World
let staff: Person

beforeAll(async () => {
  ;[ours, theirs] = [await signUp(), await signUp()]
  staff = await hire(ours.token, "staff")
}, 60_000)

type Product = { readonly id: string; readonly sku: string }
type Body = Record<string, unknown>

const get = (path: string, by: { token: string } = ours) => api("GET", path, { token: by.token })

async function product(stock = 0, more: Body = {}, by: World = ours): Promise<Product> {
  const answer = await api("POST", "/products", {
    token: by.token,
    body: { sku: unique("PART"), name: "A part", price: "1", stock_quantity: stock, ...more },
  })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

const add = (
  parent: Product,
  child: Product,
  quantity: number = 1,
  more: Body = {},
  by: { token: string } = ours,
  headers: Record<string, string> = {},
) => api("POST", "/bundles", { token: by.token, body: { parent_id: parent.id, child_id: child.id, quantity, ...more }, headers })

async function added(parent: Product, child: Product, quantity = 1): Promise<{ id: string }> {
  const answer = await add(parent, child, quantity)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

/** Several products at once, each with this stock. */
const products = (count: number, stock = 0): Promise<Product[]> => Promise.all(Array.from({ length: count }, () => product(stock)))

const fault = (answer: { status: number; body: { code?: string; errors?: Array<{ pointer: string; code: string }> } }) =>
  [answer.status, answer.body.code, answer.body.errors?.[0]?.pointer, answer.body.errors?.[0]?.code].join(" ")

describe("components", () => {
  test("are added, listed and taken out, each step in the log and as an event", async () => {
    const world = await signUp()
    const [kit, screw] = [await product(0, {}, world), await product(0, {}, world)]
    const made = await add(kit, screw, 4, { role: "accessory" }, world)
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      parent_id: kit.id,
      parent_sku: kit.sku,
      child_id: screw.id,
      sku: screw.sku,
      unit: "piece",
      quantity: 4,
      role: "ACCESSORY",
      version: 1,
    })
    expect((await get("/bundles", world)).body).toEqual({ data: [made.body], next_cursor: null })
    expect((await get(`/bundles/child/${screw.id}/bundles`, world)).body).toEqual({ data: [made.body], next_cursor: null })
    expect((await get(`/bundles/parent/${kit.id}/components`, world)).body).toMatchObject({
      data: [{ component_id: made.body.id, child_id: screw.id, sku: screw.sku, quantity: 4, role: "ACCESSORY", is_bundle: false }],
      next_cursor: null,
    })
    const remove = (headers: Record<string, string>) => api("DELETE", `/bundles/${made.body.id}`, { token: world.token, headers })
    expect((await remove({ "if-match": '"7.7.o"' })).body.code).toBe("VERSION_MISMATCH")
    expect((await remove({ "if-match": made.headers.get("etag") ?? "" })).status).toBe(204)
    expect((await remove({})).body.code).toBe("NOT_FOUND")
    expect((await get("/bundles", world)).body.data).toEqual([])
    expect((await get(`/bundles/parent/${kit.id}/components`, world)).body.data).toEqual([])
    const told = <T extends string>(all: readonly T[]) => all.filter((one) => one.startsWith("bundle"))
    expect(told((await auditOf(world.org.id)).map(({ action }) => action))).toEqual(["bundles.component.add", "bundles.component.remove"])
    expect(told(await eventsOf(world.org.id))).toEqual(["bundle.component_added", "bundle.component_removed"])
    // It may come again.
    expect((await add(kit, screw, 1, {}, world)).status).toBe(201)
  })

  test("INV-BDL-1: no bundle becomes part of itself, directly or through others", async () => {
    const [a, b, c] = (await products(3)) as [Product, Product, Product]
    expect(fault(await add(a, a))).toBe("409 CONFLICT /child_id CYCLE")
    await added(a, b)
    await added(b, c)
    expect(fault(await add(b, a))).toBe("409 CONFLICT /child_id CYCLE")
    expect(fault(await add(c, a))).toBe("409 CONFLICT /child_id CYCLE")
    expect((await get(`/bundles/parent/${c.id}/components`)).body.data).toEqual([])
  })

  test("INV-BDL-1: of additions at once that together close a circle, one is refused", async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b, c] = (await products(3)) as [Product, Product, Product]
      const answers = await Promise.all([add(a, b), add(b, c), add(c, a)])
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409])
      expect(fault(answers.find(({ status }) => status === 409) ?? { status: 0, body: {} })).toContain("CYCLE")
    }
  }, 60_000)

  test("INV-BDL-4: are refused off the component's step, twice, without a quantity, and where quantities would not stay exact", async () => {
    const [kit, screw] = (await products(2)) as [Product, Product]
    const rope = await product(0, { unit: "m", quantity_step: 0.001 })
    expect(fault(await add(kit, screw, 1.5))).toBe("422 OFF_STEP /quantity OFF_STEP")
    for (const wrong of [0, -1, 0.0001]) expect((await add(kit, rope, wrong)).status).toBe(422)
    expect((await add(kit, screw, 1, { role: "SPARE" })).status).toBe(422)
    const half = await product(0, { unit: "m", quantity_step: 0.5 })
    await added(half, rope, 0.001)
    expect(fault(await add(kit, half, 0.5))).toBe("409 CONFLICT /quantity QUANTITY_NOT_EXACT")
    await added(kit, screw)
    expect(fault(await add(kit, screw))).toBe("409 CONFLICT /child_id TAKEN")
    expect((await get(`/bundles/parent/${kit.id}/components`)).body.data).toHaveLength(1)
  })

  test("INV-BDL-2: bundles in bundles go so deep and no deeper, whichever end grows", async () => {
    const chain = await products(limits.bundleLevelsMax + 2)
    const pairs = chain.slice(1).map((child, index) => [chain[index] as Product, child] as const)
    // All but the two at the ends.
    for (const [parent, child] of pairs.slice(1, -1)) await added(parent, child)
    const [first, last] = [pairs[0] as readonly [Product, Product], pairs.at(-1) as readonly [Product, Product]]
    await added(...first)
    expect(fault(await add(...last))).toBe("409 CONFLICT /child_id TOO_DEEP")
  }, 60_000)

  test("INV-BDL-5: what is a component is not archived; an archived bundle comes apart", async () => {
    const [kit, screw] = (await products(2)) as [Product, Product]
    await added(kit, screw)
    const archive = ({ id }: Product) => api("DELETE", `/products/${id}`, { token: ours.token })
    expect(await archive(screw)).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
    expect((await archive(kit)).status).toBe(204)
    expect((await get(`/bundles/child/${screw.id}/bundles`)).body.data).toEqual([])
    expect((await get(`/bundles/parent/${kit.id}/components`)).status).toBe(404)
    expect((await add(kit, screw)).status).toBe(404)
    expect((await archive(screw)).status).toBe(204)
  })

  test("are added and taken out by managers and above, once for each request", async () => {
    const [kit, screw] = (await products(2)) as [Product, Product]
    expect((await add(kit, screw, 1, {}, staff)).body.code).toBe("FORBIDDEN")
    const headers = { "idempotency-key": crypto.randomUUID() }
    const [first, again] = [await add(kit, screw, 1, {}, ours, headers), await add(kit, screw, 1, {}, ours, headers)]
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect((await add(kit, screw, 2, {}, ours, headers)).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    expect((await api("DELETE", `/bundles/${first.body.id}`, { token: staff.token })).status).toBe(403)
    const gone = { "idempotency-key": crypto.randomUUID() }
    const remove = () => api("DELETE", `/bundles/${first.body.id}`, { token: ours.token, headers: gone })
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204])
  })

  test("of another organization are not there, nor can its products be used", async () => {
    const [kit, screw, mine] = [await product(3), await product(3), await product(3, {}, theirs)]
    const { id } = await added(kit, screw)
    expect((await add(kit, screw, 1, {}, theirs)).status).toBe(404)
    expect((await add(mine, screw, 1, {}, theirs)).status).toBe(404)
    expect((await add(kit, mine, 1, {}, theirs)).status).toBe(404)
    expect((await api("DELETE", `/bundles/${id}`, { token: theirs.token })).status).toBe(404)
    for (const path of [
      `parent/${kit.id}/components`,
      `parent/${kit.id}/components?deep=true`,
      `parent/${kit.id}/availability`,
      `child/${screw.id}/bundles`,
    ]) {
      expect(await get(`/bundles/${path}`, theirs), path).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } })
    }
    expect((await get("/bundles", theirs)).body.data).toEqual([])
  })

  test("come newest first, page by page", async () => {
    const world = await signUp()
    const screw = await product(0, {}, world)
    const kits = [await product(0, {}, world), await product(0, {}, world), await product(0, {}, world)]
    for (const kit of kits) await add(kit, screw, 1, {}, world)
    for (const path of ["/bundles", `/bundles/child/${screw.id}/bundles`]) {
      const first = await get(`${path}?limit=2`, world)
      const second = await get(`${path}?limit=2&cursor=${first.body.next_cursor}`, world)
      expect([...first.body.data, ...second.body.data].map((row: { parent_id: string }) => row.parent_id)).toEqual(
        kits.map(({ id }) => id).reverse(),
      )
      expect(second.body.next_cursor).toBeNull()
    }
  })
})

describe("a bill of materials", () => {
  /** A box of two radios and three screws; a radio has two screws and a speaker, which has four screws. */
  async function box(screws = 1_000, speakers = 0) {
    const [boxed, radio] = (await products(2, 500)) as [Product, Product]
    const [speaker, screw] = [await product(speakers), await product(screws)]
    const cone = await product(25)
    await added(boxed, radio, 2)
    await added(boxed, screw, 3)
    await added(radio, screw, 2)
    await added(radio, speaker, 1)
    await added(speaker, screw, 4)
    await added(speaker, cone, 1)
    return { boxed, radio, speaker, screw, cone }
  }

  const quantities = (rows: ReadonlyArray<{ child_id: string; quantity: number }>) =>
    Object.fromEntries(rows.map(({ child_id, quantity }) => [child_id, quantity]))

  test("INV-BDL-6: is direct, or down to the leaves with quantities multiplied and summed, page by page", async () => {
    const { boxed, radio, screw, cone } = await box()
    const path = `/bundles/parent/${boxed.id}/components`
    const direct = await get(path, staff)
    expect(quantities(direct.body.data)).toEqual({ [radio.id]: 2, [screw.id]: 3 })
    expect(direct.body.data.find((row: { child_id: string }) => row.child_id === radio.id)).toMatchObject({
      is_bundle: true,
      role: "PRIMARY",
    })
    const deep = await get(`${path}?deep=true`)
    expect(quantities(deep.body.data)).toEqual({ [screw.id]: 3 + 2 * (2 + 4), [cone.id]: 2 })
    expect(deep.body.data[0]).toMatchObject({ component_id: null, role: null, parent_id: boxed.id, is_bundle: false })
    expect(costOf(deep).trips).toBe(1)
    const first = await get(`${path}?deep=true&limit=1`)
    const second = await get(`${path}?deep=true&limit=1&cursor=${first.body.next_cursor}`)
    expect([...first.body.data, ...second.body.data]).toEqual(deep.body.data)
    expect((await get(`${path}?limit=1&cursor=${first.body.next_cursor}`)).status).toBe(422)
    expect((await get(`${path}?deep=perhaps`)).status).toBe(422)
    for (const leaf of ["", "?deep=true"]) expect((await get(`/bundles/parent/${screw.id}/components${leaf}`)).body.data).toEqual([])
  })

  test("INV-BDL-6: says how many can be built, by the stock of leaves alone, and what limits it", async () => {
    const { boxed, screw, cone } = await box(100, 77)
    const answer = await get(`/bundles/parent/${boxed.id}/availability`, staff)
    expect(answer.body).toMatchObject({
      product_id: boxed.id,
      sku: boxed.sku,
      buildable: 6,
      limiting: { product_id: screw.id, sku: screw.sku, quantity: 15, stock_quantity: 100, buildable: 6 },
    })
    expect(answer.body.components).toHaveLength(2)
    await api("PATCH", `/products/${screw.id}`, { token: ours.token, body: { stock_quantity: 1_000 } })
    expect((await get(`/bundles/parent/${boxed.id}/availability`)).body).toMatchObject({ buildable: 12, limiting: { product_id: cone.id } })
    expect((await get(`/bundles/parent/${cone.id}/availability`)).body).toMatchObject({ buildable: 25, limiting: null, components: [] })
    expect(costOf(answer).trips).toBe(1)
  })
})
