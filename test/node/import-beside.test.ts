import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { type BuiltServer, startBuiltServer } from "../support/server/built-server.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"

/** Over real HTTP, to one process that holds everything: what a test inside the Worker cannot see is who is not even heard. */

const state = mkdtempSync(join(tmpdir(), "waybill-import-"))
let server: BuiltServer

beforeAll(async () => {
  server = await startBuiltServer({ state })
}, 120_000)
afterAll(async () => {
  await server?.stop()
  rmSync(state, { recursive: true, force: true })
})

async function call<T>(method: string, path: string, token: string, contentType: string, body?: string): Promise<T> {
  const answer = await fetchAgain(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": contentType },
    ...(body === undefined ? {} : { body }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

type Job = { readonly id: string; readonly status: string; readonly total: number; readonly done: number }

test("INV-IMP-7: others are heard between the batches of an import", async () => {
  const account = { email: "imports@example.test", password: "correct horse battery", full_name: "Imports" }
  const { access_token: token } = await call<{ access_token: string }>(
    "POST",
    "/auth/register",
    "",
    "application/json",
    JSON.stringify({ ...account, organization: { name: "Imports", capabilities: ["supplier"] } }),
  )
  // All in one alarm, which nothing but the pauses between its batches interrupts.
  const rows = limits.importBatchRows * limits.importBatchesPerAlarm
  const csv = ["sku,name,price", ...Array.from({ length: rows }, (_, at) => `S-${at},Product ${at},1.00`)].join("\n")
  let job = await call<Job>("POST", "/products/import", token, "text/csv", csv)
  const seen = new Set<number>()
  while (job.status !== "DONE" && job.status !== "FAILED") {
    job = await call<Job>("GET", `/jobs/${job.id}`, token, "application/json")
    seen.add(job.done)
  }
  expect(job).toMatchObject({ status: "DONE", total: rows, done: rows })
  expect([...seen].filter((done) => done > 0 && done < rows).length).toBeGreaterThan(1)
})
