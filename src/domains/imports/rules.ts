import type { Flow } from "../../kernel/flow.ts"
import { limits } from "../../kernel/limits.ts"
import { err, type InputFault, ok, type Refusal, type Result } from "../../kernel/result.ts"
import type { Permission } from "../../platform/auth/permissions.ts"

export const importKinds = ["products", "orders"] as const
export type ImportKind = (typeof importKinds)[number]

export const importStatuses = ["QUEUED", "RUNNING", "DONE", "FAILED"] as const
export type ImportStatus = (typeof importStatuses)[number]

/** DONE says that every row was dealt with, not that each came to something; FAILED that the import stopped before. */
export const importFlow = {
  QUEUED: ["RUNNING", "FAILED"],
  RUNNING: ["DONE", "FAILED"],
  DONE: [],
  FAILED: [],
} as const satisfies Flow<ImportStatus>

/** What whoever starts one must hold, and still hold while it runs. */
export const importPermission = {
  products: "catalog.product.edit",
  orders: "orders.purchase.place",
} as const satisfies Record<ImportKind, Permission>

type Columns = { readonly needed: readonly string[]; readonly read: readonly string[]; readonly ignored: readonly string[] }

/** What stands before each row in the file of failed rows: that file, mended, may be imported as it is. */
export const errorColumns = ["row", "reason"] as const

/** The columns of each kind, by the API's own names. What an export has beyond them is passed over. */
export const importColumns = {
  products: {
    needed: ["sku"],
    read: [
      "sku",
      "name",
      "description",
      "category",
      "unit",
      "quantity_step",
      "price",
      "currency",
      "min_order_qty",
      "min_stock_level",
      "stock_quantity",
      "is_active",
    ],
    // What was on hand when the file was written: stated as a count later, it would undo what was sold since.
    ignored: ["id", "on_hand_at_export"],
  },
  orders: {
    needed: ["sku", "quantity"],
    read: ["supplier_id", "supplier_slug", "reference", "sku", "quantity", "unit", "note", "requested_delivery_on"],
    ignored: [
      "order_id",
      "status",
      "side",
      "supplier_name",
      "buyer_id",
      "buyer_name",
      "name",
      "currency",
      // A supplier may call its units and packs otherwise by now: a quantity without a unit is of the product's own.
      "unit_at_order",
      "unit_price_at_time",
      "line_total",
      "placed_at",
      "updated_at",
    ],
  },
} as const satisfies Record<ImportKind, Columns>

const shown = (name: string): string => JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)

/**
 * The columns of a header, or what is wrong with it. Names are taken in any case; one that is unknown is refused rather
 * than passed over: it may be a slip in one that matters.
 */
export function readHeader(
  kind: ImportKind,
  cells: readonly string[],
  hasSupplier: boolean,
): Result<readonly string[], readonly InputFault[]> {
  const { needed, read, ignored }: Columns = importColumns[kind]
  if (cells.length > limits.importColumnsMax) {
    return err([{ pointer: "/columns", code: "TOO_BIG", message: `The header has more than ${limits.importColumnsMax} columns.` }])
  }
  const columns = cells.map((cell) => cell.trim().toLowerCase())
  const known = new Set<string>([...read, ...ignored, ...errorColumns])
  const faults: InputFault[] = []
  const fault = (index: number, code: string, message: string) => faults.push({ pointer: `/columns/${index}`, code, message })
  columns.forEach((column, index) => {
    if (!known.has(column)) fault(index, "UNKNOWN_COLUMN", `There is no column ${shown(column)}; there are ${read.join(", ")}.`)
    else if (columns.indexOf(column) < index) fault(index, "DUPLICATE", `The column ${shown(column)} stands twice.`)
  })
  for (const column of needed.filter((name) => !columns.includes(name))) {
    faults.push({ pointer: "/columns", code: "REQUIRED", message: `The column ${column} is missing; the first line names the columns.` })
  }
  if (kind === "orders" && !hasSupplier && !columns.includes("supplier_id") && !columns.includes("supplier_slug")) {
    faults.push({
      pointer: "/columns",
      code: "REQUIRED",
      message: "Name the supplier in a column supplier_id or supplier_slug, or in the query.",
    })
  }
  return faults.length > 0 ? err(faults) : ok(columns)
}

/**
 * A cell as it was before an export made it harmless: the apostrophe that stands before what a spreadsheet would take for a
 * formula goes again. Nothing else is changed.
 */
const asWritten = (cell: string): string => (/^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell)

/** What a row says, by column: empty cells say nothing. @returns why it says nothing at all, where its cells do not fit the header. */
export function readRow(
  kind: ImportKind,
  columns: readonly string[],
  cells: readonly string[],
): Result<Readonly<Record<string, string>>, string> {
  if (cells.length !== columns.length) return err(`The row has ${cells.length} cells, and the header ${columns.length}.`)
  const { read }: Columns = importColumns[kind]
  const said = columns.flatMap((column, index) => {
    const text = asWritten(cells[index] ?? "")
    return text.trim() === "" || !read.includes(column) ? [] : [[column, text] as const]
  })
  return ok(Object.fromEntries(said))
}

export const cellFaults = {
  TOO_LONG: `The row is longer than ${limits.importRecordBytesMax} bytes; a quote may be missing in it.`,
  UNCLOSED_QUOTE: "The file ends within a quoted cell.",
  STRAY_QUOTE: 'A quote stands where none may: a cell that holds one is quoted whole, with each quote in it doubled ("").',
  NOT_UTF8: "The row is not UTF-8.",
} as const

/** A refusal in a line, for the file of failed rows. */
export function reasonOf({ code, detail, errors = [] }: Refusal): string {
  const faults = errors.map(({ pointer, message }) => (pointer === "" ? message : `${pointer.slice(1)}: ${message}`))
  return [faults.length === 0 ? code : undefined, detail, ...faults]
    .filter((part) => part !== undefined)
    .join(" ")
    .slice(0, limits.importReasonCharsMax)
}
