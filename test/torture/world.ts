import {
  type LinkId,
  newId,
  type OrderId,
  type OrganizationId,
  type ProductId,
  type RoutingNumber,
  routingOf,
} from "../../src/kernel/ids.ts"
import { type SigningKey, signAccessToken } from "../../src/platform/auth/access-token.ts"
import type { Journal } from "./journal.ts"
import type { Cast, Part } from "./plan.ts"

export type OrderStatus = "PENDING" | "ACCEPTED" | "REJECTED" | "IN_DELIVERY" | "COMPLETED" | "CANCELLED"
export type LinkStatus = "PENDING" | "APPROVED" | "REJECTED" | "BLOCKED" | "REMOVED"

/** An order as somebody last heard of it. `shownVersion` is the last one that D1 was said to show. */
export type KnownOrder = { readonly id: OrderId; status: OrderStatus; version: number; shownVersion: number }
export type KnownLink = {
  readonly id: LinkId
  readonly supplierId: OrganizationId
  readonly buyerId: OrganizationId
  status: LinkStatus
  version: number
}
export type KnownProduct = { readonly id: ProductId; readonly supplierId: OrganizationId; isActive: boolean }

/** An organization and what its people have heard; colleagues share it, as they would share a screen. */
export class Organization {
  readonly id: OrganizationId
  readonly name: string
  readonly isSupplier: boolean
  readonly routing: RoutingNumber
  /** Whose ids may stand in its answers: those it has, or asked to have, a link with. */
  readonly partners = new Set<OrganizationId>()
  readonly orders = new Map<OrderId, KnownOrder>()
  readonly links = new Map<LinkId, KnownLink>()
  /** Its own products; a supplier's. */
  readonly products = new Map<ProductId, KnownProduct>()

  constructor(id: OrganizationId, name: string, isSupplier: boolean) {
    this.id = id
    this.name = name
    this.isSupplier = isSupplier
    this.routing = routingOf(id)
  }

  heardOfOrder(heard: { id: OrderId; status: OrderStatus; version: number }, isShown: boolean): void {
    const known = this.orders.get(heard.id)
    const shownVersion = Math.max(known?.shownVersion ?? 0, isShown ? heard.version : 0)
    if (known === undefined) this.orders.set(heard.id, { ...heard, shownVersion })
    else {
      known.shownVersion = shownVersion
      // Answers overtake each other; the newest one counts.
      if (heard.version < known.version) return
      known.status = heard.status
      known.version = heard.version
    }
  }

  heardOfLink(heard: KnownLink): void {
    const known = this.links.get(heard.id)
    if (known === undefined || heard.version >= known.version) this.links.set(heard.id, { ...heard })
  }
}

const tokenKeptMs = 10 * 60_000

const rolesOf: Readonly<Record<Exclude<Part, "bot">, string>> = { buyer: "buyer", sales: "sales_rep", manager: "manager", owner: "owner" }

/** A person or a service at work, with a credential of its own. */
export class Actor {
  readonly client: string
  readonly part: Part
  readonly organization: Organization
  readonly #sign: () => Promise<string>
  readonly #secrets: Set<string>
  #token: { readonly text: string; readonly signedAt: number } | undefined

  constructor(client: string, part: Part, organization: Organization, sign: () => Promise<string>, secrets: Set<string>) {
    this.client = client
    this.part = part
    this.organization = organization
    this.#sign = sign
    this.#secrets = secrets
  }

  /** Signed anew before it expires. */
  async token(): Promise<string> {
    if (this.#token === undefined || Date.now() - this.#token.signedAt > tokenKeptMs) {
      this.#token = { text: await this.#sign(), signedAt: Date.now() }
      this.#secrets.add(this.#token.text)
    }
    return this.#token.text
  }
}

export const supplierCount = 4
export const buyerCount = 12
const suppliersPerBuyer = 2

/** The suppliers a buyer ever deals with; all others must stay unknown to it. */
export const suppliersOfBuyer = (buyer: number): readonly number[] =>
  Array.from({ length: suppliersPerBuyer }, (_, offset) => (buyer + offset) % supplierCount)

const staff: readonly Part[] = ["sales", "sales", "manager", "owner", "bot"]

/** Everybody who takes part, by name; the same in every run. */
export const cast: ReadonlyArray<Cast[number] & { readonly seat: { readonly side: "supplier" | "buyer"; readonly index: number } }> = [
  ...Array.from({ length: supplierCount }, (_, index) =>
    staff.map((part, place) => ({ client: `s${index}-${part}${place}`, part, seat: { side: "supplier" as const, index } })),
  ).flat(),
  ...Array.from({ length: buyerCount }, (_, index) => ({
    client: `b${index}`,
    part: "buyer" as const,
    seat: { side: "buyer" as const, index },
  })),
]

export type Owner = { readonly email: string; readonly userId: string; refreshToken: string }

export type World = {
  readonly suppliers: readonly Organization[]
  readonly buyers: readonly Organization[]
  readonly actors: readonly Actor[]
  /** Those who sign in with a password, as well as by the tokens signed here. */
  readonly owners: ReadonlyMap<OrganizationId, Owner>
  readonly password: string
  readonly staffToken: () => Promise<string>
}

/** A signer of access tokens: no row stands behind one, so that a run need not hash a password for each of its people. */
export function signer(
  keys: readonly SigningKey[],
  orgId: OrganizationId,
  part: Exclude<Part, "bot"> | "super_admin",
  name: string,
): () => Promise<string> {
  const userId = newId("usr", Date.now())
  return () =>
    signAccessToken(
      keys,
      {
        userId,
        orgId,
        orgSlug: orgId.slice(-12),
        sessionId: newId("ses", Date.now()),
        name,
        roles: [part === "super_admin" ? part : rolesOf[part]],
        customPermissions: [],
        isReadOnly: false,
      },
      Date.now(),
    )
}

export function actorsOf(
  keys: readonly SigningKey[],
  suppliers: readonly Organization[],
  buyers: readonly Organization[],
  apiKeys: ReadonlyMap<OrganizationId, string>,
  journal: Journal,
): Actor[] {
  return cast.map(({ client, part, seat }) => {
    const organization = (seat.side === "supplier" ? suppliers : buyers)[seat.index]
    if (organization === undefined) throw new Error(`nobody founded the organization of ${client}`)
    const sign = part === "bot" ? async () => apiKeys.get(organization.id) ?? "" : signer(keys, organization.id, part, `Torture ${client}`)
    return new Actor(client, part, organization, sign, journal.secrets)
  })
}
