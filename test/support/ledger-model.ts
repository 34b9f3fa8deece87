import type { LedgerCommand, LedgerFact } from "../../durable-objects/supplier-ledger/commands/index.ts"
import type { SettableOrderStatus } from "../../src/domains/orders/rules.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { DecidableLinkStatus } from "../../src/domains/partners/rules.ts"
import type { LinkId, OrderId, OrganizationId, ProductId } from "../../src/kernel/ids.ts"

/** A command with all that decides its outcome. */
export type Concrete = { readonly by: OrganizationId; readonly ifMatch: number | undefined; readonly command: LedgerCommand }

type Product = { sku: string; step: number; minimum: number; stock: number; active: boolean; archived: boolean; version: number }
type Terms = { readonly percentOff: number; readonly listed: ReadonlyMap<ProductId, number>; readonly leastCents: number }
type Link = { id: LinkId; status: "PENDING" | "APPROVED" | "REJECTED" | "BLOCKED" | "REMOVED"; terms?: Terms }
type Line = { readonly productId: ProductId; readonly quantityMilli: number }
type Order = {
  buyer: OrganizationId
  lines: readonly Line[]
  cents: number
  status: "PENDING" | SettableOrderStatus
  version: number
  wasAccepted: boolean
}

/** The moves as the issue tells them, written out once more on purpose: the model shares no table with the code. */
const orderMoves: Record<"supplier" | "buyer", Record<string, readonly string[]>> = {
  supplier: {
    PENDING: ["ACCEPTED", "REJECTED", "CANCELLED"],
    ACCEPTED: ["IN_DELIVERY", "CANCELLED"],
    IN_DELIVERY: ["COMPLETED", "FAILED_DELIVERY"],
    FAILED_DELIVERY: ["IN_DELIVERY", "CANCELLED"],
  },
  buyer: { PENDING: ["CANCELLED"], ACCEPTED: ["CANCELLED"], IN_DELIVERY: ["COMPLETED"], FAILED_DELIVERY: ["CANCELLED"] },
}
const linkMoves: Record<"supplier" | "buyer", Record<string, readonly string[]>> = {
  supplier: { PENDING: ["APPROVED", "REJECTED", "BLOCKED"], APPROVED: ["BLOCKED", "REMOVED"], BLOCKED: ["APPROVED"] },
  buyer: { PENDING: ["REMOVED"], APPROVED: ["REMOVED"] },
}

/** What a ledger should do, in memory and without storage: the outcome of each command, and the state after it. */
export class LedgerModel {
  readonly owner: OrganizationFacts
  readonly products = new Map<ProductId, Product>()
  readonly links = new Map<OrganizationId, Link>()
  readonly orders = new Map<OrderId, Order>()
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
        return this.#holds(sku) ? "CONFLICT" : "OK"
      }
      case "updateProduct":
      case "archiveProduct": {
        const product = this.products.get(command.input.productId)
        if (!isOwner || product === undefined || product.archived) return "NOT_FOUND"
        if (ifMatch !== undefined && ifMatch !== product.version) return "VERSION_MISMATCH"
        return command.verb === "updateProduct" && (command.input.stockMilli ?? 0) % product.step !== 0 ? "OFF_STEP" : "OK"
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
        return command.input.status === "ACCEPTED" && this.#isShort(order.lines) ? "STOCK_INSUFFICIENT" : "OK"
      }
      default:
        throw new Error(`the model does not know ${command.verb}`)
    }
  }

  /** The state after a command that went well; ids are the ledger's own, read from its answer. */
  commit({ by, command }: Concrete, fact: LedgerFact): void {
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
      case "requestLink":
        this.#tell(by)
        this.links.set(by, { ...this.links.get(by), id: fact.id as LinkId, status: "PENDING" })
        return
      case "setLinkStatus": {
        const [buyer, link] = this.#link(command.input.linkId) ?? []
        if (buyer === undefined || link === undefined) throw new Error("a link that nobody asked for was moved")
        this.#tell(buyer)
        link.status = command.input.status
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
        this.#tell(command.input.buyerId)
        this.orders.set(fact.id as OrderId, {
          buyer: command.input.buyerId,
          lines: command.input.lines,
          cents: this.#costs(command.input.buyerId, command.input.lines),
          status: "PENDING",
          version: 1,
          wasAccepted: false,
        })
        return
      case "reorder": {
        const { buyer, lines } = this.#known(this.orders, command.input.orderId)
        this.#tell(buyer)
        this.orders.set(fact.id as OrderId, {
          buyer,
          lines,
          cents: this.#costs(buyer, lines),
          status: "PENDING",
          version: 1,
          wasAccepted: false,
        })
        return
      }
      case "setOrderStatus": {
        const order = this.#known(this.orders, command.input.orderId)
        this.#tell(order.buyer)
        const moved = command.input.status === "ACCEPTED" ? -1 : command.input.status === "CANCELLED" && order.wasAccepted ? 1 : 0
        for (const { productId, quantityMilli } of order.lines) this.#known(this.products, productId).stock += moved * quantityMilli
        order.status = command.input.status
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
    return by === this.owner.id || this.links.get(by)?.status === "APPROVED"
  }

  #place(by: OrganizationId, buyer: OrganizationId, lines: readonly Line[]): string {
    if ((by !== buyer && by !== this.owner.id) || this.links.get(buyer)?.status !== "APPROVED") return "LINK_NOT_APPROVED"
    const known = lines.map(({ productId, quantityMilli }) => ({
      product: this.products.get(productId),
      quantityMilli,
      sum: sumOf(lines, productId),
    }))
    if (known.some(({ product }) => product === undefined || !product.active)) return "VALIDATION_FAILED"
    if (known.some(({ product, quantityMilli }) => quantityMilli % (product?.step ?? 1) !== 0)) return "OFF_STEP"
    if (known.some(({ product, sum }) => sum < (product?.minimum ?? 0))) return "BELOW_MINIMUM"
    return this.#costs(buyer, lines) < (this.links.get(buyer)?.terms?.leastCents ?? 0) ? "BELOW_MINIMUM" : "OK"
  }

  /** Every product's own price is 5.99, and quantities are whole. */
  #costs(buyer: OrganizationId, lines: readonly Line[]): number {
    const { percentOff = 0, listed } = this.links.get(buyer)?.terms ?? {}
    const unit = (id: ProductId): number => listed?.get(id) ?? Math.floor((599 * (100 - percentOff) + 50) / 100)
    return lines.reduce((sum, { productId, quantityMilli }) => sum + unit(productId) * (quantityMilli / 1_000), 0)
  }

  #isShort = (lines: readonly Line[]): boolean =>
    lines.some(({ productId }) => sumOf(lines, productId) > this.#known(this.products, productId).stock)

  #holds = (sku: string): boolean => [...this.products.values()].some((product) => product.sku === sku && !product.archived)

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

const sumOf = (lines: readonly Line[], productId: ProductId): number =>
  lines.filter((line) => line.productId === productId).reduce((sum, { quantityMilli }) => sum + quantityMilli, 0)

export type { DecidableLinkStatus, SettableOrderStatus }
