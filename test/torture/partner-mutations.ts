import type { AuditRow, Books } from "./books.ts"
import { inLedger, inList, type Mutation, other, some, twice, without } from "./mutation.ts"

const links = "every acknowledged link and change of one stands once"
const machine = "one link a pair, moved by its machine however often it ended"
const orders = "no order was placed while its link was not approved"

const isMove = ({ entity, action }: AuditRow): boolean => entity === "link" && action === "partners.link.set-status"
const isPlacing = ({ entity, action }: AuditRow): boolean => entity === "order" && action.endsWith(".place")

/** The row of an order's placing, and a time at which its link was approved no longer, or not yet. */
function placedWithout({ audits, ledgers }: Books) {
  const found = ledgers.flatMap(({ links: own, orders: placed }) =>
    own.flatMap(({ id, buyer_id: buyer }) => {
      const order = placed.find(({ buyer_id: by }) => by === buyer)
      const row = audits.find((one) => isPlacing(one) && one.entity_id === order?.id)
      const moves = audits.filter((one) => isMove(one) && one.entity_id === id)
      const approvals = moves.flatMap(({ after, at }) => (after?.["status"] === "APPROVED" ? [at] : []))
      const ends = moves.flatMap(({ before, at }) => (before?.["status"] === "APPROVED" ? [at] : []))
      // The ledger's clock counts whole milliseconds.
      const end = ends.find((at) => !approvals.includes(at))
      return row === undefined ? [] : [{ row, ended: end, begun: Math.min(...approvals) }]
    }),
  )
  const { row, ended, begun } = some(found.find(({ ended: at }) => at !== undefined) ?? found[0], "order of a link")
  return { row, at: ended === undefined ? begun - 1 : ended + 0.5 }
}

/** Lies about who deals with whom. */
export const partnerMutations: readonly Mutation[] = [
  { of: links, lie: "a change of a link is gone", tell: (books) => inList(books, "audits", isMove, without) },
  { of: links, lie: "a change of a link was made twice", tell: (books) => inList(books, "audits", isMove, twice) },
  {
    of: links,
    lie: "a change was made to another link than it was asked for",
    tell: (books) =>
      inList(
        books,
        "audits",
        isMove,
        other(({ entity_id: id }) => ({
          entity_id: some(
            books.ledgers.flatMap((ledger) => ledger.links).find((link) => link.id !== id),
            "other link",
          ).id,
        })),
      ),
  },
  { of: machine, lie: "a pair has two links", tell: (books) => inLedger(books, "links", () => true, twice) },
  {
    of: machine,
    lie: "a link is in another state than its changes led to",
    tell: (books) =>
      inLedger(
        books,
        "links",
        () => true,
        other(({ status }) => ({ status: status === "APPROVED" ? "BLOCKED" : "APPROVED" })),
      ),
  },
  {
    of: machine,
    lie: "a link went where its machine does not lead",
    tell: (books) =>
      inList(
        books,
        "audits",
        isMove,
        other(({ before, after }) => ({ before: { ...before, status: after?.["status"] } })),
      ),
  },
  {
    of: orders,
    lie: "an order was placed before its link was approved",
    tell: (books) =>
      inList(
        books,
        "audits",
        isPlacing,
        other(() => ({ at: 1 })),
      ),
  },
  {
    of: orders,
    lie: "an order was placed once its link had ended",
    tell: (books) => {
      const { row, at } = placedWithout(books)
      return inList(
        books,
        "audits",
        (one) => one === row,
        other(() => ({ at })),
      )
    },
  },
  { of: orders, lie: "the placing of an order is on nobody's trail", tell: (books) => inList(books, "audits", isPlacing, without) },
]
