import itty from "itty-durable"
import type { ImportJobId, OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import type { FailedRow, ImportNext, ImportProgress, ImportWork } from "./rpc.ts"

/** What itty-durable hangs on the object: the platform's own state, with the bindings beside it. */
type Held = { readonly storage: DurableObjectStorage; readonly env: Bindings }

const failedTable = "CREATE TABLE IF NOT EXISTS failed_rows (row INTEGER PRIMARY KEY, cells TEXT NOT NULL, reason TEXT NOT NULL)"

/**
 * One import, as far as it came: `progress` is all there is to it, kept by itty-durable, beside a table of the rows that
 * failed. What is to be done the Worker lends it, so that this is the shell alone: state, and the alarm that goes on.
 */
export const importJobOf = (work: ImportWork) =>
  class ImportJob extends itty.createDurable({ autoPersist: true }) {
    // No private members: the library hands out a proxy of the object, which has none.
    progress: ImportProgress | null = null

    /** Begins, or has it go on. A repeat changes nothing: what was kept says how far it is. */
    async start(jobId: ImportJobId, orgId: OrganizationId): Promise<void> {
      this.progress ??= { jobId, orgId, columns: null, offset: 0, total: 0, done: 0, failed: 0, tries: 0 }
      await this.persist()
      const { storage } = held(this)
      if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now())
    }

    read(): ImportProgress | null {
      return this.progress
    }

    /** Works for a while. The next alarm stands before the work begins, so that an object that dies in it comes back. */
    async alarm(): Promise<void> {
      await this.loadFromStorage()
      const before = this.progress
      if (before === null) return
      const { storage, env } = held(this)
      const backAt = Date.now() + Math.min(limits.importRetryMs * 2 ** before.tries, limits.importRetryMsMax)
      this.progress = { ...before, tries: before.tries + 1 }
      await Promise.all([this.persist(), storage.setAlarm(backAt)])
      storage.sql.exec(failedTable)
      let next: ImportNext
      try {
        next = await work({
          env,
          progress: before,
          save: async (progress, failed) => {
            keepFailed(storage, failed)
            this.progress = { ...progress, tries: 0 }
            // In the same turn as the rows above, and so in one write with them.
            await this.persist()
          },
          note: async (progress) => {
            this.progress = { ...progress, tries: before.tries + 1 }
            await this.persist()
          },
          failedRows: (afterRow, rowsMax) => failedRows(storage, afterRow, rowsMax),
        })
      } catch (error) {
        log.warn("an import will be tried again", { job: before.jobId, error: describeError(error) })
        return
      }
      if (next !== "over") {
        // It came on, or rests: neither is to fail, and whatever fails after it is tried again soon.
        this.progress = { ...this.progress, tries: 0 }
        await Promise.all([this.persist(), storage.setAlarm(Date.now() + next.afterMs)])
        return
      }
      this.progress = null
      await storage.deleteAlarm()
      await storage.deleteAll()
    }
  }

const held = (job: { readonly state: object }): Held => job.state as Held

function keepFailed({ sql }: DurableObjectStorage, failed: readonly FailedRow[]): void {
  for (const { row, cells, reason } of failed) {
    sql.exec("INSERT OR REPLACE INTO failed_rows (row, cells, reason) VALUES (?, ?, ?)", row, JSON.stringify(cells), reason)
  }
}

function failedRows({ sql }: DurableObjectStorage, afterRow: number, rowsMax: number): readonly FailedRow[] {
  return sql
    .exec<{ row: number; cells: string; reason: string }>(
      "SELECT row, cells, reason FROM failed_rows WHERE row > ? ORDER BY row LIMIT ?",
      afterRow,
      rowsMax,
    )
    .toArray()
    .map(({ row, cells, reason }) => ({ row, cells: JSON.parse(cells) as string[], reason }))
}
