import type { LinkId } from "../../../src/kernel/ids.ts"
import type { Step } from "../plan.ts"
import { Random } from "../random.ts"
import type { Actor } from "../world.ts"
import { listLinks } from "./links.ts"
import { type Given, give, type Play, pickOf, type Scene } from "./scene.ts"

/** Prices that somebody is granted: a discount, and a product or two by a list of its own, cheaper from some quantity on. */
export type AskedTerms = {
  readonly discount_percent: number
  readonly price_list: ReadonlyArray<{
    readonly product_id: string
    readonly price: string
    readonly tiers: ReadonlyArray<{ readonly from_quantity: number; readonly price: string }>
  }>
}

export const setTerms: Play = async (scene, actor, step) => {
  const isOpen = ({ status }: { readonly status: string }): boolean => status === "APPROVED" || status === "BLOCKED"
  const link = pickOf(actor.organization.links.values(), isOpen, step.picks[0])
  return link === undefined ? listLinks(scene, actor) : grant(scene, actor, step, link.id)
}

export function grant(scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, id: LinkId): Promise<Given> {
  const random = new Random(`${step.key} terms`)
  const products = [...actor.organization.products.values()].filter(({ isActive }) => isActive)
  const asked: AskedTerms = {
    // As good as its name: hardly two are alike.
    discount_percent: Math.round(random.between(0, 40) * 100) / 100,
    price_list: products
      .filter(() => random.chance(0.25))
      .map((product) => {
        const price = random.between(1, 9)
        return {
          product_id: product.id,
          price: price.toFixed(2),
          tiers: random.chance(0.6) ? [{ from_quantity: 2 + Math.floor(random.next() * 8), price: (price * 0.9).toFixed(2) }] : [],
        }
      }),
  }
  return give(scene, actor, step, {
    kind: "set terms",
    call: { method: "PUT", path: `/links/${id}/terms`, body: asked },
    asked: { terms: asked },
    target: id,
  })
}
