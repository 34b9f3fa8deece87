import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { availabilityOf, checkAddition, demandOf, explode, type Part, type PartsOf, times } from "../../../src/domains/bundles/rules.ts"
import type { ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"

type Edge = { readonly from: number; readonly to: number; readonly units: number }

const product = (index: number): ProductId => `prd_${String(index).padStart(4, "0")}`

function graph(edges: readonly Edge[]) {
  const parts = new Map<ProductId, Part[]>()
  const parents = new Map<ProductId, ProductId[]>()
  for (const { from, to, units } of edges) {
    parts.set(product(from), [...(parts.get(product(from)) ?? []), { childId: product(to), quantityMilli: units * 1000 }])
    parents.set(product(to), [...(parents.get(product(to)) ?? []), product(from)])
  }
  const partsOf: PartsOf = (id) => parts.get(id) ?? []
  return { partsOf, parentsOf: (id: ProductId, max: number) => (parents.get(id) ?? []).slice(0, max) }
}

/** Edges from a smaller to a greater number alone make no circle. At most as many nodes as levels, so that no limit is met. */
const edges = fc
  .uniqueArray(fc.record({ from: fc.nat(7), to: fc.nat(7), units: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 20,
    selector: ({ from, to }) => `${from} ${to}`,
  })
  .map((all) => all.filter(({ from, to }) => from < to))

/** Every path down, one by one. */
function naively(all: readonly Edge[], from: number, units: number, into: Map<ProductId, number>): Map<ProductId, number> {
  const below = all.filter((edge) => edge.from === from)
  if (below.length === 0) into.set(product(from), (into.get(product(from)) ?? 0) + units * 1000)
  for (const edge of below) naively(all, edge.to, units * edge.units, into)
  return into
}

const sorted = (leaves: ReadonlyMap<ProductId, number>) => [...leaves].sort(([a], [b]) => (a < b ? -1 : 1))

const must = (partsOf: PartsOf, id: ProductId) => {
  const explosion = explode(partsOf, id)
  if (!explosion.ok) throw new Error(explosion.error)
  return explosion.value
}

describe("exploding", () => {
  test("INV-BDL-6: agrees with following every path, on any graph without circles", () => {
    fc.assert(
      fc.property(edges, fc.nat(7), (all, root) => {
        expect(sorted(must(graph(all).partsOf, product(root)).leaves)).toEqual(sorted(naively(all, root, 1, new Map())))
      }),
      { numRuns: 500 },
    )
  })

  test("a product that is made of nothing is its own only leaf", () => {
    expect(must(() => [], product(1))).toEqual({ leaves: new Map([[product(1), 1000]]), below: new Set(), levels: 0 })
  })

  test("INV-BDL-4: multiplies fractions without rounding, or not at all", () => {
    expect(times(500, 500)).toEqual({ ok: true, value: 250 })
    expect(times(1, 1)).toEqual({ ok: false, error: "QUANTITY_NOT_EXACT" })
    expect(times(limits.quantityMilliMax, 1000)).toEqual({ ok: true, value: limits.quantityMilliMax })
    expect(times(limits.quantityMilliMax, limits.quantityMilliMax)).toEqual({ ok: false, error: "QUANTITY_TOO_LARGE" })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 12 }), fc.integer({ min: 1, max: 10 ** 12 }), (a, b) => {
        const product = BigInt(a) * BigInt(b)
        const answer = times(a, b)
        if (answer.ok) expect(BigInt(answer.value) * 1000n).toBe(product)
        else expect(product % 1000n !== 0n || product / 1000n > BigInt(limits.quantityMilliMax)).toBe(true)
      }),
    )
  })

  test("ends on a circle, on what is too deep and on what is too much", () => {
    const chain = (length: number) => Array.from({ length }, (_, from) => ({ from, to: from + 1, units: 1 }))
    const star = (size: number) => Array.from({ length: size }, (_, to) => ({ from: 0, to: to + 1, units: 1 }))
    const error = (all: readonly Edge[]) => {
      const explosion = explode(graph(all).partsOf, product(0))
      return explosion.ok ? "OK" : explosion.error
    }
    expect(error([...chain(3), { from: 3, to: 1, units: 1 }])).toBe("CYCLE")
    expect(error(chain(limits.bundleLevelsMax))).toBe("OK")
    expect(error(chain(limits.bundleLevelsMax + 1))).toBe("TOO_DEEP")
    expect(error(star(limits.bundlePartsMax))).toBe("OK")
    expect(error(star(limits.bundlePartsMax + 1))).toBe("TOO_MANY_PARTS")
  })

  test("what a sale takes is the leaves, as often as it sells", () => {
    const { partsOf } = graph([
      { from: 0, to: 1, units: 2 },
      { from: 0, to: 2, units: 1 },
      { from: 2, to: 1, units: 3 },
    ])
    expect(demandOf(must(partsOf, product(0)), 4000)).toEqual({ ok: true, value: [{ productId: product(1), quantityMilli: 20_000 }] })
    expect(demandOf(must(partsOf, product(1)), 4000)).toEqual({ ok: true, value: [{ productId: product(1), quantityMilli: 4000 }] })
  })
})

describe("adding a component", () => {
  const add = (all: readonly Edge[], from: number, to: number, quantityMilli = 1000) => {
    const { partsOf, parentsOf } = graph(all)
    return checkAddition(partsOf, parentsOf, product(from), { childId: product(to), quantityMilli })
  }

  /** Whether there is a way down from one to the other. */
  const reaches = (all: readonly Edge[], from: number, to: number): boolean =>
    from === to || all.some((edge) => edge.from === from && reaches(all, edge.to, to))

  test("INV-BDL-1: closes no circle, whatever stands already, and is refused for nothing else", () => {
    fc.assert(
      fc.property(edges, fc.nat(7), fc.nat(7), (all, from, to) => {
        expect(add(all, from, to)).toBe(reaches(all, to, from) ? "CYCLE" : undefined)
      }),
      { numRuns: 500 },
    )
  })

  test("INV-BDL-2: makes no bundle too deep, the ones above it included", () => {
    const above = Array.from({ length: limits.bundleLevelsMax - 1 }, (_, from) => ({ from, to: from + 1, units: 1 }))
    const bottom = limits.bundleLevelsMax - 1
    expect(add(above, bottom, 100)).toBeUndefined()
    expect(add([...above, { from: 100, to: 101, units: 1 }], bottom, 100)).toBe("TOO_DEEP")
  })

  test("INV-BDL-3: makes no bundle too large, the ones above it included", () => {
    const full = Array.from({ length: limits.bundlePartsMax }, (_, to) => ({ from: 0, to: to + 1, units: 1 }))
    expect(add(full, 1, 1000)).toBe("TOO_MANY_PARTS")
    // A leaf that is there already is not one more.
    expect(add(full, 1, 2)).toBeUndefined()
  })

  test("INV-BDL-4: keeps quantities exact and within bounds, the ones above it included", () => {
    const { partsOf, parentsOf } = {
      ...graph([{ from: 0, to: 1, units: 1 }]),
      partsOf: (id: ProductId) => (id === product(0) ? [{ childId: product(1), quantityMilli: 1 }] : []),
    }
    const check = (quantityMilli: number) => checkAddition(partsOf, parentsOf, product(1), { childId: product(2), quantityMilli })
    expect(check(1000)).toBeUndefined()
    expect(check(1001)).toBe("QUANTITY_NOT_EXACT")
    expect(add([{ from: 0, to: 1, units: 1_000_000 }], 1, 2, limits.quantityMilliMax)).toBe("QUANTITY_TOO_LARGE")
  })

  test("is refused below more bundles than can be looked at", () => {
    const many = Array.from({ length: limits.bundleParentsMax }, (_, from) => ({ from: from + 10, to: 1, units: 1 }))
    expect(add(many.slice(1), 1, 2)).toBeUndefined()
    expect(add(many, 1, 2)).toBe("TOO_MANY_BUNDLES")
  })
})

describe("what can be built", () => {
  test("INV-BDL-6: is as many as every leaf is enough for, and one more is too many for the limiting one", () => {
    fc.assert(
      fc.property(edges, fc.array(fc.nat(200), { minLength: 8, maxLength: 8 }), fc.nat(7), (all, stock, root) => {
        const explosion = must(graph(all).partsOf, product(root))
        const stockOf = (id: ProductId) => (stock[Number(id.slice(4))] ?? 0) * 1000
        const { buildableMilli, limiting, components } = availabilityOf(explosion, 1000, stockOf)
        const enough = (bundles: number) => [...naively(all, root, bundles, new Map())].every(([id, need]) => need <= stockOf(id))
        expect(buildableMilli % 1000).toBe(0)
        expect(enough(buildableMilli / 1000)).toBe(true)
        expect(enough(buildableMilli / 1000 + 1)).toBe(false)
        if (explosion.levels === 0) expect(limiting).toBeUndefined()
        else expect(limiting?.buildableMilli).toBe(Math.min(...components.map((one) => one.buildableMilli)))
      }),
      { numRuns: 500 },
    )
  })

  test("is in steps of the bundle", () => {
    const explosion = must(graph([{ from: 0, to: 1, units: 2 }]).partsOf, product(0))
    expect(availabilityOf(explosion, 500, () => 3000).buildableMilli).toBe(1500)
    expect(availabilityOf(explosion, 1000, () => 3000).buildableMilli).toBe(1000)
    expect(availabilityOf(explosion, 1000, () => 0).buildableMilli).toBe(0)
  })
})
