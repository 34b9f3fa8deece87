import type { Books, LedgerBooks } from "./books.ts"
import { inLedger, instead, type Mutation, some, without } from "./mutation.ts"

const reserved = "what is reserved is promised to a unit or an order that says so"
const levels = "of each product, place and lot: level = sum of movements, 0 <= reserved <= on hand; kits as their components"
const units = "every acknowledged unit stands once, serials unique"
const histories = "a unit is where its history led, and so is its stock"
const stated = "every acknowledged movement stands once, batches as they were asked for"
const goods = "orders took what they are about, kits what they were made of just then, and cancelled ones brought it back to where it was"
const kits = "kits are made of what was asked for, each component once until it was taken out"
const costs = "stock is worth its moving average cost, by all that came in"
const low = "each fall of stock under its minimum was told once, as it was"
const imports = "every acknowledged import ran to its end, once"
const importedRows = "of imports each good row stands once, each other in the file of failed rows"
const projection = "projection = ledger, row by row"

const isKitOf = ({ components }: LedgerBooks, productId: string): boolean =>
  components.some(({ parent_id: parent }) => parent === productId)

/** The movement by which an order took a component for a kit; of no units and no recalled lot, which are counted elsewhere, too. */
const isForKit = (
  { product_id: product, lot_id: lot, order_line_id: lineId, reason }: LedgerBooks["movements"][number],
  ledger: LedgerBooks,
): boolean =>
  reason === "ORDER_ACCEPTED" &&
  !ledger.units.some((unit) => unit.product_id === product) &&
  !ledger.lots.some(({ id, status }) => id === lot && status === "RECALLED") &&
  ledger.orders.some(({ lines }) => lines.some(({ id, productId }) => id === lineId && isKitOf(ledger, productId)))

const anImport = (books: Books) =>
  some(
    books.imports.find(({ failed, done, kind }) => failed > 0 && done > 0 && kind === "products"),
    "import of products with good rows and failed ones",
  )

/** A product that came of an import's row. */
const isImported =
  (books: Books) =>
  ({ sku }: { readonly sku: string }): boolean =>
    books.imports.some(({ name }) => sku.startsWith(`${name.slice(0, -"-file".length)}-r`))

const aLowEvent = ({ events }: Books) =>
  some(
    events.find(({ type }) => type === "stock.low"),
    "event of low stock",
  )

export const stockMutations: readonly Mutation[] = [
  {
    of: projection,
    lie: "a unit has another state in D1",
    tell: (books) => {
      const unit = some(books.units[0], "unit")
      return { ...books, units: instead(books.units, unit, { ...unit, status: "DAMAGED" === unit.status ? "SOLD" : "DAMAGED" }) }
    },
  },
  {
    of: histories,
    lie: "a unit has another state everywhere than its history says",
    tell: (books) =>
      inLedger(
        books,
        "units",
        ({ status }) => status === "AVAILABLE",
        (rows, row) => instead(rows, row, { ...row, status: "RMA" }),
      ),
  },
  {
    of: histories,
    lie: "a step of a unit stands twice",
    tell: (books) =>
      inLedger(
        books,
        "units",
        ({ history }) => history.length > 1,
        (rows, row) => instead(rows, row, { ...row, history: [...row.history, ...row.history.slice(-1)] }),
      ),
  },
  {
    of: units,
    lie: "two units have one serial",
    tell: (books) =>
      inLedger(
        books,
        "units",
        () => true,
        (rows, row) => [...rows, { ...row, id: "made-up" }],
      ),
  },
  {
    of: units,
    lie: "a unit that was received is gone",
    tell: (books) =>
      inLedger(
        books,
        "units",
        () => true,
        (rows, row) => without(rows, row),
      ),
  },
  {
    of: reserved,
    lie: "a reservation was left behind by a unit that is free",
    tell: (books) =>
      inLedger(
        books,
        "reservations",
        ({ unit_id: unit }) => unit !== null,
        (rows, row) => [...rows, { ...row, id: "made-up", unit_id: null, order_id: "ord_of_nobody" }],
      ),
  },
  {
    of: reserved,
    lie: "a unit is reserved and its reservation is gone",
    tell: (books) =>
      inLedger(
        books,
        "reservations",
        ({ unit_id: unit }) => unit !== null,
        (rows, row) => without(rows, row),
      ),
  },
  {
    of: levels,
    lie: "a lot's cell is off by one",
    tell: (books) =>
      inLedger(
        books,
        "levels",
        ({ lot_id: lot, on_hand_milli: onHand }) => lot !== "" && onHand > 0,
        (rows, row) => instead(rows, row, { ...row, on_hand_milli: row.on_hand_milli + 1 }),
      ),
  },
  {
    of: levels,
    lie: "more is reserved in D1 than is there",
    tell: (books) => {
      const level = some(books.levels[0], "level")
      return { ...books, levels: instead(books.levels, level, { ...level, reserved_milli: level.on_hand_milli + 1 }) }
    },
  },
  {
    of: levels,
    lie: "a kit shows more than its components are enough for",
    tell: (books) => {
      const kit = some(
        books.products.find(({ id }) => books.ledgers.some((ledger) => isKitOf(ledger, id))),
        "kit",
      )
      return { ...books, products: instead(books.products, kit, { ...kit, available_milli: kit.available_milli + 1_000 }) }
    },
  },
  {
    of: goods,
    lie: "a kit took a component twice",
    tell: (books) => inLedger(books, "movements", isForKit, (rows, row) => [...rows, { ...row, id: "made-up" }]),
  },
  { of: goods, lie: "a kit took one component less", tell: (books) => inLedger(books, "movements", isForKit, without) },
  {
    of: kits,
    lie: "a component stands twice",
    tell: (books) =>
      inLedger(
        books,
        "components",
        () => true,
        (rows, row) => [...rows, { ...row, id: "made-up" }],
      ),
  },
  {
    of: kits,
    lie: "a component that was taken out is there again",
    tell: (books) =>
      inLedger(
        books,
        "components",
        ({ removed_at: removedAt }) => removedAt !== null,
        (rows, row) => instead(rows, row, { ...row, removed_at: null }),
      ),
  },
  {
    of: goods,
    lie: "an order took what its kit had been made of before",
    tell: (books) =>
      inLedger(
        books,
        "components",
        ({ removed_at: removedAt, seq, parent_id: kit }, { orders, movements }) => {
          const lines = new Set(orders.flatMap((order) => order.lines.flatMap(({ id, productId }) => (productId === kit ? [id] : []))))
          const isLater = (movement: LedgerBooks["movements"][number]): boolean =>
            movement.reason === "ORDER_ACCEPTED" && movement.seq > seq
          return removedAt !== null && movements.some((movement) => isLater(movement) && lines.has(movement.order_line_id ?? ""))
        },
        (rows, row) => instead(rows, row, { ...row, seq: Number.MAX_SAFE_INTEGER }),
      ),
  },
  {
    of: costs,
    lie: "an average cost is off by a thousandth of a cent",
    tell: (books) =>
      inLedger(
        books,
        "costs",
        () => true,
        (rows, row) => instead(rows, row, { ...row, average_milli: row.average_milli + 1 }),
      ),
  },
  {
    of: costs,
    lie: "what a product cost is forgotten",
    tell: (books) => inLedger(books, "costs", () => true, without),
  },
  {
    of: costs,
    lie: "an owner is told of a cent more than the stock is worth",
    tell: (books) => {
      const one = some(
        books.worths.find(({ totals }) => totals.length > 0),
        "stock that is worth something",
      )
      const totals = one.totals.map((total) => ({ ...total, value: (Number(total.value) + 0.01).toFixed(2) }))
      return { ...books, worths: instead(books.worths, one, { ...one, totals }) }
    },
  },
  {
    of: low,
    lie: "nobody was told that stock fell under its minimum",
    tell: (books) => ({ ...books, events: without(books.events, aLowEvent(books)) }),
  },
  {
    of: low,
    lie: "an owner was told twice that stock fell under its minimum",
    tell: (books) => ({ ...books, events: [...books.events, { ...aLowEvent(books), id: "evt_made_up" }] }),
  },
  {
    of: stated,
    lie: "a movement that was acknowledged is gone",
    tell: (books) => inLedger(books, "movements", ({ reference }) => reference !== null, without),
  },
  {
    of: stated,
    lie: "a movement stands twice",
    tell: (books) =>
      inLedger(
        books,
        "movements",
        ({ reference }) => reference !== null,
        (rows, row) => [...rows, { ...row, id: "made-up" }],
      ),
  },
  {
    of: "what was sent is on its way until it has arrived, once",
    lie: "less is on its way than was sent and has not arrived",
    tell: (books) =>
      inLedger(
        books,
        "movements",
        ({ open_milli: open }) => open !== null && open > 0,
        (rows, row) => instead(rows, row, { ...row, open_milli: 0 }),
      ),
  },
  {
    of: "lots came in and were held, released and recalled as acknowledged, by their machine",
    lie: "a lot is held that nobody held",
    tell: (books) =>
      inLedger(
        books,
        "lots",
        ({ status }) => status === "ACTIVE",
        (rows, row) => instead(rows, row, { ...row, status: "QUARANTINED" }),
      ),
  },
  {
    of: "whether stock is under its minimum is known as it is",
    lie: "a minimum says that stock is low which is not",
    tell: (books) =>
      inLedger(
        books,
        "minimums",
        ({ product_id: product, min_milli: least }, ledger) => least > 0 && !isKitOf(ledger, product),
        (rows, row) => instead(rows, row, { ...row, is_low: 1 - row.is_low }),
      ),
  },
  {
    of: projection,
    lie: "a lot is recalled in D1 alone",
    tell: (books) => {
      const lot = some(
        books.lots.find(({ status }) => status !== "RECALLED"),
        "lot that was not recalled",
      )
      return { ...books, lots: instead(books.lots, lot, { ...lot, status: "RECALLED" }) }
    },
  },
  {
    of: projection,
    lie: "a component is missing in D1",
    tell: (books) => ({ ...books, components: books.components.slice(1) }),
  },
  {
    of: projection,
    lie: "a minimum is missing in D1",
    tell: (books) => ({ ...books, minimums: books.minimums.slice(1) }),
  },
  {
    of: imports,
    lie: "an import was lost",
    tell: (books) => ({ ...books, imports: without(books.imports, anImport(books)) }),
  },
  {
    of: imports,
    lie: "an import never ended",
    tell: (books) => {
      const job = anImport(books)
      return { ...books, imports: instead(books.imports, job, { ...job, status: "QUEUED", finished_at: null }) }
    },
  },
  {
    of: imports,
    lie: "an import counted a row twice",
    tell: (books) => {
      const job = anImport(books)
      return { ...books, imports: instead(books.imports, job, { ...job, done: job.done + 1 }) }
    },
  },
  {
    of: importedRows,
    lie: "a product that was imported is gone",
    tell: (books) => inLedger(books, "products", isImported(books), without),
  },
  {
    of: importedRows,
    lie: "the file of failed rows names another row than the one that failed",
    tell: (books) => {
      const job = anImport(books)
      const good = Array.from({ length: job.total }, (_, index) => index + 1).filter((row) => !job.failedRows.includes(row))
      return { ...books, imports: instead(books.imports, job, { ...job, failedRows: [...job.failedRows.slice(1), ...good.slice(0, 1)] }) }
    },
  },
]
