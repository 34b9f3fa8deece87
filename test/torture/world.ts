import type { OrderStatus } from "../../src/domains/orders/rules.ts"
import {
  type LinkId,
  newId,
  type OrderId,
  type OrganizationId,
  type ProductId,
  type RoutingNumber,
  routingOf,
  type UserId,
} from "../../src/kernel/ids.ts"
import { type SigningKey, signAccessToken } from "../../src/platform/auth/access-token.ts"
import type { Employee } from "./employee.ts"
import type { Cast, Part } from "./plan.ts"
import { Stockroom } from "./stockroom.ts"

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
/** How a product's stock is kept: counted, in lots that expire, piece by piece, or as what it is made of. */
export type Goods = "counted" | "lots" | "units" | "kit"
export type KnownProduct = {
  readonly id: ProductId
  readonly sku: string
  readonly supplierId: OrganizationId
  readonly goods: Goods
  isActive: boolean
}

/** An organization and what its people have heard; colleagues share it, as they would share a screen. */
export class Organization {
  readonly id: OrganizationId
  readonly name: string
  readonly isSupplier: boolean
  /** The platform closes and reopens it. */
  readonly isLodger: boolean
  readonly routing: RoutingNumber
  /** Whose ids may stand in its answers: those it has, or asked to have, a link with. */
  readonly partners = new Set<OrganizationId>()
  readonly orders = new Map<OrderId, KnownOrder>()
  readonly links = new Map<LinkId, KnownLink>()
  /** Its own products; a supplier's. */
  readonly products = new Map<ProductId, KnownProduct>()
  readonly employees: Employee[] = []
  /** What it knows of its stock; a supplier's. */
  readonly stockroom = new Stockroom()

  constructor(id: OrganizationId, name: string, isSupplier: boolean, isLodger = false) {
    this.id = id
    this.name = name
    this.isSupplier = isSupplier
    this.isLodger = isLodger
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

/** The parts whose tokens are signed here; the others have API keys or sessions. */
type SignedPart = "buyer" | "sales" | "manager" | "storekeeper" | "owner"
const rolesOf: Readonly<Record<SignedPart, string>> = {
  buyer: "buyer",
  sales: "sales_rep",
  manager: "manager",
  storekeeper: "manager",
  owner: "owner",
}

export type Credential = { readonly text: string; readonly askedAt: number }

/** Whoever sends requests: for whom, by which credential, and what to do when that is refused. */
export type Sender = {
  readonly organization: Organization
  /** @throws when none is to be had right now. */
  credential(): Promise<Credential>
  credentialRefused(): void
}

/** A person or a service at work, with a credential of its own. */
export class Actor implements Sender {
  readonly client: string
  readonly part: Part
  readonly organization: Organization
  /** Whom the platform's staff closes and reopens. */
  readonly charge: Organization | undefined
  readonly #sign: () => Promise<string>
  readonly #secrets: Set<string>
  /** A promise, since of several requests at once only one may spend a refresh token. */
  #credential: { readonly askedAt: number; readonly signed: Promise<string> } | undefined

  constructor(given: {
    client: string
    part: Part
    organization: Organization
    charge: Organization | undefined
    sign: () => Promise<string>
    secrets: Set<string>
  }) {
    this.client = given.client
    this.part = given.part
    this.organization = given.organization
    this.charge = given.charge
    this.#sign = given.sign
    this.#secrets = given.secrets
  }

  /** Signed anew before it expires. */
  async credential(): Promise<Credential> {
    if (this.#credential === undefined || Date.now() - this.#credential.askedAt > tokenKeptMs)
      this.#credential = { askedAt: Date.now(), signed: this.#sign() }
    const { askedAt, signed } = this.#credential
    try {
      const text = await signed
      this.#secrets.add(text)
      return { text, askedAt }
    } catch (error) {
      this.credentialRefused()
      throw error
    }
  }

  /** The next request asks for another. */
  credentialRefused(): void {
    this.#credential = undefined
  }
}

export const supplierCount = 4
/** Organizations that the platform deactivates and reactivates while they work; they sell to nobody. */
export const lodgerCount = 2
export const buyerCount = 12
const suppliersPerBuyer = 2

/** The suppliers a buyer ever deals with; all others must stay unknown to it. */
export const suppliersOfBuyer = (buyer: number): readonly number[] =>
  Array.from({ length: suppliersPerBuyer }, (_, offset) => (buyer + offset) % supplierCount)

const crew: readonly Part[] = ["sales", "sales", "manager", "owner", "bot", "storekeeper"]
const lodgerCrew: readonly Part[] = ["lodger", "lodger bot", "staff"]
type Seat = { readonly side: "supplier" | "buyer" | "lodger"; readonly index: number }

/** Everybody who takes part, by name; the same in every run. */
export const cast: ReadonlyArray<Cast[number] & { readonly seat: Seat }> = [
  ...Array.from({ length: supplierCount }, (_, index) =>
    crew.map((part, place) => ({ client: `s${index}-${part}${place}`, part, seat: { side: "supplier" as const, index } })),
  ).flat(),
  ...Array.from({ length: buyerCount }, (_, index) => ({
    client: `b${index}`,
    part: "buyer" as const,
    seat: { side: "buyer" as const, index },
  })),
  ...Array.from({ length: lodgerCount }, (_, index) =>
    lodgerCrew.map((part) => ({ client: `l${index}-${part.replace(" ", "-")}`, part, seat: { side: "lodger" as const, index } })),
  ).flat(),
]

export type Owner = { readonly email: string; refreshToken: string }

export type World = {
  /** All that have a ledger at work, the lodgers included. */
  readonly suppliers: readonly Organization[]
  readonly buyers: readonly Organization[]
  readonly actors: readonly Actor[]
  /** Those who sign in with a password, as well as by the tokens signed here. */
  readonly owners: ReadonlyMap<OrganizationId, Owner>
  /** In whose names files are imported: the founders themselves, since an import goes on only while its user is there. */
  readonly importers: ReadonlyMap<OrganizationId, Actor>
  readonly password: string
  readonly keys: readonly SigningKey[]
  readonly staffToken: () => Promise<string>
}

/** A signer of access tokens: no session stands behind one, so that a run need not hash a password for each of its people. */
export function signer(
  keys: readonly SigningKey[],
  {
    orgId,
    roles,
    name,
    userId = newId("usr", Date.now()),
  }: { orgId: OrganizationId; roles: readonly string[]; name: string; userId?: UserId },
): () => Promise<string> {
  return () =>
    signAccessToken(
      keys,
      {
        userId,
        orgId,
        orgSlug: orgId.slice(-12),
        sessionId: newId("ses", Date.now()),
        name,
        roles,
        customPermissions: [],
        isReadOnly: false,
      },
      Date.now(),
    )
}

type Credentials = {
  readonly keys: readonly SigningKey[]
  readonly apiKeys: ReadonlyMap<OrganizationId, string>
  readonly renewSession: (organization: Organization) => Promise<string>
  readonly staffToken: () => Promise<string>
}

export function actorsOf(
  { suppliers, buyers, platform }: { suppliers: readonly Organization[]; buyers: readonly Organization[]; platform: Organization },
  { keys, apiKeys, renewSession, staffToken }: Credentials,
  secrets: Set<string>,
): Actor[] {
  return cast.map(({ client, part, seat }) => {
    const home = seat.side === "buyer" ? buyers[seat.index] : suppliers[seat.index + (seat.side === "lodger" ? supplierCount : 0)]
    if (home === undefined) throw new Error(`nobody founded the organization of ${client}`)
    const signs = (): (() => Promise<string>) => {
      switch (part) {
        case "bot":
        case "lodger bot":
          return async () => apiKeys.get(home.id) ?? ""
        case "lodger":
          return () => renewSession(home)
        case "staff":
          return staffToken
        case "buyer":
        case "sales":
        case "manager":
        case "storekeeper":
        case "owner":
          return signer(keys, { orgId: home.id, roles: [rolesOf[part]], name: `Torture ${client}` })
      }
    }
    const isStaff = part === "staff"
    return new Actor({
      client,
      part,
      organization: isStaff ? platform : home,
      charge: isStaff ? home : undefined,
      sign: signs(),
      secrets,
    })
  })
}

export function importersOf(
  organizations: readonly Organization[],
  founders: ReadonlyMap<OrganizationId, UserId>,
  keys: readonly SigningKey[],
  secrets: Set<string>,
): Map<OrganizationId, Actor> {
  return new Map(
    organizations.flatMap((organization) => {
      const { id: orgId, name } = organization
      const userId = founders.get(orgId)
      if (userId === undefined) return []
      const sign = signer(keys, { orgId, roles: ["owner"], name: `Torture owner of ${name}`, userId })
      const client = `importer-${orgId}`
      return [[orgId, new Actor({ client, part: "owner", organization, charge: undefined, sign, secrets })] as const]
    }),
  )
}
