import { limits } from "../../kernel/limits.ts"
import { type CsvRecord, cellsOf } from "../../platform/files/csv-records.ts"
import { orderKeyOf } from "./order-rows.ts"
import { cellFaults, type ImportKind, readRow } from "./rules.ts"

/** A row as it stands in the file: what it says, or why nothing. */
type Row = { readonly row: number; readonly cells: readonly string[]; readonly said: Readonly<Record<string, string>> | string }

/** What comes to something as a whole, or to nothing: a product's row, or all rows of an order. */
export type Unit = {
  readonly key: string | undefined
  readonly rows: Row[]
  /** Where the file goes on behind it. */
  end: number
  /** The row before it could not be read, and may have been one of its own. */
  readonly isDoubtful: boolean
}

const isUnreadable = ({ rows }: Unit): boolean => typeof rows.at(-1)?.said === "string"

/** Whether a unit is an order to be placed, and not refused for what stands in the file. */
export const isPlaced = (unit: Unit): boolean => !unit.isDoubtful && !isUnreadable(unit)

export function rowOf(kind: ImportKind, columns: readonly string[], row: number, record: CsvRecord): Row {
  const cells = cellsOf(record)
  if (typeof cells === "string") return { row, cells: [], said: cellFaults[cells] }
  const said = readRow(kind, columns, cells)
  // What the header does not name is of no use, and a row of commas alone would fill the memory with it.
  return { row, cells: cells.slice(0, columns.length), said: said.ok ? said.value : said.error }
}

/** The order that a row says it belongs to; undefined where it cannot be read. */
const keyOf = ({ said }: Row): string | undefined => (typeof said === "string" ? undefined : orderKeyOf(said))

/** A file's orders, counted row by row as `unitsOf` makes them. */
type OrderCount = {
  readonly orders: number
  /** Rows from which no batch can be cut off: of one order, and of those behind rows that cannot be read. */
  readonly rowsTogether: number
  readonly key: string | undefined
  readonly isReadable: boolean
}

export const noOrders: OrderCount = { orders: 0, rowsTogether: 0, key: undefined, isReadable: true }

export function countingRow(count: OrderCount, row: Row): OrderCount {
  const key = keyOf(row)
  const belongs = count.orders > 0 && (key === undefined || key === count.key)
  return {
    orders: belongs ? count.orders : count.orders + 1,
    rowsTogether: belongs || !count.isReadable ? count.rowsTogether + 1 : 1,
    key: belongs ? count.key : key,
    isReadable: key !== undefined,
  }
}

/**
 * The units of a file in its order. Rows of an order stand together; one that cannot be read counts as the order's before
 * it, and makes the one behind it doubtful: INV-IMP-3: no order is placed without a line that it was to have.
 */
async function* unitsOf(
  kind: ImportKind,
  columns: readonly string[],
  records: AsyncIterable<CsvRecord>,
  firstRow: number,
): AsyncGenerator<Unit> {
  let unit: Unit | undefined
  let number = firstRow
  for await (const record of records) {
    const row = rowOf(kind, columns, number, record)
    number += 1
    const key = kind === "products" ? undefined : keyOf(row)
    const belongs = kind === "orders" && unit !== undefined && (key === undefined || key === unit.key)
    if (unit !== undefined && belongs) {
      unit.rows.push(row)
      unit.end = record.end
      continue
    }
    if (unit !== undefined) yield unit
    unit = { key, rows: [row], end: record.end, isDoubtful: kind === "orders" && unit !== undefined && isUnreadable(unit) }
  }
  if (unit !== undefined) yield unit
}

/** As many units as a ledger gets at once. None is cut off from the unreadable row before it. */
export async function* batchesOf(
  kind: ImportKind,
  columns: readonly string[],
  records: AsyncIterable<CsvRecord>,
  firstRow: number,
): AsyncGenerator<readonly Unit[]> {
  const unitsMax = kind === "products" ? limits.importBatchRows : limits.importBatchOrders
  let batch: Unit[] = []
  for await (const unit of unitsOf(kind, columns, records, firstRow)) {
    batch.push(unit)
    if (batch.length < unitsMax || (kind === "orders" && isUnreadable(unit))) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
