import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Cron } from "croner"
import { parse } from "smol-toml"
import { root } from "../lib/paths.mjs"

type Triggers = { readonly triggers?: { readonly crons?: readonly string[] } }

/** The cron table of one environment in wrangler.toml. */
export function cronTable(environment: string, toml: string = readFileSync(join(root, "wrangler.toml"), "utf8")): readonly string[] {
  const config = parse(toml) as { readonly env?: Readonly<Record<string, Triggers>> }
  return config.env?.[environment]?.triggers?.crons ?? []
}

/** Calls the Worker's `scheduled` when each expression is due, in UTC as Cloudflare does. Returns how to stop. */
export function tickCrons(base: string, expressions: readonly string[], complain: (line: string) => void): () => void {
  const jobs = expressions.map(
    (expression) =>
      new Cron(expression, { timezone: "UTC", protect: true, unref: true }, async () => {
        const problem = await tick(base, expression)
        if (problem !== undefined) complain(`cron ${expression}: ${problem}`)
      }),
  )
  return () => {
    for (const job of jobs) job.stop()
  }
}

/** What went wrong, if something did: a missed tick is made up by the next. */
async function tick(base: string, expression: string): Promise<string | undefined> {
  const query = new URLSearchParams({ cron: expression, time: String(Date.now()), format: "json" })
  try {
    const response = await fetch(`${base}/cdn-cgi/local/scheduled?${query.toString()}`)
    return response.ok ? undefined : `answered ${response.status}: ${await response.text()}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
