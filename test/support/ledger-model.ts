import type { LedgerCommand, LedgerFact } from "../../durable-objects/supplier-ledger/commands/index.ts"
import type { OrderFacts, OrderStatus, Side } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { LinkId, LocationId, OrderId, OrderLineId, OrganizationId, ProductId } from "../../src/kernel/ids.ts"

/** A command with all that decides its outcome. */
export type Concrete = { readonly by: OrganizationId; readonly ifMatch: number | undefined; readonly command: LedgerCommand }

type Product = { sku: string; step: number; minimum: number; stock: number; active: boolean; archived: boolean; version: number }
type Terms = { readonly percentOff: number; readonly listed: ReadonlyMap<ProductId, number>; readonly leastCents: number }
type Link = { id: LinkId; status: "PENDING" | "APPROVED" | "REJECTED" | "BLOCKED" | "REMOVED"; terms?: Terms }
type Line = { readonly productId: ProductId; readonly quantityMilli: number }
type Priced = Line & { readonly unitCents: number }
type Order = {
  readonly buyer: OrganizationId
  readonly firstLine: OrderLineId | undefined
  readonly lines: readonly Priced[]
  cents: number
  status: OrderStatus
  version: number
  wasAccepted: boolean
}
type Place = { code: string; operator: OrganizationId | undefined; archived: boolean; version: number }

/** The moves as the issue tells them, written out once more on purpose: the models share no table with the code. */
export const orderMoves: Readonly<Record<Side, Partial<Record<OrderStatus, readonly string[]>>>> = {
  supplier: {
    PENDING: ["ACCEPTED", "REJECTED", "CANCELLED"],
    AMENDED: ["CANCELLED"],
    ACCEPTED: ["IN_DELIVERY", "CANCELLED"],
    IN_DELIVERY: ["COMPLETED", "FAILED_DELIVERY"],
    FAILED_DELIVERY: ["IN_DELIVERY", "CANCELLED"],
  },
  buyer: {
    PENDING: ["CANCELLED"],
    AMENDED: ["ACCEPTED", "CANCELLED"],
    ACCEPTED: ["CANCELLED"],
    IN_DELIVERY: ["COMPLETED"],
    FAILED_DELIVERY: ["CANCELLED"],
  },
}
const linkMoves: Record<Side, Record<string, readonly string[]>> = {
  supplier: { PENDING: ["APPROVED", "REJECTED", "BLOCKED"], APPROVED: ["BLOCKED", "REMOVED"], BLOCKED: ["APPROVED"] },
  buyer: { PENDING: ["REMOVED"], APPROVED: ["REMOVED"] },
}

/** What a ledger should do, in memory and without storage: the outcome of each command, and the state after it. */
export class LedgerModel {
  readonly owner: OrganizationFacts
  readonly products = new Map<ProductId, Product>()
  readonly links = new Map<OrganizationId, Link>()
  readonly orders = new Map<OrderId, Order>()
  /** But for the one that a ledger begins with. */
  readonly places = new Map<LocationId, Place>()
  /** Successful commands by who gave them, and events by who received them. */
  readonly audits = new Map<OrganizationId, number>()
  readonly events = new Map<OrganizationId, number>()

  constructor(owner: OrganizationFacts) {
    this.owner = owner
  }

  /** OK, or the code of the refusal. */
  predict({ by, ifMatch, command }: Concrete): string {
    const isOwner = by === this.owner.id
    switch (command.verb) {
      case "createProduct": {
        if (!isOwner) return "NOT_FOUND"
        const { sku, stockMilli = 0, quantityStepMilli = 1_000 } = command.input
        if (stockMilli % quantityStepMilli !== 0) return "OFF_STEP"
        return this.#bySku(sku) !== undefined ? "CONFLICT" : "OK"
      }
      case "updateProduct":
      case "archiveProduct": {
        const product = this.products.get(command.input.productId)
        if (!isOwner || product === undefined || product.archived) return "NOT_FOUND"
        if (ifMatch !== undefined && ifMatch !== product.version) return "VERSION_MISMATCH"
        return command.verb === "updateProduct" && (command.input.stockMilli ?? 0) % product.step !== 0 ? "OFF_STEP" : "OK"
      }
      case "saveProduct": {
        if (!isOwner) return "NOT_FOUND"
        const { sku, name, stockMilli = 0 } = command.input
        const [, product] = this.#bySku(sku) ?? []
        if (product === undefined && name === undefined) return "VALIDATION_FAILED"
        return stockMilli % (product?.step ?? 1_000) === 0 ? "OK" : "OFF_STEP"
      }
      case "createLocation": {
        if (!isOwner) return "NOT_FOUND"
        const { code, operatorId } = command.input
        return this.#isTaken(code) ? "CONFLICT" : this.#mayRun(operatorId) ? "OK" : "LINK_NOT_APPROVED"
      }
      case "updateLocation":
      case "archiveLocation": {
        const place = this.places.get(command.input.locationId)
        if (!isOwner || place === undefined || place.archived) return "NOT_FOUND"
        if (ifMatch !== undefined && ifMatch !== place.version) return "VERSION_MISMATCH"
        // All stock is at the place that a ledger begins with.
        if (command.verb === "archiveLocation") return "OK"
        const { code = place.code, operatorId } = command.input
        if (code !== place.code && this.#isTaken(code)) return "CONFLICT"
        return operatorId === place.operator || this.#mayRun(operatorId) ? "OK" : "LINK_NOT_APPROVED"
      }
      case "requestLink": {
        if (command.input.buyerId !== by) return "FORBIDDEN"
        const status = this.links.get(by)?.status
        return status === "PENDING" || status === "APPROVED" ? "LINK_EXISTS" : status === "BLOCKED" ? "LINK_BLOCKED" : "OK"
      }
      case "setLinkStatus": {
        const [buyer, link] = this.#link(command.input.linkId) ?? []
        if (link === undefined || (!isOwner && by !== buyer)) return "NOT_FOUND"
        if (!(linkMoves[isOwner ? "supplier" : "buyer"][link.status] ?? []).includes(command.input.status)) return "INVALID_TRANSITION"
        return link.status === "BLOCKED" && !command.input.mayUnblock ? "FORBIDDEN" : "OK"
      }
      case "setLinkTerms": {
        const [buyer, link] = this.#link(command.input.linkId) ?? []
        if (link === undefined || (!isOwner && by !== buyer)) return "NOT_FOUND"
        if (!isOwner) return "FORBIDDEN"
        if (link.status === "REJECTED" || link.status === "REMOVED") return "INVALID_TRANSITION"
        const isSold = ({ productId }: { productId: ProductId }) => this.products.get(productId)?.archived === false
        return command.input.terms.priceList.every(isSold) ? "OK" : "VALIDATION_FAILED"
      }
      case "placeOrder":
        return this.#place(by, command.input.buyerId, command.input.lines)
      case "placeOrderBySku": {
        const { buyerId, lines } = command.input
        if ((by !== buyerId && !isOwner) || !this.#isLinked(buyerId)) return "LINK_NOT_APPROVED"
        const known = this.#linesOf(lines)
        return known.length < lines.length ? "VALIDATION_FAILED" : this.#place(by, buyerId, known)
      }
      case "reorder": {
        const earlier = this.orders.get(command.input.orderId)
        return earlier === undefined || earlier.buyer !== by ? "NOT_FOUND" : this.#place(by, by, earlier.lines)
      }
      case "setOrderStatus": {
        const order = this.orders.get(command.input.orderId)
        if (order === undefined || (!isOwner && by !== order.buyer)) return "NOT_FOUND"
        if (ifMatch !== undefined && ifMatch !== order.version) return "VERSION_MISMATCH"
        if (!isOwner && command.input.status === "ACCEPTED" && order.status === "PENDING") return "FORBIDDEN"
        if (!(orderMoves[isOwner ? "supplier" : "buyer"][order.status] ?? []).includes(command.input.status)) return "INVALID_TRANSITION"
        const [{ deliveredMilli = 0 } = {}] = command.input.delivered ?? []
        if (deliveredMilli > (order.lines[0]?.quantityMilli ?? 0) * 1.5) return "VALIDATION_FAILED"
        return command.input.status === "ACCEPTED" && this.#isShort(order.lines) ? "STOCK_INSUFFICIENT" : "OK"
      }
      default:
        throw new Error(`the model does not know ${command.verb}`)
    }
  }

  /** The state after a command that went well; ids are the ledger's own, read from its answer. */
  commit({ by, command }: Concrete, fact: LedgerFact): void {
    if (command.verb === "saveProduct" && this.#isSaid(command.input)) return
    this.audits.set(by, (this.audits.get(by) ?? 0) + 1)
    this.#tell(this.owner.id)
    switch (command.verb) {
      case "createProduct": {
        const { sku, stockMilli = 0, quantityStepMilli: step = 1_000, minOrderMilli: minimum = step } = command.input
        this.products.set(fact.id as ProductId, { sku, step, minimum, stock: stockMilli, active: true, archived: false, version: 1 })
        return
      }
      case "updateProduct":
      case "archiveProduct": {
        const product = this.#known(this.products, command.input.productId)
        product.version += 1
        if (command.verb === "archiveProduct") {
          product.active = false
          product.archived = true
          return
        }
        product.stock = command.input.stockMilli ?? product.stock
        product.active = command.input.isActive ?? product.active
        return
      }
      case "saveProduct": {
        const { sku, stockMilli, isActive } = command.input
        const { step = 1_000, minimum = step, stock = 0, active = true, version = 0 } = this.#bySku(sku)?.[1] ?? {}
        this.products.set(fact.id as ProductId, {
          sku,
          step,
          minimum,
          stock: stockMilli ?? stock,
          active: isActive ?? active,
          archived: false,
          version: version + 1,
        })
        return
      }
      case "createLocation": {
        const { code, operatorId } = command.input
        if (operatorId !== null) this.#tell(operatorId)
        this.places.set(fact.id as LocationId, { code, operator: operatorId ?? undefined, archived: false, version: 1 })
        return
      }
      case "updateLocation":
      case "archiveLocation": {
        const place = this.#known(this.places, command.input.locationId)
        const before = place.operator
        place.archived = command.verb === "archiveLocation"
        if (command.verb === "updateLocation") {
          const { code = place.code, operatorId = before ?? null } = command.input
          place.code = code
          place.operator = operatorId ?? undefined
        } else place.operator = undefined
        place.version += 1
        if (before !== undefined && before !== place.operator) this.#tell(before)
        if (place.operator !== undefined && place.operator !== before) this.#tell(place.operator)
        return
      }
      case "requestLink":
        this.#tell(by)
        this.links.set(by, { ...this.links.get(by), id: fact.id as LinkId, status: "PENDING" })
        return
      case "setLinkStatus": {
        const [buyer, link] = this.#link(command.input.linkId) ?? []
        if (buyer === undefined || link === undefined) throw new Error("a link that nobody asked for was moved")
        this.#tell(buyer)
        link.status = command.input.status
        // INV-WHS-4
        for (const place of link.status === "APPROVED" ? [] : this.places.values()) {
          if (place.operator !== buyer) continue
          place.operator = undefined
          place.version += 1
        }
        return
      }
      case "setLinkTerms": {
        const [buyer, link] = this.#link(command.input.linkId) ?? []
        if (buyer === undefined || link === undefined) throw new Error("a link that nobody asked for got terms")
        if (link.status === "APPROVED") this.#tell(buyer)
        const { discountBasisPoints, priceList, minOrderValue } = command.input.terms
        link.terms = {
          percentOff: discountBasisPoints / 100,
          listed: new Map(priceList.map(({ productId, price }) => [productId, Number(price) * 100])),
          leastCents: Number(minOrderValue?.value ?? 0) * 100,
        }
        return
      }
      case "placeOrder":
        return this.#placed(fact, command.input.buyerId, command.input.lines)
      case "placeOrderBySku":
        return this.#placed(fact, command.input.buyerId, this.#linesOf(command.input.lines))
      case "reorder": {
        const { buyer, lines } = this.#known(this.orders, command.input.orderId)
        return this.#placed(fact, buyer, lines)
      }
      case "setOrderStatus": {
        const order = this.#known(this.orders, command.input.orderId)
        this.#tell(order.buyer)
        const moved = command.input.status === "ACCEPTED" ? -1 : command.input.status === "CANCELLED" && order.wasAccepted ? 1 : 0
        for (const { productId, quantityMilli } of order.lines) this.#known(this.products, productId).stock += moved * quantityMilli
        order.status = command.input.status
        order.cents += by === this.owner.id ? this.#lessOf(order, command.input.delivered?.[0]?.deliveredMilli) : 0
        order.wasAccepted ||= command.input.status === "ACCEPTED"
        order.version += 1
        return
      }
      default:
        throw new Error(`the model does not know ${command.verb}`)
    }
  }

  /** Whether a final refusal to this organization is kept and repeated: nobody without a link fills the ledger's storage. */
  isParty(by: OrganizationId): boolean {
    return by === this.owner.id || this.#isLinked(by)
  }

  #place(by: OrganizationId, buyer: OrganizationId, lines: readonly Line[]): string {
    if ((by !== buyer && by !== this.owner.id) || !this.#isLinked(buyer)) return "LINK_NOT_APPROVED"
    const known = lines.map(({ productId, quantityMilli }) => ({
      product: this.products.get(productId),
      quantityMilli,
      sum: sumOf(lines, productId),
    }))
    if (known.some(({ product }) => product === undefined || !product.active)) return "VALIDATION_FAILED"
    if (known.some(({ product, quantityMilli }) => quantityMilli % (product?.step ?? 1) !== 0)) return "OFF_STEP"
    if (known.some(({ product, sum }) => sum < (product?.minimum ?? 0))) return "BELOW_MINIMUM"
    return centsOf(this.#priced(buyer, lines)) < (this.links.get(buyer)?.terms?.leastCents ?? 0) ? "BELOW_MINIMUM" : "OK"
  }

  #placed(fact: LedgerFact, buyer: OrganizationId, asked: readonly Line[]): void {
    this.#tell(buyer)
    const { id, lines: made } = fact as OrderFacts
    const lines = this.#priced(buyer, asked)
    this.orders.set(id, { buyer, firstLine: made[0]?.id, lines, cents: centsOf(lines), status: "PENDING", version: 1, wasAccepted: false })
  }

  /** Every product's own price is 5.99. */
  #priced(buyer: OrganizationId, lines: readonly Line[]): Priced[] {
    const { percentOff = 0, listed } = this.links.get(buyer)?.terms ?? {}
    const unit = (id: ProductId): number => listed?.get(id) ?? Math.floor((599 * (100 - percentOff) + 50) / 100)
    return lines.map(({ productId, quantityMilli }) => ({ productId, quantityMilli, unitCents: unit(productId) }))
  }

  /** INV-ORD-8: what comes off the bill where the supplier says that so much came of the first line. */
  #lessOf({ lines: [line] }: Order, deliveredMilli: number | undefined): number {
    if (line === undefined || deliveredMilli === undefined || deliveredMilli >= line.quantityMilli) return 0
    return Math.floor((line.unitCents * deliveredMilli + 500) / 1_000) - centsOf([line])
  }

  #bySku = (sku: string) => [...this.products].find(([, product]) => product.sku === sku && !product.archived)

  #linesOf = (lines: ReadonlyArray<{ readonly sku: string; readonly quantityMilli: number }>): Line[] =>
    lines.flatMap(({ sku, quantityMilli }) => {
      const [productId] = this.#bySku(sku) ?? []
      return productId === undefined ? [] : [{ productId, quantityMilli }]
    })

  /** Whether a product is as it is said to be already, so that nothing happens. */
  #isSaid({ sku, stockMilli, isActive }: { sku: string; stockMilli?: number; isActive?: boolean }): boolean {
    const product = this.#bySku(sku)?.[1]
    return product !== undefined && (stockMilli ?? product.stock) === product.stock && (isActive ?? product.active) === product.active
  }

  #isTaken = (code: string): boolean =>
    code === "MAIN" || code === "IN-TRANSIT" || [...this.places.values()].some((one) => one.code === code)

  #isLinked = (organization: OrganizationId): boolean => this.links.get(organization)?.status === "APPROVED"

  /** Nobody may always run a place, and so may who is not spoken of. */
  #mayRun = (operator: OrganizationId | null = null): boolean => operator === null || this.#isLinked(operator)

  #isShort = (lines: readonly Line[]): boolean =>
    lines.some(({ productId }) => sumOf(lines, productId) > this.#known(this.products, productId).stock)

  #link = (id: LinkId) => [...this.links].find(([, link]) => link.id === id)

  #tell(organization: OrganizationId): void {
    this.events.set(organization, (this.events.get(organization) ?? 0) + 1)
  }

  #known<K, V>(map: ReadonlyMap<K, V>, key: K): V {
    const value = map.get(key)
    if (value === undefined) throw new Error(`the model does not know ${String(key)}`)
    return value
  }
}

const centsOf = (lines: readonly Priced[]): number =>
  lines.reduce((sum, { unitCents, quantityMilli }) => sum + unitCents * (quantityMilli / 1_000), 0)

const sumOf = (lines: readonly Line[], productId: ProductId): number =>
  lines.filter((line) => line.productId === productId).reduce((sum, { quantityMilli }) => sum + quantityMilli, 0)
