import type { AuditRow } from "./books.ts"
import { again, inList, type Mutation, other, some, twice, without } from "./mutation.ts"

const audits = "each change has exactly one audit row, ids unique"
const events = "each change of state has exactly one event a side, ids unique"
const facts = "ledgers know their organization as D1 does"
const outboxes = "no outbox holds a row"
const parties = "rows of two parties stand with these two alone"

/** Not its placing, which says when its link had to be there. */
const isOrderMove = ({ entity, action }: AuditRow): boolean => entity === "order" && !action.endsWith(".place")
const isOrderEvent = ({ type }: { readonly type: string }): boolean => type.startsWith("order.")

/** Lies about what D1 was told: the trail, events, and rows in general. */
export const trailMutations: readonly Mutation[] = [
  { of: audits, lie: "an audit row stands twice", tell: (books) => inList(books, "audits", isOrderMove, twice) },
  { of: audits, lie: "a change of an order has two audit rows", tell: (books) => inList(books, "audits", isOrderMove, again) },
  { of: audits, lie: "a change of an order has none", tell: (books) => inList(books, "audits", isOrderMove, without) },
  {
    of: audits,
    lie: "a change of an order is on another's trail",
    tell: (books) =>
      inList(
        books,
        "audits",
        isOrderMove,
        other(() => ({ org_id: "org_made_up" })),
      ),
  },
  {
    of: audits,
    lie: "an order is on the trail that is nowhere else",
    tell: (books) =>
      inList(
        books,
        "audits",
        ({ entity }) => entity === "order",
        (rows, row) => [...rows, { ...row, id: "made-up", entity_id: "ord_made_up" }],
      ),
  },
  { of: events, lie: "an event stands twice", tell: (books) => inList(books, "events", isOrderEvent, twice) },
  { of: events, lie: "a change of an order is told twice", tell: (books) => inList(books, "events", isOrderEvent, again) },
  {
    of: events,
    lie: "a buyer was not told of its order",
    tell: (books) => {
      const buyers = new Set<string>(books.ledgers.flatMap(({ orders }) => orders.map(({ buyer_id: buyer }) => buyer)))
      return inList(books, "events", (event) => isOrderEvent(event) && buyers.has(event.org_id), without)
    },
  },
  {
    of: events,
    lie: "a third organization was told of an order",
    tell: (books) => inList(books, "events", isOrderEvent, (rows, row) => [...rows, { ...row, id: "made-up", org_id: "org_made_up" }]),
  },
  {
    of: events,
    lie: "a link changed, and one side was not told",
    tell: (books) => inList(books, "events", ({ type }) => type === "link.approved", without),
  },
  {
    of: facts,
    lie: "a ledger knows of a later version of its organization",
    tell: (books) =>
      inList(
        books,
        "ledgers",
        () => true,
        other(({ factsVersion }) => ({ factsVersion: factsVersion + 1 })),
      ),
  },
  {
    of: facts,
    lie: "D1 never heard that the ledger had taken its organization's last change",
    tell: (books) =>
      inList(
        books,
        "organizations",
        ({ id }) => books.ledgers.some(({ organization }) => organization.id === id),
        other(({ ledger_version: version }) => ({ ledger_version: version - 1 })),
      ),
  },
  {
    of: outboxes,
    lie: "a row waits in an outbox",
    tell: (books) =>
      inList(
        books,
        "ledgers",
        () => true,
        other(({ outbox }) => ({ outbox: outbox + 1 })),
      ),
  },
  {
    of: parties,
    lie: "a link is shown to a third organization",
    tell: (books) => {
      const suppliers = new Set<string>(books.ledgers.map(({ organization }) => organization.id))
      const stranger = some(
        books.organizations.find(({ id }) => !suppliers.has(id)),
        "organization that sells nothing",
      ).id
      return inList(
        books,
        "links",
        ({ org_id: orgId, side }) => side === "buyer" && orgId !== stranger,
        // Of no supplier, so that no ledger misses it.
        (rows, row) => [...rows, { ...row, org_id: stranger, counterparty_id: row.org_id }],
      )
    },
  },
  {
    of: parties,
    lie: "an order is shown to a third organization",
    tell: (books) =>
      inList(
        books,
        "orders",
        ({ side }) => side === "buyer",
        (rows, row) => [...rows, { ...row, note: null, org_id: "org_made_up", counterparty_id: row.org_id }],
      ),
  },
]
