import { type Phrase, phrase } from "../../platform/mail/phrase.ts"
import type { Facts } from "./facts.ts"
import type { Concern } from "./rules.ts"
import { type About, both, concern, inApp, quoted, type ToldTopic } from "./topic.ts"

const productAbout: About = { kind: "product", prefix: "prd", member: "product_id", path: "/products/" }
const movementAbout: About = { kind: "movement", prefix: "mov", member: "movement_id" }

const named = (facts: Facts): Phrase => phrase`${facts.text("sku") ?? ""} ${facts.text("name") ?? ""}`

/** A phrase of its own: the blank before it would be trimmed off a name. */
const whereOf = (facts: Facts): Phrase => {
  const name = facts.text("warehouse_name")
  return name === undefined ? phrase`` : phrase` at ${name}`
}

/** Whoever records movements has to do with it; whoever may hold lots decides. */
const hands = concern("inventory.movement.record", inApp)
const heads = concern("inventory.lot.hold", both)

const placeAbout: About = { kind: "warehouse", prefix: "whs", member: "warehouse_id", path: "/warehouses/" }

const placeTopic = (description: string, say: (place: string, facts: Facts) => Phrase, concerns: readonly Concern[] = []): ToldTopic => ({
  description,
  concerns,
  offers: both,
  about: placeAbout,
  say: (facts) => ({
    title: say([facts.text("code"), facts.text("name")].filter((word) => word !== undefined).join(" "), facts),
    lines: [],
  }),
})

const lotTopic = (description: string, done: string, concerns: readonly Concern[]): ToldTopic => ({
  description,
  concerns,
  offers: both,
  about: productAbout,
  say: (facts) => ({
    title: phrase`Lot ${facts.text("lot_number") ?? ""} of ${named(facts)} ${done}`,
    lines: [...quoted("Expires", facts.text("expires_on")), ...quoted("Reason", facts.text("reason"))],
  }),
})

const unitAbout: About = { kind: "unit", prefix: "unt", member: "unit_id", path: "/inventory/items/" }

const unitTopic = (description: string, done: string): ToldTopic => ({
  description,
  concerns: [],
  offers: inApp,
  about: unitAbout,
  say: (facts) => ({
    title: phrase`Unit ${facts.text("serial") ?? ""} of ${named(facts)} ${done}`,
    lines: [...quoted("Until", facts.instant("reserved_until")), ...quoted("Reason", facts.text("reason"))],
  }),
})

/** Stock, its lots and its units. */
export const topicsOfStock: Readonly<Record<string, ToldTopic>> = {
  "stock.low": {
    description: "Stock fell under its minimum.",
    concerns: [concern("catalog.product.edit", both), hands],
    offers: both,
    about: productAbout,
    say: (facts) => ({
      title: phrase`${named(facts)} is under its minimum${whereOf(facts)}`,
      lines: [...quoted("On hand", facts.text("on_hand")), ...quoted("Minimum", facts.text("min_stock_level"))],
    }),
  },
  "stock.moved": {
    description: "Movements of stock were recorded.",
    concerns: [],
    offers: inApp,
    about: movementAbout,
    say: (facts) => ({ title: phrase`${facts.text("count") ?? "Some"} movements of stock were recorded`, lines: [] }),
  },
  "unit.received": {
    description: "Serialized units came in.",
    concerns: [],
    offers: inApp,
    about: unitAbout,
    say: (facts) => ({ title: phrase`${facts.text("count") ?? "Some"} serialized units came in`, lines: [] }),
  },
  "unit.reserved": unitTopic("A serialized unit was reserved.", "was reserved"),
  "unit.released": unitTopic("A serialized unit is on sale again.", "is on sale again"),
  "unit.sold": unitTopic("A serialized unit was sold.", "was sold"),
  "unit.moved": unitTopic("A serialized unit was moved.", "was moved"),
  "unit.damaged": unitTopic("A serialized unit was damaged.", "was damaged"),
  "unit.returned": unitTopic("A serialized unit came back.", "came back"),
  "warehouse.created": placeTopic("A warehouse was created.", (place) => phrase`Warehouse ${place} was created`),
  "warehouse.updated": placeTopic("A warehouse, or who operates it, was changed.", (place) => phrase`Warehouse ${place} was changed`),
  "warehouse.archived": placeTopic("A warehouse was deleted.", (place) => phrase`Warehouse ${place} was deleted`),
  "warehouse.operator_assigned": placeTopic(
    "Your organization operates a warehouse of another from now on.",
    (place, facts) =>
      phrase`Your organization operates warehouse ${place} of ${facts.text("owner_name") ?? "another organization"} from now on`,
    [concern("inventory.warehouse.edit", both)],
  ),
  "warehouse.operator_removed": placeTopic(
    "Your organization no longer operates a warehouse of another.",
    (place, facts) =>
      phrase`Your organization no longer operates warehouse ${place} of ${facts.text("owner_name") ?? "another organization"}`,
    [concern("inventory.warehouse.edit", both)],
  ),
  "lot.expired": lotTopic("A lot of which there is stock is out of date.", "is out of date", [heads, hands]),
  "lot.quarantined": lotTopic("A lot was put on hold.", "is on hold", [heads, hands]),
  "lot.released": lotTopic("A lot on hold was released.", "was released", [heads, hands]),
  "lot.recalled": lotTopic("A lot was recalled.", "was recalled", [heads, hands]),
  "lot.recall_received": lotTopic("A supplier recalled a lot that your organization was sent.", "was recalled by its supplier", [
    concern("orders.purchase.place", both),
    concern("orders.purchase.receive", both),
  ]),
}
