import { describe, expect, test } from "vitest"
import { exampleFor, withBody } from "./mutations.ts"

/** Amounts that would pay the buyer, take stock out by putting it in, or round to nothing: each refused at the door, in every body that has one. */

type Place = readonly (string | number)[]

const placesOf = (value: unknown, here: Place = []): Place[] =>
  typeof value !== "object" || value === null
    ? [here]
    : Object.entries(value).flatMap(([name, part]) => placesOf(part, [...here, Array.isArray(value) ? Number(name) : name]))

function put(value: unknown, [first, ...rest]: Place, number: unknown): unknown {
  if (first === undefined) return number
  const copy: Record<string | number, unknown> = Array.isArray(value) ? ([...value] as never) : { ...(value as object) }
  copy[first] = put(copy[first], rest, number)
  return copy
}

/** Every place of an example that is called so. */
const named = (names: readonly string[], except: readonly string[] = []) =>
  withBody
    .filter(({ operationId }) => !except.includes(operationId))
    .flatMap((spec) => {
      const example = exampleFor(spec)
      const places = placesOf(example).filter((place) => names.includes(String(place.at(-1))))
      return places.map((place) => [`${spec.operationId}: /${place.join("/")}`, spec, example, place] as const)
    })

const money = named(["price", "unit_cost", "min_order_value", "expected_total"])
/** A correction of a count may be less than nothing. */
const quantities = named(
  ["quantity", "from_quantity", "quantity_step", "min_order_qty", "min_stock_level", "stock_quantity"],
  ["recordStockMovements"],
)
/** Of nothing there is no line, no pack, no component, no step. */
const positive = quantities.filter(([name]) =>
  /^(placeOrder|addBundleComponent): .*quantity$|\/packs\/\d+\/quantity$|\/quantity_step$/.test(name),
)

const never = [-1, -0.01, "-1", "-0.01", "1e3", "0x10", " 1", "+1", "١", "1,5", "NaN", "Infinity", 1e308, 2 ** 60, true, [], {}, ""]

test("there are as many as the registry has", () => {
  expect([money.length, quantities.length, positive.length].every((count) => count >= 3)).toBe(true)
})

describe("no amount is negative, endless or a number by another name", () => {
  test.each(money)("%s", (_, spec, example, place) => {
    expect(never.filter((number) => spec.body?.safeParse(put(example, place, number)).success === true)).toEqual([])
  })
  test.each(quantities)("%s", (_, spec, example, place) => {
    expect(never.filter((number) => spec.body?.safeParse(put(example, place, number)).success === true)).toEqual([])
  })
})

describe("nothing is not a quantity of", () => {
  test.each(positive)("%s", (_, spec, example, place) => {
    const nothing = [0, -0, "0", "0.000", 0.0004, "-0"]
    expect(nothing.filter((number) => spec.body?.safeParse(put(example, place, number)).success === true)).toEqual([])
  })
})
