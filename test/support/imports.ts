import { env } from "cloudflare:workers"
import { expect, vi } from "vitest"
import { send, textBytes } from "./files.ts"
import { type Answer, api } from "./world.ts"

/** Starts an import of this text. */
export const importCsv = (
  token: string,
  kind: "products" | "orders",
  csv: string | Uint8Array<ArrayBuffer>,
  { query = "", headers = {} }: { readonly query?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> =>
  send("POST", `/${kind}/import${query}`, {
    token,
    body: typeof csv === "string" ? textBytes(csv) : csv,
    headers: { "content-type": "text/csv", ...headers },
  })

/** The job once it is over. Its object works by its own alarms. */
export const jobOver = (token: string, id: string): Promise<Answer["body"]> =>
  vi.waitFor(
    async () => {
      const { status, body } = await api("GET", `/jobs/${id}`, { token })
      expect(status).toBe(200)
      expect(["DONE", "FAILED"], JSON.stringify(body)).toContain(body.status)
      return body
    },
    { timeout: 60_000, interval: 50 },
  )

/** Imports this and waits for the end. */
export async function imported(token: string, kind: "products" | "orders", csv: string, query = ""): Promise<Answer["body"]> {
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
