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
      new Cron(expression, { timezone: "UTC", protect: true, unref: true, catch: (error) => complain(`cron ${expression}: ${error}`) }, () =>
        tick(base, expression),
      ),
  )
  return () => {
    for (const job of jobs) job.stop()
  }
}

async function tick(base: string, expression: string): Promise<void> {
  const query = new URLSearchParams({ cron: expression, time: String(Date.now()), format: "json" })
  const response = await fetch(`${base}/cdn-cgi/local/scheduled?${query}`)
  if (!response.ok) throw new Error(`answered ${response.status}: ${await response.text()}`)
}
