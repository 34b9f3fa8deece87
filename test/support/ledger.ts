import { evictDurableObject, runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { vi } from "vitest"
import { type Envelope, stubOf } from "../../durable-objects/supplier-ledger/client.ts"
import type { LedgerCommands, LedgerVerb } from "../../durable-objects/supplier-ledger/commands/index.ts"
import type { LedgerReply, LedgerRpc } from "../../durable-objects/supplier-ledger/rpc.ts"
import type { SupplierLedger } from "../../durable-objects/supplier-ledger/supplier-ledger.ts"
import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { GivenTerms } from "../../src/domains/partners/rules.ts"
import { newId, newRoutingNumber, type ProductId } from "../../src/kernel/ids.ts"
import type { Result } from "../../src/kernel/result.ts"
import type { ActorRef } from "../../src/platform/auth/actor.ts"

/** An organization's facts as its module would send them; its id carries its routing number, as all do. */
export function organization(name: string, changes: Partial<OrganizationFacts> = {}): OrganizationFacts {
  const routing = newRoutingNumber()
  return {
    id: newId("org", Date.now(), routing),
    routing,
    name,
    status: "ACTIVE",
    kybStatus: "VERIFIED",
    isSupplier: true,
    settings: { currency: "USD", time_zone: "UTC", share_stock: false, require_kyb_for_link_approval: false },
    version: 1,
    ...changes,
  }
}

export const actorOf = ({ id, name }: OrganizationFacts): ActorRef => ({
  kind: "USER",
  id: `usr_${id.slice(4)}`,
  name: `${name}'s clerk`,
  organizationId: id,
})

type Options = { readonly commandId?: string; readonly requestHash?: string; readonly ifMatch?: number }
type Given<V extends LedgerVerb> = Omit<LedgerReply, "result"> & { readonly result: Result<LedgerCommands[V]["fact"]> }

type Due = "relay" | "links" | "watch" | "commands" | "reconcile" | "rebuild" | "stock"

/** One supplier's ledger, the real object, as its client and the platform see it. */
export class TestLedger {
  readonly owner: OrganizationFacts

  constructor(owner: OrganizationFacts) {
    this.owner = owner
  }

  /** A new stub each time, since one that has thrown is broken. */
  get rpc(): LedgerRpc {
    return stubOf(env, this.owner.routing)
  }

  get stub(): DurableObjectStub<SupplierLedger> {
    return stubOf(env, this.owner.routing)
  }

  envelope<V extends LedgerVerb>(by: OrganizationFacts, verb: V, input: LedgerCommands[V]["input"], options: Options = {}): Envelope {
    const { commandId = crypto.randomUUID(), requestHash = "hash", ifMatch } = options
    return {
      commandId,
      requestHash,
      actor: actorOf(by),
      origin: { ipAddress: "192.0.2.1", userAgent: "tests" },
      ifMatch,
      command: { verb, input },
    } as Envelope
  }

  async give<V extends LedgerVerb>(
    by: OrganizationFacts,
    verb: V,
    input: LedgerCommands[V]["input"],
    options?: Options,
  ): Promise<Given<V>> {
    return (await this.rpc.execute(this.envelope(by, verb, input, options))) as Given<V>
  }

  /** The fact that a command makes. @throws when it is refused. */
  async must<V extends LedgerVerb>(
    by: OrganizationFacts,
    verb: V,
    input: LedgerCommands[V]["input"],
    options?: Options,
  ): Promise<LedgerCommands[V]["fact"]> {
    const { result } = await this.give(by, verb, input, options)
    if (!result.ok) throw new Error(`${verb}: ${JSON.stringify(result.error)}`)
    return result.value
  }

  /** The code a command is refused with, or OK. */
  async codeOf<V extends LedgerVerb>(
    by: OrganizationFacts,
    verb: V,
    input: LedgerCommands[V]["input"],
    options?: Options,
  ): Promise<string> {
    const { result } = await this.give(by, verb, input, options)
    return result.ok ? "OK" : result.error.code
  }

  /** Rows of the object's own SQLite. */
  async rows<T extends Record<string, SqlStorageValue> = Record<string, SqlStorageValue>>(
    query: string,
    ...params: SqlStorageValue[]
  ): Promise<T[]> {
    return runInDurableObject(this.stub, (_, { storage }) => storage.sql.exec<T>(query, ...params).toArray())
  }

  async count(table: string): Promise<number> {
    const [row] = await this.rows<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)
    return row?.n ?? 0
  }

  /**
   * Makes these fall due now and runs the alarm to its end: time passing, without the wait. The alarm takes them before
   * the platform's own can, so what they do is done when this answers.
   */
  async comeDue(...kinds: readonly Due[]): Promise<void> {
    await runInDurableObject(this.stub, (ledger, { storage }) => {
      for (const kind of kinds) storage.sql.exec("INSERT INTO due (kind, at) VALUES (?, 1) ON CONFLICT (kind) DO UPDATE SET at = 1", kind)
      return (ledger as SupplierLedger).alarm()
    })
  }

  /** Takes the object out of memory; storage stays. */
  async evict(): Promise<void> {
    await this.stub.readLink(this.owner.id, "lnk_none")
    await evictDurableObject(this.stub)
  }
}

export async function adopted(name = "Green Valley Farms", changes: Partial<OrganizationFacts> = {}): Promise<TestLedger> {
  const ledger = new TestLedger(organization(name, changes))
  await ledger.rpc.adopt(ledger.owner)
  return ledger
}

/** A buyer whose link this ledger's owner has approved. */
export async function linkedBuyer(ledger: TestLedger, name = "Harbour Hotel"): Promise<OrganizationFacts> {
  const buyer = organization(name, { isSupplier: false })
  const link = await ledger.must(buyer, "requestLink", { buyerId: buyer.id, buyerName: buyer.name, message: null, coolDownMs: 0 })
  await ledger.must(ledger.owner, "setLinkStatus", { linkId: link.id, status: "APPROVED", reason: null, mayUnblock: false })
  return buyer
}

/** Terms that agree on nothing, to add to. */
export const noTerms: GivenTerms = {
  discountBasisPoints: 0,
  priceList: [],
  minOrderValue: null,
  deliveryDays: [],
  orderCutOff: null,
  leadTimeDays: null,
  minShelfLifeDays: null,
}

let skus = 0
/** A product with this much stock, in whole units. */
export const stocked = (ledger: TestLedger, units: number, price = "5.99") =>
  ledger.must(ledger.owner, "createProduct", { sku: `SKU-${(skus += 1)}`, name: "Organic Tomatoes", price, stockMilli: units * 1_000 })

/** A ledger that sells one product, of which there is this much, to one buyer. */
export async function trading(units = 10) {
  const ledger = await adopted()
  const buyer = await linkedBuyer(ledger)
  const product = await stocked(ledger, units)
  return { ledger, buyer, product }
}

export const order = (buyer: OrganizationFacts, ...lines: ReadonlyArray<readonly [ProductId, number]>) => ({
  buyerId: buyer.id,
  lines: lines.map(([productId, units]) => ({ productId, quantityMilli: units * 1_000 })),
  note: null,
  requestedDeliveryOn: null,
})

export const d1 = async <T = Record<string, unknown>>(query: string, ...params: unknown[]): Promise<T[]> =>
  (
    await env.DB.prepare(query)
      .bind(...params)
      .all<T>()
  ).results

/** Commands are logged as JSON lines; here they would only drown the results. */
export const quiet = (): void => {
  for (const level of ["log", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => undefined)
}

/** Waits until it holds, asking every 50 ms. @throws after `ms`. */
export async function eventually(what: string, ms: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
