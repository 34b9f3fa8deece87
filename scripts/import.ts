import { readFile, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Answer, Api, baseUrl } from "./lib/api.ts"
import { fail } from "./lib/fail.mjs"
import { parseOptions } from "./lib/options.ts"
import { progress } from "./lib/progress.ts"

const help = `
npm run import -- FILE.csv [options]     Imports products, or orders, from a CSV file, and shows how far it is.

  --email=ADDRESS      who imports; --password=… or WAYBILL_PASSWORD their password
  --kind=products|orders   what the rows are (products)
  --supplier=ID        with orders: the supplier of rows that name none
  --base=URL           the server (http://127.0.0.1:8787)

Rows that fail are written to FILE.failed.csv, each with its number and why: mend them there and import that file.
Ends with status 1 when some failed, or when the import stopped before its end.
`

const options = parseOptions({
  help,
  positionals: true,
  options: {
    email: { type: "string" },
    password: { type: "string" },
    kind: { type: "string", default: "products" },
    supplier: { type: "string" },
    base: { type: "string", default: "http://127.0.0.1:8787" },
  },
})
const [path, ...others] = options.positionals
if (path === undefined || others.length > 0) fail("name one CSV file: npm run import -- products.csv (--help lists what there is)", 2)
const kind = options.text("kind")
if (kind !== "products" && kind !== "orders") fail("--kind must be products or orders", 2)
const email = options.text("email")
const password = options.text("password") ?? process.env["WAYBILL_PASSWORD"]
if (email === undefined || password === undefined) fail("--email says who imports, --password or WAYBILL_PASSWORD their password", 2)
const supplier = options.text("supplier")
const api = new Api(baseUrl(options.text("base")))

const pollMs = 300

/** Until the job is over; a token that runs out on the way is renewed. */
async function follow(jobId: string, token: string, name: string): Promise<{ job: Answer; token: string }> {
  const bars = progress(process.stdout)
  let bar: ReturnType<typeof bars.bar> | undefined
  let shown = 0
  for (let held = token; ; await sleep(pollMs)) {
    let job = await api.get(`/jobs/${jobId}`, { token: held })
    if (job.status === 401) {
      held = await signIn()
      job = await api.get(`/jobs/${jobId}`, { token: held })
    }
    if (job.status !== 200) throw new Error(refusal(job))
    const isOver = ["DONE", "FAILED"].includes(job.text("status"))
    if (job.number("total") > 0) {
      bar ??= bars.bar(name, job.number("total"))
      const now = job.number("done") + job.number("failed")
      if (now > shown) bar.add(now - shown)
      shown = now
    }
    if (!isOver) continue
    bars.done()
    return { job, token: held }
  }
}

const signIn = async (): Promise<string> => (await api.must("POST", "/auth/token", { body: { email, password } })).text("access_token")

const refusal = (answer: Answer): string =>
  [
    `the server answered ${answer.status} ${answer.text("code")} ${answer.text("detail")}`.trim(),
    ...answer.list("errors").map((fault) => `  ${fault.text("message")}`),
  ].join("\n")

try {
  const bytes = new Uint8Array(await readFile(path))
  const token = await signIn()
  const query = new URLSearchParams({ name: basename(path), ...(supplier === undefined ? {} : { supplier_id: supplier }) })
  const started = await api.upload(`/${kind}/import?${query.toString()}`, { token, bytes })
  if (started.status !== 202) throw new Error(refusal(started))
  const { job, token: held } = await follow(started.text("id"), token, kind)
  process.stdout.write(`${job.number("done")} of ${job.number("total")} rows imported, ${job.number("failed")} failed\n`)
  const fileId = job.text("errors_file_id")
  if (fileId !== "") {
    const file = await api.must("GET", `/files/${fileId}/content`, { token: held })
    const failedPath = join(dirname(path), `${basename(path).replace(/\.csv$/i, "")}.failed.csv`)
    await writeFile(failedPath, String(file.body))
    process.stdout.write(`failed rows, each with its reason: ${failedPath}\n`)
  }
  if (job.text("status") === "FAILED") process.stdout.write(`the import stopped: ${job.text("reason")}\n`)
  else if (job.text("reason") !== "") process.stdout.write(`${job.text("reason")}\n`)
  if (job.text("status") === "FAILED" || job.number("failed") > 0) process.exitCode = 1
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
