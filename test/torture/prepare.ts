import { z } from "zod"
import { type LocationId, type OrganizationId, platformOrganizationId, type UserId } from "../../src/kernel/ids.ts"
import type { SigningKey } from "../../src/platform/auth/access-token.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import { rows } from "./books.ts"
import { ChatDevice } from "./chat-device.ts"
import { Client } from "./client.ts"
import type { Journal } from "./journal.ts"
import type { Keeper } from "./keeper.ts"
import type { Receiver } from "./receiver.ts"
import type { SlowWires } from "./slow-wires.ts"
import { deliverAndWeigh } from "./steps/deliveries.ts"
import { addComponent, reshapeKit } from "./steps/kits.ts"
import { approveAll, request } from "./steps/links.ts"
import { stockUp } from "./steps/movements.ts"
import { sellKit } from "./steps/orders.ts"
import { renewSession } from "./steps/organizations.ts"
import { create } from "./steps/products.ts"
import { recallSold } from "./steps/recalls.ts"
import { plainManner, type Scene } from "./steps/scene.ts"
import { grant } from "./steps/terms.ts"
import { receive } from "./steps/units.ts"
import { makeHooks } from "./webhooks.ts"
import {
  type Actor,
  actorsOf,
  buyerCount,
  importersOf,
  lodgerCount,
  Organization,
  type Owner,
  signer,
  supplierCount,
  suppliersOfBuyer,
  type World,
} from "./world.ts"

export const password = "a password that no log may hold"
export const signingKey: SigningKey = { kid: "torture", secret: "signed-in-the-torture-chamber-and-nowhere-else-0000" }
const productsEach = 5
const openingStock = 500
const openingUnits = 30

type Post = <T extends z.ZodType>(path: string, schema: T, body: unknown, token?: string) => Promise<z.output<T>>

const poster =
  (url: string): Post =>
  async (path, schema, body, token) => {
    const answer = await fetchAgain(url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`)
    return schema.parse(await answer.json())
  }

const seats = [
  ...Array.from({ length: supplierCount }, (_, index) => ({ name: `Supplier ${index}`, isSupplier: true, isLodger: false })),
  ...Array.from({ length: lodgerCount }, (_, index) => ({ name: `Lodger ${index}`, isSupplier: true, isLodger: true })),
  ...Array.from({ length: buyerCount }, (_, index) => ({ name: `Buyer ${index}`, isSupplier: false, isLodger: false })),
]

const emailOf = (name: string): string => `${name.toLowerCase().replace(" ", "-")}@torture.test`
/** Parts of people who write in conversations. */
const writers: ReadonlySet<string> = new Set(["buyer", "sales"])
const botPermissions = [
  "catalog.product.read",
  "catalog.product.edit",
  "inventory.stock.read",
  "orders.order.read",
  "orders.sale.deliver",
  "orders.sale.complete",
]
const foundedBody = z.object({ data: z.array(z.object({ id: z.string().transform((id) => id as OrganizationId) })) })
/** Beside the default one. Nothing is sold from the second. */
const otherPlaces = [
  { code: "STORE", name: "The store", kind: "STORE" },
  { code: "HELD", name: "Quarantine", kind: "QUARANTINE" },
] as const
const tokensBody = z.object({ access_token: z.string(), refresh_token: z.string() })

async function found(post: Post, token: string): Promise<Organization[]> {
  const { data } = await post(
    "/dev/organizations",
    foundedBody,
    {
      password,
      organizations: seats.map(({ name, isSupplier }) => ({
        name,
        capabilities: [isSupplier ? "supplier" : "buyer"],
        owner_email: emailOf(name),
        owner_name: `Owner of ${name}`,
      })),
    },
    token,
  )
  return data.flatMap(({ id }, index) => {
    const seat = seats[index]
    return seat === undefined ? [] : [new Organization(id, seat.name, seat.isSupplier, seat.isLodger)]
  })
}

/** Organizations, people, products and links to begin with, while the weather is still fine. */
export async function prepare(keeper: Keeper, journal: Journal, seed: number, receiver: Receiver, wires: SlowWires): Promise<Scene> {
  const staffToken = signer([signingKey], { orgId: platformOrganizationId, roles: ["super_admin"], name: "Torture staff" })
  const post = poster(keeper.url)
  const organizations = await found(post, await staffToken())
  const suppliers = organizations.filter(({ isSupplier }) => isSupplier)
  const buyers = organizations.filter(({ isSupplier }) => !isSupplier)
  const platform = new Organization(platformOrganizationId, "Waybill platform", false)
  for (const { id } of organizations) platform.partners.add(id)

  const owners = new Map<OrganizationId, Owner>()
  const apiKeys = new Map<OrganizationId, string>()
  for (const { id, name } of suppliers) {
    const tokens = await post("/api/v1/auth/token", tokensBody, { email: emailOf(name), password })
    const { secret } = await post(
      "/api/v1/api-keys",
      z.object({ secret: z.string() }),
      { name: "The bot", permissions: botPermissions },
      tokens.access_token,
    )
    for (const place of otherPlaces) await post("/api/v1/warehouses", z.object({ id: z.string() }), place, tokens.access_token)
    owners.set(id, { email: emailOf(name), refreshToken: tokens.refresh_token })
    apiKeys.set(id, secret)
    journal.secrets.add(tokens.access_token).add(tokens.refresh_token).add(secret)
  }

  const client = new Client(keeper.url, wires, journal, suppliers)
  const renew = async (organization: Organization): Promise<string> => {
    const token = await renewSession(scene, organization)
    if (token === undefined) throw new Error(`${organization.name}'s owner has no session right now`)
    return token
  }
  const keys = [signingKey]
  const world: World = {
    suppliers,
    buyers,
    actors: actorsOf({ suppliers, buyers, platform }, { keys, apiKeys, renewSession: renew, staffToken }, journal.secrets),
    owners,
    importers: importersOf(organizations, await foundersOf(keeper), keys, journal.secrets),
    password,
    keys,
    staffToken,
  }
  const byId = new Map(organizations.map((organization) => [organization.id, organization]))
  const hooks = await makeHooks({ world, journal }, receiver, async (body, token) => {
    const hook = await post("/api/v1/webhooks", z.object({ id: z.string(), secret: z.string() }), body, token)
    journal.secrets.add(hook.secret)
    return hook
  })
  const scene: Scene = {
    world,
    client,
    journal,
    byId,
    devices: devicesOf(world, client, journal),
    startedAt: Date.now(),
    seed,
    receiver,
    wires,
    hooks,
    quietFrom: { at: Number.POSITIVE_INFINITY },
  }
  for (const supplier of suppliers) supplier.stockroom.places = await placesOf(keeper, supplier)
  await furnish(scene, seed)
  return scene
}

const userRow = z.object({
  id: z.string().transform((id) => id as UserId),
  org_id: z.string().transform((id) => id as OrganizationId),
})
const placeRow = z.object({ id: z.string().transform((id) => id as LocationId) })

async function foundersOf({ server }: Keeper): Promise<Map<OrganizationId, UserId>> {
  const users = await rows(userRow, server.databaseRows("select id, org_id from users"))
  return new Map(users.map(({ id, org_id: orgId }) => [orgId, id]))
}

const placesOf = async (keeper: Keeper, supplier: Organization): Promise<LocationId[]> =>
  (await rows(placeRow, keeper.ledgerRows(supplier, "select id from locations order by is_default desc, code desc"))).map(({ id }) => id)

const devicesOf = ({ actors }: World, client: Client, journal: Journal): Map<Actor, ChatDevice> =>
  new Map(actors.flatMap((actor) => (writers.has(actor.part) ? [[actor, new ChatDevice(actor, client, journal)] as const] : [])))

/** What a kit is made of: products that are sold singly, too, each kept in its own way. */
const kitParts = { lots: 2, units: 1, counted: 3 } as const

const editors: ReadonlySet<string> = new Set(["manager", "buyer", "lodger"])

function managerOf({ world }: Scene, organization: Organization): Actor {
  const manager = world.actors.find((actor) => actor.organization === organization && editors.has(actor.part))
  if (manager === undefined) throw new Error(`nobody manages ${organization.name}`)
  return manager
}

type Named = (what: string) => { readonly key: string; readonly manner: typeof plainManner }

/** Two products in lots, one in units, and a kit of some of them and of what is counted. */
async function furnishStockroom(scene: Scene, manager: Actor, step: Named): Promise<void> {
  for (const [what, goods] of [
    ["lots-a", "lots"],
    ["lots-b", "lots"],
    ["units", "units"],
    ["kit", "kit"],
  ] as const)
    await create(scene, manager, step(what), { stock: 0, goods })
  await stockUp(scene, manager, step("stock"))
  await receive(scene, manager, step("pieces"), openingUnits, 0)
  const products = [...manager.organization.products.values()]
  const kit = products.find(({ goods }) => goods === "kit")
  for (const [goods, quantity] of Object.entries(kitParts)) {
    const part = products.find((product) => product.goods === goods)
    if (kit !== undefined && part !== undefined) await addComponent(scene, manager, step(`part-${goods}`), kit.id, part.id, quantity)
  }
}

/** Products for everybody who sells, and a link for every pair that will deal with each other. */
async function furnish(scene: Scene, seed: number): Promise<void> {
  const { suppliers, buyers } = scene.world
  const step = (what: string) => ({ key: `torture-${seed}-begin-${what.replaceAll(" ", "")}`, manner: plainManner })
  await Promise.all(
    suppliers.map(async (supplier) => {
      for (let count = 0; count < productsEach; count += 1)
        await create(scene, managerOf(scene, supplier), step(`${supplier.name}-${count}`), { stock: openingStock })
      if (!supplier.isLodger) await furnishStockroom(scene, managerOf(scene, supplier), (what) => step(`${supplier.name}-${what}`))
    }),
  )
  for (const [index, buyer] of buyers.entries()) {
    for (const supplier of suppliersOfBuyer(index).flatMap((at) => suppliers[at] ?? []))
      await request(scene, managerOf(scene, buyer), step(`link-${index}-${supplier.name}`), supplier)
  }
  for (const supplier of suppliers) if (!supplier.isLodger) await approveAll(scene, managerOf(scene, supplier), step("approve").key)
  const [[supplier], [buyer]] = [suppliers, buyers]
  if (supplier === undefined || buyer === undefined) return
  const [purchaser, seller] = [managerOf(scene, buyer), managerOf(scene, supplier)]
  const first = await recallSold(scene, seller, step("recall"), () => sellKit(scene, purchaser, seller, step("kit")))
  await reshapeKit(scene, seller, step("kit-again"))
  const link = [...supplier.links.values()].find(({ buyerId }) => buyerId === buyer.id)
  if (link !== undefined) await grant(scene, seller, step("terms"), link.id)
  const second = await sellKit(scene, purchaser, seller, step("kit-changed"))
  await Promise.all([
    first === undefined ? undefined : deliverAndWeigh(scene, seller, purchaser, step("delivery").key, first),
    second === undefined ? undefined : deliverAndWeigh(scene, seller, seller, step("delivery-billed").key, second),
  ])
}
