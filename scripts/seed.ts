import { Api, baseUrl } from "./lib/api.ts"
import { fail } from "./lib/fail.mjs"
import { parseOptions, wholeNumber } from "./lib/options.ts"
import { seedLarge } from "./seed/large.ts"
import { seedSmall } from "./seed/small.ts"

const help = `
npm run seed -- [options]     Fills a running development server.

  --size=small|large   small: the demo world of 2 suppliers, 3 buyers, 40 products and orders in every state (the default)
                       large: 50 suppliers with 1,000 products each, 200 buyers with 20 links each, 20,000 past orders
  --base=URL           the server (http://127.0.0.1:8787)
  --seed=N             what chance depends on: the same number, the same world (1)
`

const options = parseOptions({
  help,
  options: {
    size: { type: "string", default: "small" },
    base: { type: "string", default: "http://127.0.0.1:8787" },
    seed: { type: "string", default: "1" },
  },
})
const size = options.text("size")
if (size !== "small" && size !== "large") fail("--size must be small or large", 2)
const seed = wholeNumber("seed", options.text("seed"), 0, 2 ** 32 - 1)
const api = new Api(baseUrl(options.text("base")))

try {
  const started = performance.now()
  const said = size === "small" ? await seedSmall(api, seed) : await seedLarge(api, seed)
  process.stdout.write(`${said} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`)
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
