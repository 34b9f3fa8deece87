import { giveWay } from "../../kernel/give-way.ts"
import { limits } from "../../kernel/limits.ts"
import { err, ok, type Result } from "../../kernel/result.ts"
import type { Bindings } from "../../platform/env.ts"
import { cellsOf, csvRecords, piecesOf } from "../../platform/files/csv-records.ts"
import { readImportFile } from "../files/index.ts"
import { countingRow, noOrders, rowOf } from "./batches.ts"
import { cellFaults, readHeader } from "./rules.ts"
import type { ImportJobRow } from "./tables.ts"

export const fileGone = "The file is gone."

/** A file's header, where its first row begins, and how many rows there are. */
type Counted = { readonly columns: readonly string[]; readonly offset: number; readonly total: number }

/** INV-IMP-6: reads the whole file once before anything is done. @returns why it is not to be begun with, where it asks for too much. */
export async function countRows(env: Pick<Bindings, "FILES">, job: ImportJobRow): Promise<Result<Counted, string>> {
  const body = await readImportFile(env, { orgId: job.orgId, id: job.fileId }, 0)
  if (body === undefined) return err(fileGone)
  let columns: readonly string[] | undefined
  let offset = 0
  let total = 0
  let count = noOrders
  for await (const record of csvRecords(piecesOf(body), 0, limits.importRecordBytesMax)) {
    if (columns === undefined) {
      const cells = cellsOf(record)
      if (typeof cells === "string") return err(cellFaults[cells])
      const header = readHeader(job.kind, cells, job.supplierId !== null)
      if (!header.ok) return err(header.error.map(({ message }) => message).join(" "))
      columns = header.value
      offset = record.end
      continue
    }
    total += 1
    if (total > limits.importRowsMax) return err(`The file has more than ${limits.importRowsMax} rows; send it in parts.`)
    if (total % limits.importRowsCountedAtOnce === 0) await giveWay()
    if (job.kind !== "orders") continue
    count = countingRow(count, rowOf(job.kind, columns, total, record))
    // INV-IMP-10
    if (count.orders > limits.importOrdersMax) return err(`The file has more than ${limits.importOrdersMax} orders; send it in parts.`)
    if (count.rowsTogether > limits.importRowsTogetherMax) {
      return err(
        `Up to row ${total} more than ${limits.importRowsTogetherMax} rows are one order, or hide by rows that cannot be read where one ends.`,
      )
    }
  }
  return columns === undefined ? err("The file is empty.") : ok({ columns, offset, total })
}
