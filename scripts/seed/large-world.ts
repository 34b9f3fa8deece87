import type { Random } from "../lib/random.ts"
import type { Good } from "./small-world.ts"

const adjectives = [
  "Green",
  "Golden",
  "Northern",
  "Old",
  "Blue",
  "Silver",
  "Upper",
  "Morning",
  "Red",
  "Quiet",
  "Stone",
  "River",
  "Sunny",
  "White",
  "Wild",
] as const
const places = [
  "Valley",
  "Harbour",
  "Meadow",
  "Hill",
  "Mill",
  "Bridge",
  "Orchard",
  "Field",
  "Grove",
  "Lake",
  "Farm",
  "Market",
  "Gate",
  "Shore",
  "Wood",
] as const
const supplierTrades = ["Produce", "Dairy", "Foods", "Provisions", "Growers", "Fisheries", "Bakery Supply", "Wholesale"] as const
const buyerTrades = ["Bistro", "Hotel", "Kitchen", "Canteen", "Café", "Inn", "Brasserie", "Catering"] as const

const qualities = [
  "Organic",
  "Fresh",
  "Smoked",
  "Dried",
  "Pickled",
  "Whole",
  "Sliced",
  "Frozen",
  "Roasted",
  "Baby",
  "Aged",
  "Salted",
] as const
const kinds: ReadonlyArray<readonly [category: string, unit: string, names: readonly string[]]> = [
  ["Vegetables", "kg", ["Tomatoes", "Carrots", "Potatoes", "Onions", "Peppers", "Beetroot", "Leeks", "Cabbage"]],
  ["Fruit", "kg", ["Apples", "Pears", "Plums", "Lemons", "Cherries", "Grapes", "Figs"]],
  ["Dairy", "litre", ["Milk", "Cream", "Yoghurt", "Buttermilk"]],
  ["Cheese", "kg", ["Gouda", "Cheddar", "Brie", "Feta", "Ricotta"]],
  ["Fish", "kg", ["Herring", "Mackerel", "Trout", "Salmon", "Cod"]],
  ["Bakery", "piece", ["Sourdough Loaf", "Rye Loaf", "Baguette", "Brioche"]],
  ["Pantry", "jar", ["Honey", "Olives", "Capers", "Mustard", "Chutney"]],
]

export type PlannedOrganization = {
  readonly name: string
  readonly slug: string
  readonly capabilities: readonly ["supplier"] | readonly ["buyer"]
  readonly owner_email: string
  readonly owner_name: string
}
type PlannedOrder = {
  readonly supplier: number
  readonly buyer: number
  readonly at: number
  readonly lines: ReadonlyArray<readonly [sku: string, quantity: number]>
  readonly moves: ReadonlyArray<{ readonly status: string; readonly at: number }>
}
export type LargeWorld = {
  readonly beganAt: number
  readonly suppliers: readonly PlannedOrganization[]
  readonly buyers: readonly PlannedOrganization[]
  /** By supplier. */
  readonly products: ReadonlyArray<readonly Good[]>
  /** By buyer: the suppliers it is linked to. */
  readonly links: ReadonlyArray<readonly number[]>
  /** By supplier, in the order of their times. */
  readonly orders: ReadonlyArray<readonly PlannedOrder[]>
}

export const counts = { suppliers: 50, productsEach: 1_000, buyers: 200, linksEach: 20, orders: 20_000 } as const

const hour = 3_600_000
const day = 24 * hour
const year = 365 * day

/** The whole world, from chance alone: the same generator and time, the same world. */
export function planLargeWorld(random: Random, now: number): LargeWorld {
  const suppliers = Array.from({ length: counts.suppliers }, (_, index) => plannedSupplier(random, index))
  const buyers = Array.from({ length: counts.buyers }, (_, index) => plannedBuyer(random, index))
  const products = suppliers.map((_, supplier) =>
    Array.from({ length: counts.productsEach }, (_none, index) => plannedProduct(random, supplier, index)),
  )
  const everySupplier = suppliers.map((_, index) => index)
  const links = buyers.map(() => random.sample(everySupplier, counts.linksEach))
  const beganAt = now - year
  const orders: PlannedOrder[][] = suppliers.map(() => [])
  for (let n = 0; n < counts.orders; n += 1) {
    const order = plannedOrder(random, links, products, beganAt, now)
    orders[order.supplier]?.push(order)
  }
  for (const list of orders) list.sort((a, b) => a.at - b.at)
  return { beganAt, suppliers, buyers, products, links, orders }
}

const plannedSupplier = (random: Random, index: number): PlannedOrganization => {
  const number = String(index + 1).padStart(2, "0")
  return {
    name: `${random.pick(adjectives)} ${random.pick(places)} ${random.pick(supplierTrades)} ${number}`,
    slug: `large-supplier-${number}`,
    capabilities: ["supplier"],
    owner_email: `owner@supplier-${number}.large.waybill.test`,
    owner_name: `Owner ${number}`,
  }
}

const plannedBuyer = (random: Random, index: number): PlannedOrganization => {
  const number = String(index + 1).padStart(3, "0")
  return {
    name: `${random.pick(adjectives)} ${random.pick(places)} ${random.pick(buyerTrades)} ${number}`,
    slug: `large-buyer-${number}`,
    capabilities: ["buyer"],
    owner_email: `buyer@buyer-${number}.large.waybill.test`,
    owner_name: `Buyer ${number}`,
  }
}

function plannedProduct(random: Random, supplier: number, index: number): Good {
  const [category, unit, names] = random.pick(kinds)
  const minimum = random.pick([1, 2, 5, 10])
  return {
    sku: `L${String(supplier + 1).padStart(2, "0")}-${String(index + 1).padStart(4, "0")}`,
    name: `${random.pick(qualities)} ${random.pick(names)} ${index + 1}`,
    category,
    unit,
    price: (random.between(50, 4_000) / 100).toFixed(2),
    stock_quantity: random.next() < 0.02 ? 0 : random.between(200, 5_000),
    min_order_qty: minimum,
    min_stock_level: minimum * 20,
  }
}

function plannedOrder(
  random: Random,
  links: LargeWorld["links"],
  products: LargeWorld["products"],
  beganAt: number,
  now: number,
): PlannedOrder {
  const buyer = random.between(0, links.length - 1)
  const supplier = random.pick(links[buyer] ?? [])
  const goods = products[supplier] ?? []
  const at = beganAt + 2 * day + Math.floor(random.next() * (now - beganAt - 2 * day))
  const stocked = goods.filter(({ stock_quantity }) => stock_quantity > 0)
  const chosen = random.sample(stocked, random.between(1, 5))
  return {
    supplier,
    buyer,
    at,
    lines: chosen.map((product) => [product.sku, product.min_order_qty * random.between(1, 4)] as const),
    moves: plannedMoves(random, at).filter((move) => move.at < now),
  }
}

function plannedMoves(random: Random, placedAt: number): PlannedOrder["moves"] {
  const answeredAt = placedAt + random.between(1, 20) * hour
  const fate = random.next()
  if (fate < 0.04) return [{ status: "REJECTED", at: answeredAt }]
  if (fate < 0.06) return [{ status: "CANCELLED", at: answeredAt }]
  const sentAt = answeredAt + random.between(12, 36) * hour
  if (fate < 0.09)
    return [
      { status: "ACCEPTED", at: answeredAt },
      { status: "CANCELLED", at: sentAt },
    ]
  return [
    { status: "ACCEPTED", at: answeredAt },
    { status: "IN_DELIVERY", at: sentAt },
    { status: "COMPLETED", at: sentAt + random.between(2, 48) * hour },
  ]
}
