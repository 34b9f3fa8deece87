import type { ImportJobId, OrganizationId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"

/** How far an import is. All that the object keeps of it, beside the rows that failed. */
export type ImportProgress = {
  readonly jobId: ImportJobId
  readonly orgId: OrganizationId
  /** The file's header, once it was read and all rows were counted. */
  readonly columns: readonly string[] | null
  /** Bytes of the file that were dealt with: where the next row begins. */
  readonly offset: number
  /** Rows of the file, of those dealt with, and of those that came to nothing. */
  readonly total: number
  readonly done: number
  readonly failed: number
  /** Tries since it last came on. */
  readonly tries: number
  /** Failed tries at writing the file of its failed rows, whatever else failed between them; absent before the first. */
  readonly errorsFileTries?: number
}

/** A row that came to nothing: its number (the first below the header is 1), as it stands in the file, and why. */
export type FailedRow = { readonly row: number; readonly cells: readonly string[]; readonly reason: string }

/** What the object lends to whoever does the work. */
export type ImportDesk = {
  readonly env: Bindings
  readonly progress: ImportProgress
  /** Keeps how far it came, with the rows that failed on the way, in one write. */
  readonly save: (progress: ImportProgress, failed: readonly FailedRow[]) => Promise<void>
  /** Keeps what a try that failed has to tell the next one, which comes as late as if nothing had been kept. */
  readonly note: (progress: ImportProgress) => Promise<void>
  /** Rows that failed, after this one, in the file's order. */
  readonly failedRows: (afterRow: number, rowsMax: number) => readonly FailedRow[]
}

/** Nothing is left to do, or it goes on after so long. */
export type ImportNext = "over" | { readonly afterMs: number }

/** Works on from where `progress` says, for a while. It may be called again for what it did already. */
export type ImportWork = (desk: ImportDesk) => Promise<ImportNext>

/** The object's methods as its client calls them. */
export type ImportJobRpc = {
  start(jobId: ImportJobId, orgId: OrganizationId): Promise<void>
  read(): Promise<ImportProgress | null>
}
