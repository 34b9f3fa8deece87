import type { ImportJobId, OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { within } from "../../src/kernel/within.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import type { ImportJobRpc, ImportProgress } from "./rpc.ts"

export type { FailedRow, ImportDesk, ImportNext, ImportProgress, ImportWork } from "./rpc.ts"

type Asking = { readonly env: Pick<Bindings, "IMPORT_JOB">; readonly meter: Meter }

/** An import's object is called by its id. The library sends arguments in a header: there is no room in it for rows. */
async function call<T>({ env, meter }: Asking, jobId: ImportJobId, use: (job: ImportJobRpc) => Promise<T>): Promise<T> {
  meter.add({ objectCalls: 1 })
  // Not at the top: the document of the API is made in plain Node, which cannot load the library.
  const { default: itty } = await import("itty-durable")
  const job = itty.proxyDurable(env.IMPORT_JOB, { name: "IMPORT_JOB", parse: true }).get(jobId) as ImportJobRpc
  return within(limits.objectCallMsMax, use(job))
}

/** Begins an import, or has it go on where it came to rest; harmless where it is at work. @throws when the object cannot be reached. */
export const startImport = (asking: Asking, jobId: ImportJobId, orgId: OrganizationId): Promise<void> =>
  call(asking, jobId, (job) => job.start(jobId, orgId))

/** How far an import is; null where it was not begun yet, or is over. */
export const importProgress = (asking: Asking, jobId: ImportJobId): Promise<ImportProgress | null> =>
  call(asking, jobId, (job) => job.read())
