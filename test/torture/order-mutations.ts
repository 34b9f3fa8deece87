import type { Books, LedgerBooks } from "./books.ts"
import { inLedger, inList, instead, type Mutation, other, some, without } from "./mutation.ts"

const placed = "every acknowledged order stands once, on both sides; none that was refused or half done"
const moves = "every acknowledged change of an order stands once in its history, and each change was asked for"
const numbers = "order numbers are without gaps"
const terms = "every acknowledged word on a link's terms stood once, and the last stands"
const priced = "every line is at the price of the moment it was ordered at, by its buyer's terms of just then"
const deliveries = "what was delivered is billed as INV-ORD-8 says, and orders come to the sum of their lines"
const recalls = "of a recalled lot nothing more is sold, and who has some of it was told so, once"

type Line = LedgerBooks["orders"][number]["lines"][number]

/** The first order with such a line, and that line another. */
const withLine = (books: Books, isMeant: (line: Line) => boolean, change: (line: Line) => Line): Books =>
  inLedger(
    books,
    "orders",
    ({ lines }) => lines.some(isMeant),
    (rows, row) => {
      const line = some(row.lines.find(isMeant), "line")
      return instead(rows, row, { ...row, lines: instead(row.lines, line, change(line)) })
    },
  )

const aToldRecall = ({ events }: Books) =>
  some(
    events.find(({ type }) => type === "lot.recall_received"),
    "recall that somebody was told of",
  )

/** Lies about what partners agreed on, got and were told. */
export const orderMutations: readonly Mutation[] = [
  {
    of: priced,
    lie: "a line is a cent dearer than its buyer's terms",
    tell: (books) =>
      withLine(
        books,
        () => true,
        (line) => ({ ...line, unitPriceMinor: line.unitPriceMinor + 1 }),
      ),
  },
  { of: terms, lie: "terms that were set are gone", tell: (books) => inLedger(books, "terms", () => true, without) },
  {
    of: terms,
    lie: "a discount is a hundredth of a percent more",
    tell: (books) =>
      inLedger(
        books,
        "terms",
        () => true,
        (rows, row) => instead(rows, row, { ...row, terms: { ...row.terms, discountBasisPoints: row.terms.discountBasisPoints + 1 } }),
      ),
  },
  {
    of: recalls,
    lie: "an order took some of a lot after its recall",
    tell: (books) =>
      inLedger(
        books,
        "movements",
        ({ reason, lot_id: lot }, { lots }) =>
          reason === "ORDER_ACCEPTED" && lots.some(({ id, status }) => id === lot && status === "RECALLED"),
        (rows, row) => instead(rows, row, { ...row, seq: Number.MAX_SAFE_INTEGER }),
      ),
  },
  {
    of: recalls,
    lie: "a buyer was not told of a recall",
    tell: (books) => ({ ...books, events: without(books.events, aToldRecall(books)) }),
  },
  {
    of: recalls,
    lie: "a buyer was told twice of a recall",
    tell: (books) => ({ ...books, events: [...books.events, { ...aToldRecall(books), id: "evt_made_up" }] }),
  },
  {
    of: recalls,
    lie: "a recall told of more than its buyer has",
    tell: (books) => {
      const event = aToldRecall(books)
      const data = { ...event.data, quantity: Number(event.data["quantity"]) + 1 }
      return { ...books, events: instead(books.events, event, { ...event, data }) }
    },
  },
  {
    of: recalls,
    lie: "a recall is in nobody's mail",
    tell: (books) => ({ ...books, outbox: books.outbox.filter(({ event_id: id }) => id !== aToldRecall(books).id) }),
  },
  {
    of: placed,
    lie: "an order is of a box less than was asked for",
    tell: (books) => {
      const order = some(
        books.orders.find(
          ({ lines, note }) => /-(?:b\d+-\d+|begin-\S+)$/.test(note ?? "") && lines.some(({ ordered }) => ordered === undefined),
        ),
        "order of a buyer",
      )
      const line = some(
        order.lines.find(({ ordered }) => ordered === undefined),
        "line as it was ordered",
      )
      const lines = instead(order.lines, line, { ...line, quantityMilli: line.quantityMilli - 6_000 })
      return { ...books, orders: instead(books.orders, order, { ...order, lines }) }
    },
  },
  {
    of: deliveries,
    lie: "more is billed than was delivered",
    tell: (books) =>
      withLine(
        books,
        ({ billedMilli }) => billedMilli !== undefined,
        (line) => ({ ...line, billedMilli: (line.deliveredMilli ?? 0) + 1 }),
      ),
  },
  {
    of: deliveries,
    lie: "what a line weighed is lost",
    tell: (books) =>
      withLine(
        books,
        ({ deliveredMilli }) => deliveredMilli !== undefined,
        (line) => ({ ...line, deliveredMilli: undefined }),
      ),
  },
  {
    of: deliveries,
    lie: "the buyer's word changed its bill",
    tell: (books) =>
      withLine(
        books,
        ({ deliveredMilli, billedMilli }) => deliveredMilli !== undefined && billedMilli === undefined,
        (line) => ({ ...line, billedMilli: 0 }),
      ),
  },
  {
    of: deliveries,
    lie: "a line comes to a cent more than it is billed for",
    tell: (books) =>
      withLine(
        books,
        () => true,
        (line) => ({ ...line, lineTotalMinor: line.lineTotalMinor + 1 }),
      ),
  },
  {
    of: moves,
    lie: "a change of an order is gone",
    tell: (books) =>
      inLedger(
        books,
        "orders",
        ({ history }) => history.length > 1,
        other(({ history }) => ({ history: history.slice(0, -1) })),
      ),
  },
  {
    of: moves,
    lie: "an order was changed twice by one command",
    tell: (books) =>
      inLedger(
        books,
        "orders",
        ({ history }) => history.length > 1,
        other(({ history, version }) => ({ history: [...history, ...history.slice(-1)], version: version + 1 })),
      ),
  },
  {
    of: moves,
    lie: "an order was changed by nobody",
    tell: (books) =>
      inLedger(
        books,
        "orders",
        ({ history }) => history.length > 1,
        other(({ history }) => ({ history: history.map((step, index) => (index === 0 ? step : { ...step, reason: "made-up" })) })),
      ),
  },
  {
    of: moves,
    lie: "an order is in another state than its history led to",
    tell: (books) =>
      inLedger(
        books,
        "orders",
        () => true,
        other(({ status }) => ({ status: status === "CANCELLED" ? "COMPLETED" : "CANCELLED" })),
      ),
  },
  {
    of: numbers,
    lie: "a number was left out",
    tell: (books) =>
      inLedger(
        books,
        "orders",
        () => true,
        other(() => ({ number: "made-up" })),
      ),
  },
  {
    of: numbers,
    lie: "two orders have one number",
    tell: (books) =>
      inLedger(
        books,
        "orders",
        (_, { orders }) => orders.length > 1,
        (rows, row) => rows.map((one) => ({ ...one, number: one === rows.at(-1) ? row.number : one.number })),
      ),
  },
  {
    of: numbers,
    lie: "an order was counted that is not there",
    tell: (books) =>
      inList(
        books,
        "ledgers",
        () => true,
        other(({ ordersCounted }) => ({ ordersCounted: ordersCounted + 1 })),
      ),
  },
]
