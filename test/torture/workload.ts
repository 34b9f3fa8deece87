import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import type { LinkId, OrderId, OrganizationId, ProductId } from "../../src/kernel/ids.ts"
import type { Call, Client } from "./client.ts"
import { type Answer, Command, type CommandKind, type Journal } from "./journal.ts"
import { type Manner, type Step, stepsOf } from "./plan.ts"
import { pick } from "./random.ts"
import {
  type Actor,
  type KnownLink,
  type KnownProduct,
  type LinkStatus,
  type OrderStatus,
  type Organization,
  suppliersOfBuyer,
  type World,
} from "./world.ts"

const orderBody = z.object({
  id: z.string().transform((id) => id as OrderId),
  status: z.string().transform((status) => status as OrderStatus),
  version: z.number(),
  supplier_id: z.string().transform((id) => id as OrganizationId),
  buyer_id: z.string().transform((id) => id as OrganizationId),
})
const linkBody = z.object({
  id: z.string().transform((id) => id as LinkId),
  status: z.string().transform((status) => status as LinkStatus),
  version: z.number(),
  supplier_id: z.string().transform((id) => id as OrganizationId),
  buyer_id: z.string().transform((id) => id as OrganizationId),
})
const productBody = z.object({
  id: z.string().transform((id) => id as ProductId),
  supplier_id: z.string().transform((id) => id as OrganizationId),
  is_active: z.boolean(),
})
const pageOf = <T extends z.ZodType>(item: T) => z.object({ data: z.array(item) })
const tokensBody = z.object({ access_token: z.string(), refresh_token: z.string() })

/** Sent once and waited for. */
export const plainManner: Manner = { vanishesAfterMs: undefined, givesUp: false, sends: 1, repeatsAfterSteps: undefined }

type Repeat = { readonly command: Command; readonly call: Omit<Call, "key">; readonly atStep: number }

/** The people and services at work: each goes through its own steps, one after another, until the run is over. */
export class Workload {
  readonly #world: World
  readonly #client: Client
  readonly #journal: Journal
  readonly #byId: ReadonlyMap<OrganizationId, Organization>
  #isOver = false

  constructor(world: World, client: Client, journal: Journal) {
    this.#world = world
    this.#client = client
    this.#journal = journal
    this.#byId = new Map([...world.suppliers, ...world.buyers].map((organization) => [organization.id, organization]))
  }

  /** No new steps; what is under way is still asked for until it is answered. */
  stop(): void {
    this.#isOver = true
  }

  async run(seed: number): Promise<void> {
    await Promise.all(
      this.#world.actors.map(async (actor) => {
        try {
          await this.#work(actor, stepsOf(seed, actor.client, actor.part))
        } catch (error) {
          // An answer of another shape than the API promises ends the run like any other broken promise.
          this.#journal.violate(`${actor.client} could not go on: ${error instanceof Error ? error.message : String(error)}`)
        }
      }),
    )
  }

  async #work(actor: Actor, steps: Generator<Step, never>): Promise<void> {
    const repeats: Repeat[] = []
    for (let count = 0; !this.#isOver && this.#journal.violation === undefined; count += 1) {
      const step = steps.next().value
      await sleep(step.pauseMs)
      const due = repeats.findIndex(({ atStep }) => atStep <= count)
      const [repeat] = due < 0 ? [] : repeats.splice(due, 1)
      if (repeat !== undefined) await this.#client.repeat(actor, repeat.command, repeat.call)
      this.#journal.count("steps")
      const given = await this.#take(actor, step)
      if (given !== undefined && step.manner.repeatsAfterSteps !== undefined && !step.manner.givesUp)
        repeats.push({ ...given, atStep: count + step.manner.repeatsAfterSteps })
    }
  }

  /** One step; gives the command it made, if it made one. */
  async #take(actor: Actor, step: Step): Promise<Omit<Repeat, "atStep"> | undefined> {
    const { organization } = actor
    const [a, b, c, d] = step.picks
    const orderIn = (...statuses: OrderStatus[]) =>
      pick(
        [...organization.orders.values()].filter(({ status }) => statuses.includes(status)),
        a,
      )
    const linkIn = (...statuses: LinkStatus[]) =>
      pick(
        [...organization.links.values()].filter(({ status }) => statuses.includes(status)),
        a,
      )
    const ownProduct = () =>
      pick(
        [...organization.products.values()].filter(({ isActive }) => isActive),
        a,
      )
    const moveOrder = async (order: { readonly id: OrderId } | undefined, status: OrderStatus) =>
      order === undefined ? this.#listOrders(actor) : this.#moveOrder(actor, step, order.id, status)
    const moveLink = async (link: KnownLink | undefined, status: LinkStatus) =>
      link === undefined
        ? this.#listLinks(actor)
        : this.#give(
            actor,
            step,
            "move link",
            { method: "PUT", path: `/links/${link.id}/status`, body: { status, reason: step.key } },
            { status },
            link.id,
          )

    switch (step.operation) {
      case "request link": {
        const supplier = this.#supplierOf(organization, a)
        return this.#requestLink(actor, step, supplier, step.manner)
      }
      case "place order": {
        const supplier = this.#supplierOf(organization, a)
        return this.#place(actor, step, supplier, undefined, [b, c, d])
      }
      case "place for buyer": {
        const link = linkIn("APPROVED")
        const buyer = link === undefined ? undefined : this.#byId.get(link.buyerId)
        return buyer === undefined ? this.#listLinks(actor) : this.#place(actor, step, organization, buyer, [b, c, d])
      }
      case "accept":
        return moveOrder(orderIn("PENDING"), "ACCEPTED")
      case "reject":
        return moveOrder(orderIn("PENDING"), "REJECTED")
      case "deliver":
        return moveOrder(orderIn("ACCEPTED"), "IN_DELIVERY")
      case "complete":
      case "receive":
        return moveOrder(orderIn("IN_DELIVERY"), "COMPLETED")
      case "cancel sale":
      case "cancel purchase":
        return moveOrder(orderIn("PENDING", "ACCEPTED"), "CANCELLED")
      case "decide link":
        return moveLink(linkIn("PENDING"), b < 0.9 ? "APPROVED" : "REJECTED")
      case "block link":
        return moveLink(linkIn("APPROVED"), "BLOCKED")
      case "unblock link":
        return moveLink(linkIn("BLOCKED"), "APPROVED")
      case "create product":
        return this.#createProduct(actor, step.key, Math.floor(b * 200), step.manner)
      case "edit price": {
        const product = ownProduct()
        return product && this.#editProduct(actor, step, product, { price: (1 + b * 99).toFixed(2) })
      }
      case "count stock": {
        const product = ownProduct()
        return product && this.#editProduct(actor, step, product, { stock_quantity: Math.floor(b * 400) })
      }
      case "archive product": {
        const product = ownProduct()
        if (product === undefined || organization.products.size < 4) return undefined
        const given = await this.#give(
          actor,
          step,
          "archive product",
          { method: "DELETE", path: `/products/${product.id}` },
          {},
          product.id,
        )
        product.isActive = false
        return given
      }
      case "share stock":
        return this.#give(
          actor,
          step,
          "update organization",
          {
            method: "PATCH",
            path: `/organizations/${organization.id}`,
            body: { name: `${organization.name} ${step.key}`, settings: { share_stock: b < 0.5 } },
          },
          {},
        )
      case "create API key":
        return this.#give(
          actor,
          step,
          "create API key",
          { method: "POST", path: "/api-keys", body: { name: step.key, permissions: ["orders.order.read"] } },
          {},
        )
      case "refresh tokens":
        await this.#refresh(actor)
        return undefined
      case "read order":
        await this.#readOrder(actor, a)
        return undefined
      case "list orders":
        return this.#listOrders(actor)
      case "list links":
        return this.#listLinks(actor)
      case "catalog":
        return void (await this.#client.send(actor, { method: "GET", path: `/products/catalog?limit=${10 + Math.floor(a * 90)}` }))
      case "trespass":
        await this.#trespass(actor, a, b)
        return undefined
    }
  }

  async #give(actor: Actor, step: Step, kind: CommandKind, call: Omit<Call, "key">, asked: Command["asked"], target?: string) {
    return this.#giveKeyed(actor, step.key, kind, call, asked, target, step.manner)
  }

  async #giveKeyed(
    actor: Actor,
    key: string,
    kind: CommandKind,
    call: Omit<Call, "key">,
    asked: Command["asked"],
    target: string | undefined,
    manner: Manner,
  ) {
    const command = this.#journal.open(new Command({ key, kind, orgId: actor.organization.id, target, asked }))
    const answer = await this.#client.give(actor, command, call, manner)
    if (answer !== undefined) this.#learn(actor, kind, answer)
    return { command, call }
  }

  #supplierOf(buyer: Organization, at: number): Organization {
    const supplier = this.#world.suppliers[pick(suppliersOfBuyer(this.#world.buyers.indexOf(buyer)), at) ?? 0]
    if (supplier === undefined) throw new Error(`${buyer.name} has no supplier`)
    return supplier
  }

  /** Asked for by a buyer; from then on each may see that the other exists. */
  requestLink(actor: Actor, key: string, supplier: Organization): Promise<unknown> {
    return this.#requestLink(actor, { key }, supplier, plainManner)
  }

  #requestLink(actor: Actor, { key }: { readonly key: string }, supplier: Organization, manner: Manner) {
    actor.organization.partners.add(supplier.id)
    supplier.partners.add(actor.organization.id)
    return this.#giveKeyed(
      actor,
      key,
      "request link",
      { method: "POST", path: "/links/request", body: { supplier_id: supplier.id, message: key } },
      { supplierId: supplier.id },
      undefined,
      manner,
    )
  }

  /** Approves what waits, so that a run begins with something to do. */
  async approveAll(actor: Actor, prefix: string): Promise<void> {
    await this.#listLinks(actor)
    for (const link of [...actor.organization.links.values()].filter(({ status }) => status === "PENDING")) {
      const key = `${prefix}-${link.id}`
      await this.#giveKeyed(
        actor,
        key,
        "move link",
        { method: "PUT", path: `/links/${link.id}/status`, body: { status: "APPROVED", reason: key } },
        { status: "APPROVED" },
        link.id,
        plainManner,
      )
    }
  }

  createProduct(actor: Actor, key: string, stock: number): Promise<unknown> {
    return this.#createProduct(actor, key, stock, plainManner)
  }

  #createProduct(actor: Actor, key: string, stock: number, manner: Manner) {
    const body = { sku: key, name: `Product ${key}`, price: "5.99", stock_quantity: stock, description: key }
    return this.#giveKeyed(actor, key, "create product", { method: "POST", path: "/products", body }, { stock }, undefined, manner)
  }

  async #editProduct(actor: Actor, step: Step, product: KnownProduct, change: Readonly<Record<string, unknown>>) {
    return this.#give(
      actor,
      step,
      "edit product",
      { method: "PATCH", path: `/products/${product.id}`, body: { ...change, description: step.key } },
      change,
      product.id,
    )
  }

  async #place(
    actor: Actor,
    step: Step,
    supplier: Organization,
    buyer: Organization | undefined,
    picks: readonly [number, number, number],
  ) {
    const products = [...supplier.products.values()].filter(({ isActive }) => isActive)
    const [a, b, size] = picks
    // The same product twice in an order is worth a try: its lines must not both have the last unit.
    const lines = [pick(products, a), ...(size < 0.6 ? [pick(products, b)] : []), ...(size < 0.15 ? [pick(products, a)] : [])].filter(
      (product) => product !== undefined,
    )
    if (lines.length === 0) return undefined
    const items = lines.map(({ id }, index) => ({ product_id: id, quantity: 1 + Math.floor(((size * 37 + index * 7) % 1) * 12) }))
    const body = { supplier_id: supplier.id, items, note: step.key, ...(buyer === undefined ? {} : { buyer_id: buyer.id }) }
    return this.#give(
      actor,
      step,
      "place order",
      { method: "POST", path: "/orders", body },
      { supplierId: supplier.id, buyerId: buyer?.id ?? actor.organization.id, lines: items.length },
    )
  }

  async #moveOrder(actor: Actor, step: Step, id: OrderId, status: OrderStatus) {
    return this.#give(
      actor,
      step,
      "move order",
      { method: "PUT", path: `/orders/${id}/status`, body: { status, reason: step.key } },
      { status },
      id,
    )
  }

  /** What an answer tells the organization of its orders, links and products. */
  #learn(actor: Actor, kind: CommandKind, { text, isPending }: Answer): void {
    const { organization } = actor
    if (kind === "place order" || kind === "move order") {
      organization.heardOfOrder(orderBody.parse(JSON.parse(text)), !isPending)
    } else if (kind === "request link" || kind === "move link") {
      this.#learnLink(organization, linkBody.parse(JSON.parse(text)))
    } else if (kind === "create product") {
      const { id, supplier_id: supplierId, is_active: isActive } = productBody.parse(JSON.parse(text))
      organization.products.set(id, { id, supplierId, isActive })
    }
  }

  #learnLink(
    organization: Organization,
    { id, status, version, supplier_id: supplierId, buyer_id: buyerId }: z.output<typeof linkBody>,
  ): void {
    organization.heardOfLink({ id, status, version, supplierId, buyerId })
  }

  async #listOrders(actor: Actor): Promise<undefined> {
    const answer = await this.#client.send(actor, { method: "GET", path: "/orders/my-orders?limit=100" })
    if (answer?.status !== 200) return
    for (const order of pageOf(orderBody).parse(JSON.parse(answer.text)).data) actor.organization.heardOfOrder(order, true)
  }

  async #listLinks(actor: Actor): Promise<undefined> {
    const answer = await this.#client.send(actor, { method: "GET", path: "/links/my-links?limit=100" })
    if (answer?.status !== 200) return
    for (const link of pageOf(linkBody).parse(JSON.parse(answer.text)).data) this.#learnLink(actor.organization, link)
  }

  /** Whoever was told that D1 shows a change must find it there, and never an older state. */
  async #readOrder(actor: Actor, at: number): Promise<void> {
    const order = pick([...actor.organization.orders.values()], at)
    if (order === undefined) return
    const { id, shownVersion } = order
    const answer = await this.#client.send(actor, { method: "GET", path: `/orders/${id}` })
    if (answer === undefined || answer.status >= 500) return
    if (answer.status !== 200)
      return this.#journal.violate(`${actor.organization.name} knows order ${id} and reading it answered ${answer.status}: ${answer.text}`)
    const seen = orderBody.parse(JSON.parse(answer.text))
    if (seen.version < shownVersion) this.#journal.violate(`order ${id} was shown at version ${shownVersion}, then read at ${seen.version}`)
    this.#journal.count("orders read back")
    actor.organization.heardOfOrder(seen, true)
  }

  /** Reaches for what belongs to others. Whatever comes back, it must not be theirs. */
  async #trespass(actor: Actor, at: number, how: number): Promise<void> {
    const { organization } = actor
    const strangers = this.#world.suppliers.filter(({ id }) => id !== organization.id && !organization.partners.has(id))
    const stranger = pick(strangers, at)
    if (stranger === undefined) return
    const order = pick([...stranger.orders.keys()], how)
    const link = pick([...stranger.links.keys()], how)
    const product = pick([...stranger.products.keys()], how)
    const tries: ReadonlyArray<Call | undefined> = [
      order && { method: "GET", path: `/orders/${order}` },
      order && { method: "PUT", path: `/orders/${order}/status`, body: { status: "CANCELLED" } },
      link && { method: "GET", path: `/links/${link}` },
      link && { method: "PUT", path: `/links/${link}/status`, body: { status: "REMOVED" } },
      product && { method: "GET", path: `/products/${product}` },
      product && { method: "POST", path: "/orders", body: { supplier_id: stranger.id, items: [{ product_id: product, quantity: 1 }] } },
    ]
    const call = pick(tries, (at * 7 + how * 13) % 1)
    if (call === undefined) return
    const answer = await this.#client.send(actor, call)
    this.#journal.count("trespasses tried")
    if (answer !== undefined && answer.status < 400)
      this.#journal.violate(
        `${organization.name} reached for ${call.method} ${call.path} of ${stranger.name} and got ${answer.status}: ${answer.text}`,
      )
  }

  /** The owner's session goes on, or begins anew where its refresh token was spent by an answer that never came. */
  async #refresh(actor: Actor): Promise<void> {
    const owner = this.#world.owners.get(actor.organization.id)
    if (owner === undefined) return
    const refreshed = await this.#client.send(actor, { method: "POST", path: "/auth/refresh", body: { refresh_token: owner.refreshToken } })
    const answer =
      refreshed?.status === 200
        ? refreshed
        : await this.#client.send(actor, {
            method: "POST",
            path: "/auth/token",
            body: { email: owner.email, password: this.#world.password },
          })
    if (answer?.status !== 200) return
    const tokens = tokensBody.parse(JSON.parse(answer.text))
    this.#journal.secrets.add(tokens.access_token).add(tokens.refresh_token)
    owner.refreshToken = tokens.refresh_token
    this.#journal.count("sessions refreshed or begun")
  }
}
