import { z } from "zod"
import type { Books, LedgerBooks } from "../books.ts"
import type { Journal } from "../journal.ts"
import type { AskedTerms } from "../steps/terms.ts"
import { groupBy, must, ofKind } from "./check.ts"

type Order = LedgerBooks["orders"][number]
type TermsThen = LedgerBooks["termsThen"][number]

const acknowledged = z.object({ version: z.number() })
const minorOf = (price: string): number => Math.round(Number(price) * 100)

/** The last that was said of it until then. What a command says of itself is so from that command on. */
function lastUntil<T extends { readonly seq: number }>(said: readonly T[] | undefined, seq: number): T | undefined {
  return said
    ?.filter((one) => one.seq <= seq)
    .reduce<T | undefined>((last, one) => (last === undefined || one.seq > last.seq ? one : last), undefined)
}

/** As INV-ORD-6 has it: the link's list and its tiers come first, then its discount on the price of that moment. */
function priceOf(base: number, product: string, ordered: number, terms: TermsThen["terms"] | undefined): number {
  const listed = terms?.priceList[product]
  if (listed !== undefined) return listed.tiers.findLast(({ fromMilli }) => fromMilli <= ordered)?.priceMinor ?? listed.priceMinor
  const discounted = BigInt(base) * BigInt(10_000 - (terms?.discountBasisPoints ?? 0))
  return Number((discounted * 2n + 10_000n) / 20_000n)
}

function mustBeAtThePrice(
  { id, lines }: Order,
  seq: number,
  prices: ReadonlyMap<string, LedgerBooks["prices"]>,
  terms: TermsThen | undefined,
): number {
  const goods = lines.map(({ ordered, ...line }) => ordered ?? line)
  const together = new Map<string, number>()
  for (const { productId, quantityMilli } of goods) together.set(productId, (together.get(productId) ?? 0) + quantityMilli)
  for (const { productId, unitPriceMinor } of goods) {
    const base = lastUntil(prices.get(productId), seq)?.price_minor
    const wanted = base === undefined ? undefined : priceOf(base, productId, together.get(productId) ?? 0, terms?.terms)
    must(
      unitPriceMinor === wanted,
      () =>
        `${id} was placed by change ${seq}, when ${productId} was to cost ${wanted} by ${JSON.stringify(terms)}, and says ${unitPriceMinor}`,
    )
  }
  return goods.length
}

/** Each line of an order is at the price of the moment it was placed at: the product's own, or its buyer's by the terms of just then. */
export function ordersArePricedByTheirTerms({ ledgers }: Books): number {
  let priced = 0
  for (const { orders, links, placed, prices, termsThen } of ledgers) {
    const placedAt = new Map(placed.map(({ id, seq }) => [id, seq]))
    const linkOf = new Map(links.map(({ id, buyer_id: buyer }) => [buyer, id]))
    const pricesOf = groupBy(prices, ({ id }) => id)
    const termsOf = groupBy(termsThen, ({ id }) => id)
    for (const order of orders) {
      const seq = placedAt.get(order.id)
      must(seq !== undefined, () => `the ledger remembers no command by which ${order.id} was placed`)
      if (seq !== undefined) priced += mustBeAtThePrice(order, seq, pricesOf, lastUntil(termsOf.get(linkOf.get(order.buyer_id) ?? ""), seq))
    }
  }
  return priced
}

/** Terms that were acknowledged stood, each once, at the version they were answered with; what nobody heard of at most once; the last stand. */
export function termsStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const commands = groupBy(ofKind(journal, "set terms"), ({ target }) => target)
  const trail = groupBy(
    audits.filter(({ action }) => action === "partners.terms.set"),
    ({ entity_id: id }) => id,
  )
  for (const { links, terms, termsThen } of ledgers) {
    const standing = new Map(terms.map((row) => [row.link_id, row.terms]))
    const saidOf = groupBy(termsThen, ({ id }) => id)
    for (const { id } of links) {
      const own = commands.get(id) ?? []
      const done = own.filter(({ outcome }) => outcome === "acknowledged")
      const unheard = own.filter(({ outcome }) => outcome === "unknown")
      const rows = trail.get(id) ?? []
      must(
        rows.length >= done.length && rows.length <= done.length + unheard.length,
        () =>
          `the terms of ${id} were set as acknowledged ${done.length} times, perhaps ${unheard.length} times more, and have ${rows.length} audit rows`,
      )
      const said = saidOf.get(id) ?? []
      must(said.length === rows.length, () => `the terms of ${id} were set by ${said.length} commands, and audited ${rows.length} times`)
      for (const { key, asked, answer } of done) {
        const { version } = acknowledged.parse(JSON.parse(answer?.text ?? ""))
        const then = said.find((one) => one.version === version)
        const wanted = asked["terms"] as AskedTerms
        must(
          then !== undefined && isAsAsked(then.terms, wanted),
          () =>
            `${key} was acknowledged as version ${version} of ${id} with ${JSON.stringify(wanted)}, and stood as ${JSON.stringify(then)}`,
        )
      }
      const last = lastUntil(said, Number.POSITIVE_INFINITY)
      const [stands, wanted] = [standing.get(id), last?.terms]
      must(
        JSON.stringify(stands) === JSON.stringify(wanted),
        () => `${id} has the terms ${JSON.stringify(stands)}, and ${JSON.stringify(wanted)} were set last`,
      )
    }
  }
  return [...commands.values()].flat().length
}

function isAsAsked({ discountBasisPoints, priceList }: TermsThen["terms"], asked: AskedTerms): boolean {
  const listed = asked.price_list.every(({ product_id: product, price, tiers }) => {
    const stands = priceList[product]
    const wanted = tiers.map((tier) => `${tier.from_quantity * 1_000} ${minorOf(tier.price)}`)
    return (
      stands?.priceMinor === minorOf(price) && stands.tiers.map((tier) => `${tier.fromMilli} ${tier.priceMinor}`).join() === wanted.join()
    )
  })
  return (
    listed && Object.keys(priceList).length === asked.price_list.length && discountBasisPoints === Math.round(asked.discount_percent * 100)
  )
}
