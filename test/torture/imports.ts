import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import type { OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { cellsOf, csvRecords } from "../../src/platform/files/csv-records.ts"
import { rows } from "./books.ts"
import type { Keeper } from "./keeper.ts"
import type { Scene } from "./steps/scene.ts"
import type { Sender } from "./world.ts"

/** How imports come to an end, and their books. */

const number = z.number()
const text = z.string()
const jobRow = z.object({
  id: text,
  org_id: text.transform((id) => id as OrganizationId),
  /** What its file is called, which names the command. */
  name: text,
  kind: text,
  status: text,
  total: number,
  done: number,
  failed: number,
  reason: text.nullable(),
  errors_file_id: text.nullable(),
  finished_at: number.nullable(),
})
const jobView = jobRow.pick({ id: true, kind: true, status: true, total: true, done: true, failed: true, errors_file_id: true })

export type Import = z.output<typeof jobRow> & {
  /** As whoever started it reads of it. */
  readonly view: z.output<typeof jobView>
  /** The numbers of the rows in its file of failed rows. */
  readonly failedRows: readonly number[]
}
export type ImportBooks = { readonly imports: readonly Import[] }

/** An import that fails is tried again after a minute at most, and the sweep finds one that nobody began. */
const endMsMax = 150_000

/** Until every import is over. One that was noted by a Worker that died before it could begin it is swept up now rather than after two minutes. */
export async function endImports({ journal }: Scene, { server }: Keeper): Promise<void> {
  const deadline = Date.now() + endMsMax
  const open = async (): Promise<number> => {
    const [row] = await rows(
      z.object({ n: number }),
      server.databaseRows("select count(*) as n from import_jobs where finished_at is null"),
    )
    return row?.n ?? 0
  }
  for (let left = await open(); left > 0; left = await open()) {
    if (Date.now() > deadline) return journal.violate(`${left} imports are not over ${endMsMax / 1_000} s after the faults have stopped`)
    await server.databaseRows("update import_jobs set due_at = 1 where finished_at is null")
    await server.cron("* * * * *")
    await sleep(500)
  }
}

export async function readImports(scene: Scene, { server }: Keeper): Promise<ImportBooks> {
  const jobs = await rows(
    jobRow,
    server.databaseRows("select j.*, f.name as name from import_jobs j join files f on f.org_id = j.org_id and f.id = j.file_id"),
  )
  const imports: Import[] = []
  for (const job of jobs) {
    const sender = scene.world.importers.get(job.org_id)
    if (sender === undefined) throw new Error(`nobody of ${job.org_id} imports anything, and there is ${job.id}`)
    const view = jobView.parse(JSON.parse(await read(scene, sender, `/jobs/${job.id}`)))
    const failures = job.errors_file_id === null ? "" : await read(scene, sender, `/files/${job.errors_file_id}/content`)
    imports.push({ ...job, view, failedRows: await numbersIn(failures) })
  }
  return { imports }
}

async function read({ client }: Scene, sender: Sender, path: string): Promise<string> {
  const answer = await client.send(sender, { method: "GET", path })
  if (answer?.status !== 200) throw new Error(`GET ${path} answered ${answer?.status}: ${answer?.text}`)
  return answer.text
}

/** The first cell of every line but the header. */
async function numbersIn(csv: string): Promise<number[]> {
  const numbers: number[] = []
  const pieces = async function* () {
    yield new TextEncoder().encode(csv)
  }
  for await (const record of csvRecords(pieces(), 0, limits.importRecordBytesMax)) {
    const cells = cellsOf(record)
    numbers.push(Number(typeof cells === "string" ? Number.NaN : cells[0]))
  }
  return numbers.slice(1)
}
