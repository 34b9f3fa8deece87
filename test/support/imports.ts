import { runInDurableObject } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { expect, vi } from "vitest"
import type { ImportWork } from "../../durable-objects/import-job/client.ts"
import { importJobOf } from "../../durable-objects/import-job/import-job.ts"
import { runImport } from "../../src/domains/imports/index.ts"
import { type ImportJobId, newId, type OrganizationId } from "../../src/kernel/ids.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { send, textBytes } from "./files.ts"
import { type Answer, api } from "./world.ts"

type Kind = "products" | "orders"

/** Starts an import of this text. */
export const importCsv = (
  token: string,
  kind: Kind,
  csv: string | Uint8Array<ArrayBuffer>,
  { query = "", headers = {} }: { readonly query?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> =>
  send("POST", `/${kind}/import${query}`, {
    token,
    body: typeof csv === "string" ? textBytes(csv) : csv,
    headers: { "content-type": "text/csv", ...headers },
  })

/** The job once it is over. Its object works by its own alarms. */
export const jobOver = (token: string, id: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer["body"]> =>
  vi.waitFor(
    async () => {
      const { status, body } = await api("GET", `/jobs/${id}`, { token, headers })
      expect(status).toBe(200)
      expect(["DONE", "FAILED"], JSON.stringify(body)).toContain(body.status)
      return body
    },
    { timeout: 60_000, interval: 50 },
  )

/** Imports this and waits for the end. */
export async function imported(token: string, kind: Kind, csv: string, query = ""): Promise<Answer["body"]> {
  const { status, body } = await importCsv(token, kind, csv, { query })
  expect(status, JSON.stringify(body)).toBe(202)
  return jobOver(token, body.id)
}

/** The file of a job's failed rows, as its starter gets it. */
export async function failedRowsOf(token: string, fileId: string): Promise<string> {
  const { status, body } = await api("GET", `/files/${fileId}/content`, { token })
  expect(status).toBe(200)
  return body
}

export const importStub = (jobId: string): DurableObjectStub => env.IMPORT_JOB.get(env.IMPORT_JOB.idFromName(jobId))

type Starter = { readonly token: string; readonly headers?: Readonly<Record<string, string>> }

/** An import as it is before its object ever heard of it: its file is there, and its row. */
export async function waiting(by: Starter, orgId: string, kind: Kind, csv: string, query = ""): Promise<ImportJobId> {
  const [header = ""] = csv.split("\n")
  const { body } = await importCsv(by.token, kind, `${header}\n`, { query, headers: by.headers ?? {} })
  await jobOver(by.token, body.id, by.headers)
  await env.FILES.put(await fileKey(orgId, body.id), csv)
  const id = newId("job", Date.now())
  await env.DB.prepare(
    `insert into import_jobs select org_id, ?3, kind, 'QUEUED', file_id, supplier_id, started_by_kind, started_by, started_by_name, home_org_id, ip_address, user_agent,
       0, 0, 0, null, null, created_at, null, 9e15 from import_jobs where org_id = ?1 and id = ?2`,
  )
    .bind(orgId, body.id, id)
    .run()
  return id
}

/** Where an import's file lies in the bucket. */
export async function fileKey(orgId: string, jobId: string): Promise<string> {
  const row = await env.DB.prepare("select file_id from import_jobs where org_id = ? and id = ?")
    .bind(orgId, jobId)
    .first<{ file_id: string }>()
  return `${orgId}/import/${row?.file_id}`
}

/** Tries after which the object's own alarm stands a minute off: nobody works beside the test. */
export const undisturbed = 5

/** One alarm of the import's object, with this for its work. @returns when the next one comes, if any. */
export const work = (id: ImportJobId, orgId: string, how: ImportWork, tries = 0): Promise<number | null> =>
  runInDurableObject(importStub(id), async (_, state) => {
    const job = new (importJobOf(how))(state, env)
    await job.loadFromStorage()
    job.progress ??= { jobId: id, orgId: orgId as OrganizationId, columns: null, offset: 0, total: 0, done: 0, failed: 0, tries }
    await job.alarm()
    return state.storage.getAlarm()
  })

/** Works as it should, with something about its surroundings changed. */
export const workingWith =
  (changed: Partial<Bindings>): ImportWork =>
  (desk) =>
    runImport({ ...desk, env: { ...desk.env, ...changed } })

/** Works as it should, until it would keep what it did: then the object is gone. */
export const dyingAtSave =
  (nth: number): ImportWork =>
  (desk) => {
    let saves = 0
    return runImport({
      ...desk,
      async save(progress, failed) {
        saves += 1
        if (saves >= nth) throw new Error("the object died")
        await desk.save(progress, failed)
      },
    })
  }

export const productRows = (count: number): string[] => Array.from({ length: count }, (_, at) => `SKU-${at},Product ${at},1.00,${at % 5}`)
export const productsCsv = (count: number): string => ["sku,name,price,stock_quantity", ...productRows(count)].join("\n")
