import { platformOrganizationId } from "../../../src/kernel/ids.ts"
import type { AuditRow, Books } from "../books.ts"
import { groupBy, must, mustBeUnique } from "./check.ts"

/** What has each of its changes on the trail, and no row there without itself: half a command would leave one. */
const keptByLedgers: ReadonlySet<string> = new Set(["order", "link", "product"])

/** The audit rows of a change, counted from the change's own side: the books of the ledgers say how many there must be. */
export function auditsStandOnce({ ledgers, audits, organizations }: Books): number {
  mustBeUnique(audits, "audit row")
  // What the platform does about an organization's ledger is no change of the organization.
  const changes = audits.filter(({ action }) => !action.startsWith("platform."))
  const byThing = groupBy(changes, ({ entity, entity_id: id }) => `${entity} ${id}`)
  const known = new Set<string>()
  const mustNumber = (entity: string, id: string, wanted: number) => {
    known.add(`${entity} ${id}`)
    const found = byThing.get(`${entity} ${id}`) ?? []
    must(
      found.length === wanted,
      () => `${entity} ${id} changed ${wanted} times and has ${found.length} audit rows: ${found.map(({ action }) => action).join(", ")}`,
    )
  }
  for (const { organization, orders, links, products } of ledgers) {
    // What a ledger does by itself is on its owner's trail.
    const keeperOf = (orgId: string): string => (orgId === platformOrganizationId ? organization.id : orgId)
    for (const { id, version, history } of orders) {
      mustNumber("order", id, version)
      const actors = history.map(({ by }) => keeperOf(by.organizationId)).sort()
      const keepers = (byThing.get(`order ${id}`) ?? []).map((row) => row.org_id).sort()
      must(actors.join() === keepers.join(), () => `${id} was changed by ${actors.join()} and audited with ${keepers.join()}`)
    }
    for (const { id, version } of links) mustNumber("link", id, version)
    for (const { id, version } of products) mustNumber("product", id, version)
  }
  for (const { id, version } of organizations) if (byThing.has(`organization ${id}`)) mustNumber("organization", id, version)
  for (const [thing, [row]] of byThing)
    must(
      known.has(thing) || !keptByLedgers.has(row?.entity ?? ""),
      () => `${row?.id} (${row?.action}) is about ${thing}, which no ledger has`,
    )
  return audits.length
}

const orderEvent: Readonly<Record<string, string>> = {
  PENDING: "placed",
  AMENDED: "amended",
  ACCEPTED: "accepted",
  REJECTED: "rejected",
  IN_DELIVERY: "in_delivery",
  FAILED_DELIVERY: "delivery_failed",
  COMPLETED: "completed",
  CANCELLED: "cancelled",
}
const linkEvent: Readonly<Record<string, string>> = {
  PENDING: "requested",
  APPROVED: "approved",
  REJECTED: "rejected",
  BLOCKED: "blocked",
  REMOVED: "removed",
}

/** What the steps of stock are called as events, and what each is known by there. */
const stockEvent: Readonly<Record<string, { readonly type: string; readonly about: (row: AuditRow) => string }>> = {
  "inventory.movement.record": { type: "stock.moved", about: ({ entity_id: id }) => id },
  "bundles.component.add": { type: "bundle.component_added", about: ({ entity_id: id }) => id },
  "bundles.component.remove": { type: "bundle.component_removed", about: ({ entity_id: id }) => id },
  "inventory.unit.receive": { type: "unit.received", about: ({ entity_id: id }) => id },
  ...Object.fromEntries(
    Object.entries({ hold: "lot.quarantined", release: "lot.released", recall: "lot.recalled" }).map(([verb, type]) => [
      `inventory.lot.${verb}`,
      { type, about: ({ after }) => String(after?.["reason"]) },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({ reserve: "reserved", release: "released", sell: "sold", move: "moved", damage: "damaged", return: "returned" }).map(
      ([verb, past]) => [
        `inventory.unit.${verb}`,
        { type: `unit.${past}`, about: ({ entity_id: id, after }) => `${id} ${String(after?.["reason"])}` },
      ],
    ),
  ),
}

/** What an event is about, where its rows are counted here. */
function aboutOf({ type, data }: Pick<Books["events"][number], "type" | "data">): string | undefined {
  const [first] = (data["movement_ids"] ?? data["unit_ids"] ?? []) as readonly string[]
  if (type.startsWith("bundle.")) return String(data["component_id"])
  if (type.startsWith("order.")) return String(data["order_id"])
  // A buyer hears of its terms only while its link is approved, which no row of the trail says.
  if (type === "link.terms_changed" && data["side"] === "buyer") return undefined
  if (type.startsWith("link.")) return String(data["link_id"])
  if (type.startsWith("product.")) return `${String(data["product_id"])} ${String(data["version"])}`
  if (type === "stock.moved" || type === "unit.received") return String(first)
  if (type === "lot.quarantined" || type === "lot.released" || type === "lot.recalled") return String(data["reason"])
  // A promise whose time is over ends without an audit row, since nobody does it.
  return type.startsWith("unit.") && data["reason"] !== "EXPIRED" ? `${String(data["unit_id"])} ${String(data["reason"])}` : undefined
}

export function eventsStandOnce({ ledgers, audits, events }: Books): number {
  mustBeUnique(events, "event")
  const wanted = new Map<string, number>()
  const want = (orgId: string, type: string, about: string) => {
    const key = `${orgId} ${type} ${about}`
    wanted.set(key, (wanted.get(key) ?? 0) + 1)
  }
  for (const { organization, orders, products } of ledgers) {
    for (const { id, buyer_id: buyerId, history } of orders) {
      for (const { to } of history) for (const orgId of [organization.id, buyerId]) want(orgId, `order.${orderEvent[to]}`, id)
    }
    for (const { id, version, archived_at: archivedAt } of products) {
      for (let step = 1; step <= version; step += 1) {
        want(
          organization.id,
          step === 1 ? "product.created" : step === version && archivedAt !== null ? "product.archived" : "product.updated",
          `${id} ${step}`,
        )
      }
    }
  }
  for (const { entity_id: id, after, action, org_id: orgId } of audits.filter(({ entity }) => entity === "link")) {
    if (action === "partners.terms.set") {
      want(orgId, "link.terms_changed", id)
      continue
    }
    for (const side of ["supplier_id", "buyer_id"]) want(String(after?.[side]), `link.${linkEvent[String(after?.["status"])]}`, id)
  }
  for (const row of audits) {
    const told = stockEvent[row.action]
    if (told !== undefined) want(row.org_id, told.type, told.about(row))
  }
  const found = new Map<string, number>()
  for (const event of events) {
    const about = aboutOf(event)
    if (about === undefined) continue
    const key = `${event.org_id} ${event.type} ${about}`
    found.set(key, (found.get(key) ?? 0) + 1)
  }
  for (const [key, times] of wanted) must(found.get(key) === times, () => `${key}: ${times} wanted, ${found.get(key) ?? 0} found`)
  for (const [key, times] of found) must(wanted.has(key), () => `${key}: ${times} found, and nothing that they tell of`)
  return events.length
}
