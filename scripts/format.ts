import { parseOptions } from "./lib/options.ts"
import { bin, run } from "./lib/run.ts"

parseOptions({ options: {}, help: "npm run format     formats every file and sorts the imports" })
const { code, output } = await run(bin("biome"), ["check", "--write", "--config-path=scripts/biome.json", "--colors=off"])
process.stdout.write(output)
process.exitCode = code
