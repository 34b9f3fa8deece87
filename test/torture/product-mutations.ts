import type { AuditRow, Books, LedgerBooks } from "./books.ts"
import type { Journal } from "./journal.ts"
import { acknowledged, again, inLedger, inList, keysOf, type Mutation, other, some, twice, without } from "./mutation.ts"

const products = "every acknowledged product and change of one stands once"
const edits = "of edits with an ETag one builds upon each version, and none is refused but for a newer one"
const causes = "each movement has its cause, and each cause its movements"

type Movement = LedgerBooks["movements"][number]

const isCreated = (journal: Journal) => {
  const keys = keysOf(acknowledged(journal, "create product"))
  return ({ sku }: { readonly sku: string }): boolean => keys.has(sku)
}
const isEdited = (journal: Journal) => {
  const keys = keysOf(acknowledged(journal, "edit product"))
  return ({ action, after }: AuditRow): boolean => action === "catalog.product.update" && keys.has(after?.["description"])
}

/** Not what a storekeeper stated or put right since, of which other checks tell. */
const isOfNobody =
  (wanted: string) =>
  ({ id, reason, reference }: Movement, { movements }: LedgerBooks): boolean =>
    reason === wanted && reference === null && !movements.some(({ corrects }) => corrects === id)

/** Two changes of one product, one of which was of the version that its client had read, trade places. */
function exchanged(books: Books, journal: Journal): Books {
  const conditional = keysOf(acknowledged(journal, "edit product").filter(({ asked }) => asked["onVersion"] !== undefined))
  const updates = books.audits.filter(({ action }) => action === "catalog.product.update")
  const [pair] = updates.flatMap((row) => {
    if (!conditional.has(row.after?.["description"])) return []
    const rival = updates.find((one) => one !== row && one.entity_id === row.entity_id)
    return rival === undefined ? [] : [{ row, rival }]
  })
  const { row, rival } = some(pair, "edit by ETag of a product that was edited otherwise, too")
  const at = (one: AuditRow, { before, after }: AuditRow): AuditRow => ({
    ...one,
    before: { ...one.before, version: before?.["version"] },
    after: { ...one.after, version: after?.["version"] },
  })
  return { ...books, audits: books.audits.map((one) => (one === row ? at(row, rival) : one === rival ? at(rival, row) : one)) }
}

/** Lies about products, and about what nobody stated of their stock. */
export const productMutations: readonly Mutation[] = [
  { of: products, lie: "a product is gone", tell: (books, journal) => inLedger(books, "products", isCreated(journal), without) },
  { of: products, lie: "a product stands twice", tell: (books, journal) => inLedger(books, "products", isCreated(journal), again) },
  {
    of: products,
    lie: "a product stands that nobody made",
    tell: (books) =>
      inLedger(
        books,
        "products",
        () => true,
        (rows, row) => [...rows, { ...row, id: "made-up", sku: "made-up" }],
      ),
  },
  { of: products, lie: "an edit is gone", tell: (books, journal) => inList(books, "audits", isEdited(journal), without) },
  { of: products, lie: "an edit was made twice", tell: (books, journal) => inList(books, "audits", isEdited(journal), twice) },
  {
    of: products,
    lie: "an edit was made to another product",
    tell: (books, journal) =>
      inList(
        books,
        "audits",
        isEdited(journal),
        other(() => ({ entity_id: "made-up" })),
      ),
  },
  {
    of: products,
    lie: "a product is archived that nobody archived",
    tell: (books, journal) => {
      const asked = new Set(journal.commands.flatMap(({ kind, target }) => (kind === "archive product" ? [target] : [])))
      return inLedger(
        books,
        "products",
        ({ id }) => !asked.has(id),
        other(() => ({ archived_at: 1 })),
      )
    },
  },
  {
    of: edits,
    lie: "two edits build upon one version",
    tell: (books) =>
      inList(
        books,
        "audits",
        ({ action, before }) => action === "catalog.product.update" && Number(before?.["version"]) > 1,
        other(({ before }) => ({ before: { ...before, version: Number(before?.["version"]) - 1 } })),
      ),
  },
  { of: edits, lie: "an edit by ETag changed another version than was read", tell: exchanged },
  {
    of: causes,
    lie: "a product opened with less than was said",
    tell: (books) => inLedger(books, "movements", isOfNobody("OPENING"), without),
  },
  {
    of: causes,
    lie: "a product opened twice",
    tell: (books) => inLedger(books, "movements", isOfNobody("OPENING"), again),
  },
  {
    of: causes,
    lie: "stock was counted, and no movement says so",
    tell: (books) => inLedger(books, "movements", isOfNobody("COUNT"), without),
  },
  {
    of: causes,
    lie: "stock moved for no cause",
    tell: (books) =>
      inLedger(books, "movements", isOfNobody("OPENING"), (rows, row) => [...rows, { ...row, id: "made-up", reason: "MADE_UP" }]),
  },
  {
    of: causes,
    lie: "a movement stands twice under its id",
    tell: (books) => inLedger(books, "movements", isOfNobody("OPENING"), twice),
  },
]
