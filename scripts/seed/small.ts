import type { Answer, Api } from "../lib/api.ts"
import { Random } from "../lib/random.ts"
import { demoPassword, signIn, signInSuperAdmin } from "./people.ts"
import {
  type Company,
  cornerBistro,
  type Good,
  grandHotel,
  greenValley,
  greenValleyGoods,
  greenValleyStaff,
  harbourDairy,
  harbourDairyGoods,
  nightKitchen,
} from "./small-world.ts"

/** An organization of the world with its owner's token. */
type Member = { readonly id: string; readonly token: string }

type Supplier = Member & { readonly goods: readonly Good[] }

type Journey = { readonly buyer: Member; readonly supplier: Supplier; readonly moves: readonly string[] }

/** What is made last: whoever finds it knows that the rest is there. */
const lastNote = "The demo world's last order"

/**
 * The demo world, over the public API but for the super_admin. Each step may have been made before: orders and products
 * go out under keys that name the step, so that a seeding that was cut short is finished by the next one.
 */
export async function seedSmall(api: Api, seed: number): Promise<string> {
  await signInSuperAdmin(api)
  if (await isThere(api)) return "The demo world is there already; npm start -- --fresh begins anew"

  const green: Supplier = { ...(await join(api, greenValley)), goods: greenValleyGoods }
  const dairy: Supplier = { ...(await join(api, harbourDairy)), goods: harbourDairyGoods }
  const [bistro, hotel, kitchen] = [await join(api, cornerBistro), await join(api, grandHotel), await join(api, nightKitchen)]
  for (const colleague of greenValleyStaff) {
    await unless(api.post("/users", { token: green.token, body: { ...colleague, password: demoPassword } }), "EMAIL_TAKEN")
  }
  await stock(api, green)
  await stock(api, dairy)

  for (const [buyer, supplier, isApproved] of [
    [bistro, green, true],
    [bistro, dairy, true],
    [hotel, green, true],
    [hotel, dairy, false],
    [kitchen, green, false],
  ] as const) {
    await link(api, buyer, supplier, isApproved)
  }

  const random = new Random(seed)
  const journeys: Journey[] = [
    { buyer: bistro, supplier: green, moves: ["ACCEPTED", "IN_DELIVERY", "COMPLETED"] },
    { buyer: hotel, supplier: green, moves: ["ACCEPTED", "IN_DELIVERY", "COMPLETED"] },
    { buyer: bistro, supplier: dairy, moves: ["ACCEPTED", "IN_DELIVERY"] },
    { buyer: hotel, supplier: green, moves: ["ACCEPTED", "CANCELLED"] },
    { buyer: bistro, supplier: green, moves: ["REJECTED"] },
    { buyer: bistro, supplier: green, moves: ["CANCELLED"] },
    { buyer: bistro, supplier: dairy, moves: ["ACCEPTED"] },
    { buyer: hotel, supplier: green, moves: [] },
    { buyer: bistro, supplier: green, moves: [] },
  ]
  for (const [index, journey] of journeys.entries()) {
    await order(api, random, journey, `seed-${seed}-order-${index}`, index === journeys.length - 1 ? lastNote : undefined)
  }
  return "The demo world is there: 2 suppliers, 3 buyers, 40 products, orders in every state"
}

async function isThere(api: Api): Promise<boolean> {
  const token = await signIn(api, cornerBistro.owner.email)
  if (token === undefined) return false
  const orders = await api.must("GET", "/orders/my-orders?limit=100", { token })
  return orders.list("data").some((one) => one.text("note") === lastNote)
}

/** Signs the company up, or its owner in where it is there already. */
async function join(api: Api, { owner, ...organization }: Company): Promise<Member> {
  const made = await api.post("/auth/register", { body: { ...owner, password: demoPassword, organization } })
  if (made.status === 201) return { id: made.text("organization.id"), token: made.text("access_token") }
  const token = made.text("code") === "EMAIL_TAKEN" ? await signIn(api, owner.email) : undefined
  if (token === undefined)
    throw new Error(`signing up ${organization.name} was answered ${made.status} ${made.text("code")} ${made.text("detail")}`)
  return { id: (await api.must("GET", "/auth/me", { token })).text("organization.id"), token }
}

/** A CONFLICT is the product of an earlier try. */
async function stock(api: Api, { token, goods }: Supplier): Promise<void> {
  for (const good of goods) await unless(api.post("/products", { token, body: good }), "CONFLICT")
}

async function link(api: Api, buyer: Member, supplier: Member, isApproved: boolean): Promise<void> {
  await unless(
    api.post("/links/request", { token: buyer.token, body: { supplier_id: supplier.id, message: "We would like to buy from you." } }),
    "LINK_EXISTS",
  )
  if (!isApproved) return
  const links = await api.must("GET", "/links/my-links?limit=100", { token: supplier.token })
  const mine = links.list("data").find((one) => one.text("buyer_id") === buyer.id)
  if (mine?.text("status") === "PENDING") {
    await api.must("PUT", `/links/${mine.text("id")}/status`, { token: supplier.token, body: { status: "APPROVED" } })
  }
}

/** What every order of this world can be delivered from. */
const plenty = (goods: readonly Good[]): Good[] => goods.filter(({ stock_quantity, min_order_qty }) => stock_quantity >= 20 * min_order_qty)

async function order(api: Api, random: Random, { buyer, supplier, moves }: Journey, key: string, note: string | undefined): Promise<void> {
  const catalog = await api.must("GET", `/products/catalog?limit=100&supplier_id=${supplier.id}`, { token: buyer.token })
  const idOf = new Map(catalog.list("data").map((one) => [one.text("sku"), one.text("id")]))
  const items = random.sample(plenty(supplier.goods), random.between(2, 4)).map(({ sku, min_order_qty }) => ({
    product_id: idOf.get(sku),
    quantity: min_order_qty * random.between(1, 3),
  }))
  const placed = await api.must("POST", "/orders", {
    token: buyer.token,
    body: { supplier_id: supplier.id, items, ...(note === undefined ? {} : { note }) },
    headers: { "idempotency-key": key },
  })
  for (const status of moves) {
    await api.must("PUT", `/orders/${placed.text("id")}/status`, {
      token: supplier.token,
      body: { status },
      headers: { "idempotency-key": `${key}-${status}` },
    })
  }
}

/** The call must succeed, or say that it was done before. */
async function unless(call: Promise<Answer>, doneBefore: string): Promise<void> {
  const answer = await call
  if (answer.status >= 300 && answer.text("code") !== doneBefore) {
    throw new Error(`the server answered ${answer.status} ${answer.text("code")} ${answer.text("detail")}`)
  }
}
