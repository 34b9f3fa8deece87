import { beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { movementTypes } from "../../src/domains/inventory/rules.ts"
import { tags } from "../../src/domains/tags.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import { changedAt, type Place, placesIn } from "../support/json-places.ts"
import { quiet } from "../support/ledger.ts"
import { numbersIn } from "../support/requests.ts"
import { furnished, type Tenant } from "../support/tenants.ts"
import { api } from "../support/world.ts"
import { exampleFor, withBody } from "./mutations.ts"

/** Amounts that would pay the buyer, take stock out by putting it in, or round to nothing: each refused at the door, at every place of every body that takes a number. */

quiet()

const anId = (prefix: string): string => `${prefix}_01jd8x2y3zf4g5h6j7k8m9n0pq`
const packs = [{ unit: "box", quantity: 12 }]
const min_stock_levels = [{ warehouse_id: anId("whs"), quantity: 5 }]
const delivered = { status: "COMPLETED", items: [{ item_id: anId("oln"), quantity: 1, delivered: 1, billed: 1 }] }

/** Bodies with the lists that an operation's example does not show: a number stands in no list that is not there. */
const withLists: Readonly<Record<string, object>> = {
  updateProduct: { packs, min_stock_levels },
  createVariant: { ...(exampleFor(specOf("createVariant")) as object), packs, min_stock_levels },
  receiveUnits: { items: [{ product_id: anId("prd"), serial: "s", unit_cost: "1.00" }] },
  setOrderStatus: delivered,
}

function specOf(operationId: string) {
  const found = withBody.find((spec) => spec.operationId === operationId)
  if (found === undefined) throw new Error(`no ${operationId}`)
  return found
}

const numbers = numbersIn(endpoints, tags)
const placed = withBody.flatMap((spec) =>
  (numbers.get(spec.operationId) ?? []).map((place) => {
    const example = place.includes(0) ? (withLists[spec.operationId] ?? exampleFor(spec)) : exampleFor(spec)
    const takes = (number: unknown): boolean => spec.body?.safeParse(changedAt(example, place, () => number)).success === true
    const isExampleTaken = spec.body?.safeParse(example).success === true
    return { name: `${spec.operationId}: /${place.join("/")}`, field: String(place.at(-1)), takes, isExampleTaken }
  }),
)
const cases = (list: typeof placed) => list.map((one) => [one.name, one] as const)

/** What type of movement it is decides: the ledger refuses it, see below. */
const signed = "recordStockMovements: /quantity"
/** Of these there may be none at all; of everything else there is some. */
const mayBeNothing: readonly string[] = [
  "price",
  "unit_cost",
  "min_order_value",
  "expected_total",
  "discount_percent",
  "lead_time_days",
  "min_shelf_life_days",
  "min_stock_level",
  "stock_quantity",
  "capacity",
  "delivered",
  "billed",
  "code",
  "up_to_seq",
]
const isSomeOf = ({ name, field }: (typeof placed)[number]): boolean =>
  name !== signed && !mayBeNothing.includes(field) && !/min_stock_levels|setOrderStatus: .*\/quantity$/.test(name)

const never = [-1, -0.01, "-1", "-0.01", "1e3", "0x10", " 1", "+1", "١", "1,5", "NaN", "Infinity", 1e308, 2 ** 60, true, [], {}, ""]
const nothing = [0, -0, "0", "0.000", "-0"]

describe("every number of every body is tried", () => {
  test.each(cases(placed))("%s", (_, { isExampleTaken, takes }) => {
    expect([isExampleTaken, takes(1)]).toEqual([true, true])
  })

  test("wherever a schema takes one, its document says so", () => {
    const untold = withBody.flatMap((spec) => {
      const known = new Set((numbers.get(spec.operationId) ?? []).map((place) => place.join("/")))
      return [exampleFor(spec), withLists[spec.operationId]].flatMap((example) => {
        if (example === undefined) return []
        const places: Place[] = [...placesIn(example), ...fieldsIn(spec).map((name) => [name])]
        const takes = (place: Place) => [1, 5, 15].some((n) => spec.body?.safeParse(changedAt(example, place, () => n)).success === true)
        return places.filter((place) => place.length > 0 && takes(place) && !known.has(place.map(likeFirst).join("/")))
      })
    })
    expect(untold).toEqual([])
  })
})

const likeFirst = (name: string | number): string | number => (typeof name === "number" ? 0 : name)

/** Bodies of several kinds have no one set of fields: their example shows them. */
function fieldsIn({ body }: (typeof withBody)[number]): string[] {
  try {
    return Object.keys(fieldsOf(body))
  } catch {
    return []
  }
}

describe("no amount is negative, endless or a number by another name", () => {
  test.each(cases(placed))("%s", (name, { takes }) => {
    const isNegative = (number: unknown): boolean => Number(number) < 0
    expect(never.filter((number) => !(name === signed && isNegative(number)) && takes(number))).toEqual([])
  })
})

describe("nothing is not a quantity of", () => {
  test.each(cases(placed.filter(isSomeOf)))("%s", (_, { field, takes }) => {
    // A part of a second is a time, too small a part of a kilogram is no weight.
    expect([...nothing, ...(field === "hours" ? [] : [0.0004])].filter(takes)).toEqual([])
  })
})

describe("a movement of less than nothing is refused, alone and among others, unless it adjusts a count", () => {
  let a: Tenant

  beforeAll(async () => {
    a = await furnished("numbers", ["supplier"])
  })

  test.each(movementTypes.filter((type) => type !== "ADJUSTMENT"))("%s", async (type) => {
    const row = (quantity: unknown) => ({
      type,
      product_id: a.productId,
      quantity,
      warehouse_id: a.locationId,
      ...(type === "TRANSFER" ? { to_warehouse_id: a.warehouseId } : {}),
    })
    const record = async (body: object) => (await api("POST", "/stock-movements", { token: a.token, body })).status
    const stock = async () => (await api("GET", `/inventory/${a.productId}`, { token: a.token })).body
    expect(await record(row(1))).toBe(201)
    const before = await stock()
    for (const quantity of [-1, -0.01, "-1", "-0.01", 0, "0", "-0"]) {
      expect([quantity, await record(row(quantity))]).toEqual([quantity, 422])
      expect([quantity, await record({ items: [row(1), row(quantity)] })]).toEqual([quantity, 422])
    }
    expect(await stock()).toEqual(before)
  })

  test("ADJUSTMENT, which says less by it", async () => {
    const body = { type: "ADJUSTMENT", product_id: a.productId, quantity: -1, warehouse_id: a.locationId }
    expect((await api("POST", "/stock-movements", { token: a.token, body })).status).toBe(201)
  })
})
