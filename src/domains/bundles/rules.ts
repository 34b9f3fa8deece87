import type { BundleComponentId, ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Milli } from "../../kernel/quantity.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"

export const componentRoles = ["PRIMARY", "ACCESSORY", "SATELLITE"] as const
export type ComponentRole = (typeof componentRoles)[number]

/** That one product is part of another, and how much of it. */
export type BundleComponent = {
  readonly id: BundleComponentId
  readonly parentId: ProductId
  readonly childId: ProductId
  /** Of the child, in one unit of the parent. */
  readonly quantityMilli: Milli
  readonly role: ComponentRole
  readonly createdAt: Instant
  readonly removedAt: Instant | null
  readonly version: number
  readonly seq: number
}

/** A component as the walks below see it. */
export type Part = Pick<BundleComponent, "childId" | "quantityMilli">

/** What a product is made of, directly; nothing, for a leaf. */
export type PartsOf = (parentId: ProductId) => readonly Part[]

/** Why a bundle cannot be as it would be. */
export type BundleFault = "CYCLE" | "TOO_DEEP" | "TOO_MANY_PARTS" | "TOO_MANY_BUNDLES" | "QUANTITY_NOT_EXACT" | "QUANTITY_TOO_LARGE"

export type Demand = { readonly productId: ProductId; readonly quantityMilli: Milli }

/** One unit of a product, taken apart. */
export type Explosion = {
  /** How much of each leaf is in it. A product that is made of nothing is its own only leaf. */
  readonly leaves: ReadonlyMap<ProductId, Milli>
  /** Every product below it, on whatever level. */
  readonly below: ReadonlySet<ProductId>
  /** 0 for a leaf, 1 for a bundle of leaves, and so on. */
  readonly levels: number
}

type Multiplied = Result<Milli, "QUANTITY_NOT_EXACT" | "QUANTITY_TOO_LARGE">

/** `a` times `b`, both in thousandths; nothing is rounded. Big where the product is beyond what a double holds exactly. */
export function times(a: Milli, b: Milli): Multiplied {
  const quick = a * b
  if (Number.isSafeInteger(quick)) return quick % 1000 === 0 ? within(quick / 1000) : err("QUANTITY_NOT_EXACT")
  const product = BigInt(a) * BigInt(b)
  if (product % 1000n !== 0n) return err("QUANTITY_NOT_EXACT")
  return within(product / 1000n)
}

const within = (quantity: number | bigint): Multiplied =>
  quantity > limits.quantityMilliMax ? err("QUANTITY_TOO_LARGE") : ok(Number(quantity))

/**
 * Takes products apart, each once however often it is asked for or met: INV-BDL-2 and INV-BDL-3 bound the walk, so that
 * it ends also on what is no directed acyclic graph.
 */
function exploder(partsOf: PartsOf): (id: ProductId) => Result<Explosion, BundleFault> {
  const known = new Map<ProductId, Explosion>()
  const visit = (id: ProductId, above: readonly ProductId[]): Result<Explosion, BundleFault> => {
    if (above.includes(id)) return err("CYCLE")
    const done = known.get(id)
    if (done !== undefined) return ok(done)
    if (above.length > limits.bundleLevelsMax) return err("TOO_DEEP")
    const parts = partsOf(id)
    const leaves = new Map<ProductId, Milli>()
    const below = new Set<ProductId>()
    let levels = 0
    const path = [...above, id]
    for (const { childId, quantityMilli } of parts) {
      const child = visit(childId, path)
      if (!child.ok) return child
      levels = Math.max(levels, child.value.levels + 1)
      if (levels > limits.bundleLevelsMax) return err("TOO_DEEP")
      for (const product of [childId, ...child.value.below]) below.add(product)
      if (below.size > limits.bundlePartsMax) return err("TOO_MANY_PARTS")
      for (const [leaf, inChild] of child.value.leaves) {
        const here = times(quantityMilli, inChild)
        if (!here.ok) return here
        const sum = within(here.value + (leaves.get(leaf) ?? 0))
        if (!sum.ok) return sum
        leaves.set(leaf, sum.value)
      }
    }
    const explosion: Explosion = { leaves: parts.length === 0 ? new Map([[id, 1000]]) : leaves, below, levels }
    known.set(id, explosion)
    return ok(explosion)
  }
  return (id) => visit(id, [])
}

/** One product taken apart to its leaves, its quantities multiplied on the way down. */
export const explode = (partsOf: PartsOf, id: ProductId): Result<Explosion, BundleFault> => exploder(partsOf)(id)

/** What so much of a product takes of each leaf. A leaf takes itself. */
export function demandOf({ leaves }: Explosion, quantityMilli: Milli): Result<Demand[], BundleFault> {
  const demands: Demand[] = []
  for (const [productId, inOne] of leaves) {
    const all = times(quantityMilli, inOne)
    if (!all.ok) return all
    demands.push({ productId, quantityMilli: all.value })
  }
  return ok(demands)
}

/**
 * Whether a component may be added: INV-BDL-1 to INV-BDL-4 hold afterwards for the bundle and for every bundle above it.
 * `parentsOf` answers the bundles that a product is in, at most as many as it is asked for.
 */
export function checkAddition(
  partsOf: PartsOf,
  parentsOf: (childId: ProductId, max: number) => readonly ProductId[],
  parentId: ProductId,
  part: Part,
): BundleFault | undefined {
  const explodeAfter = exploder((id) => (id === parentId ? [...partsOf(id), part] : partsOf(id)))
  const grown = new Set([parentId])
  for (const id of grown) {
    const after = explodeAfter(id)
    if (!after.ok) return after.error
    for (const above of parentsOf(id, limits.bundleParentsMax + 1)) grown.add(above)
    if (grown.size > limits.bundleParentsMax) return "TOO_MANY_BUNDLES"
  }
  return undefined
}

export type Buildable = Demand & {
  readonly stockMilli: Milli /** How many bundles its stock is enough for. */
  readonly buildableMilli: Milli
}

/**
 * How many of a bundle the stock of its leaves is enough for, in whole steps of the bundle, and which leaf is the first to
 * run out: of several, the one with the smallest id. None limits a product that is made of nothing.
 */
export function availabilityOf(
  { leaves, levels }: Explosion,
  stepMilli: Milli,
  stockOf: (id: ProductId) => Milli,
): { readonly buildableMilli: Milli; readonly limiting: Buildable | undefined; readonly components: readonly Buildable[] } {
  const step = BigInt(stepMilli)
  const components = [...leaves]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([productId, quantityMilli]): Buildable => {
      const stockMilli = stockOf(productId)
      const enoughFor = (BigInt(Math.max(0, stockMilli)) * 1000n) / BigInt(quantityMilli)
      return { productId, quantityMilli, stockMilli, buildableMilli: Number((enoughFor / step) * step) }
    })
  const scarcest = components.reduce<Buildable | undefined>(
    (least, one) => (least === undefined || one.buildableMilli < least.buildableMilli ? one : least),
    undefined,
  )
  return { buildableMilli: scarcest?.buildableMilli ?? 0, limiting: levels === 0 ? undefined : scarcest, components }
}
