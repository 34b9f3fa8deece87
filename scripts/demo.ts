import { CheckFailed, Checks } from "./demo/checks.ts"
import { stories } from "./demo/stories.ts"
import { Api, baseUrl } from "./lib/api.ts"
import { fail } from "./lib/fail.mjs"
import { parseOptions } from "./lib/options.ts"

const help = `
npm run demo [-- --base=URL]     Tells the stories against a running development server, checking each answer.

  --base=URL   the server (http://127.0.0.1:8787)
`

const options = parseOptions({ help, options: { base: { type: "string", default: "http://127.0.0.1:8787" } } })
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const checks = new Checks(say)

try {
  const api = new Api(baseUrl(options.text("base")))
  if ((await api.get("./dev/mail?to=nobody@waybill.test")).status === 404) {
    throw new Error(`${api.base} is not a development server: the stories read mail at /dev/mail`)
  }
  const verified: string[] = []
  for (const tell of stories) verified.push(await tell(api, checks))
  say(`\n${checks.count} checks passed. Verified: ${verified.join("; ")}.`)
} catch (error) {
  if (error instanceof CheckFailed) say(`  ✗ ${error.message}`)
  fail(
    error instanceof CheckFailed
      ? `the story ends here, after ${checks.count} checks that passed`
      : error instanceof Error
        ? error.message
        : String(error),
  )
}
