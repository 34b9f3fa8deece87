import { parse } from "smol-toml"

type Config = {
  readonly name: string
  readonly d1_databases: ReadonlyArray<{ readonly binding: string; readonly database_name: string; readonly database_id: string }>
  readonly r2_buckets?: ReadonlyArray<{ readonly bucket_name: string }>
  readonly queues?: {
    readonly producers?: ReadonlyArray<{ readonly queue: string }>
    readonly consumers?: ReadonlyArray<{ readonly queue: string; readonly dead_letter_queue?: string }>
  }
}

type Resources = {
  readonly worker: string
  readonly database: { readonly name: string; readonly id: string }
  readonly buckets: readonly string[]
  readonly queues: readonly string[]
}

/** What the top level of wrangler.toml, the deployed one, needs to exist at Cloudflare. */
export function resourcesOf(toml: string): Resources {
  const config = parse(toml) as unknown as Config
  const [database] = config.d1_databases
  if (database === undefined) throw new Error("wrangler.toml names no D1 database")
  const { producers = [], consumers = [] } = config.queues ?? {}
  const queues = [
    ...producers.map(({ queue }) => queue),
    ...consumers.flatMap(({ queue, dead_letter_queue: dead }) => (dead ? [queue, dead] : [queue])),
  ]
  return {
    worker: config.name,
    database: { name: database.database_name, id: database.database_id },
    buckets: (config.r2_buckets ?? []).map(({ bucket_name }) => bucket_name),
    queues: [...new Set(queues)],
  }
}

/** wrangler.toml with the deployed database's id in its first `[[d1_databases]]`, everything else as it was. */
export function withDatabaseId(toml: string, id: string): string {
  return toml.replace(/^(\[\[d1_databases\]\]\n(?:(?!\[).*\n)*?database_id = )"[^"]*"/m, `$1"${id}"`)
}
