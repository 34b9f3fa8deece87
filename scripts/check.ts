import { runChecks } from "./lib/checks.ts"
import { parseOptions } from "./lib/options.ts"

parseOptions({ options: {}, help: "npm run check     format, lint, types and the architecture's rules; `npm run format` mends the first" })
const failed = await runChecks((line) => void process.stdout.write(`${line}\n`))
process.exitCode = failed.length === 0 ? 0 : 1
