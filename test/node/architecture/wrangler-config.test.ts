import { parse } from "smol-toml"
import { describe, expect, test } from "vitest"
import { cronTable } from "../../../src/jobs.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { type Bindings, configOf, variableNames } from "../../../src/platform/env.ts"
import { deadLetterQueue, eventQueue, webhookQueue } from "../../../src/platform/events/dead-letters.ts"
import { filesUnder, read, withoutComments } from "../../support/repository.ts"

type Block = {
  readonly assets: { readonly directory: string; readonly binding: string; readonly run_worker_first: boolean }
  readonly d1_databases: ReadonlyArray<{ readonly binding: string; readonly database_name: string; readonly migrations_dir: string }>
  readonly durable_objects: { readonly bindings: ReadonlyArray<{ readonly name: string; readonly class_name: string }> }
  readonly migrations: ReadonlyArray<{ readonly tag: string; readonly new_sqlite_classes: readonly string[] }>
  readonly r2_buckets: ReadonlyArray<{ readonly binding: string; readonly bucket_name: string }>
  readonly images: { readonly binding: string }
  readonly queues: {
    readonly producers: ReadonlyArray<{ readonly binding: string; readonly queue: string }>
    readonly consumers: ReadonlyArray<{ readonly queue: string; readonly dead_letter_queue?: string }>
  }
  readonly ratelimits: ReadonlyArray<{
    readonly name: string
    readonly namespace_id: string
    readonly simple: { readonly limit: number; readonly period: number }
  }>
  readonly triggers: { readonly crons: readonly string[] }
  readonly vars: Readonly<Record<string, string>>
}

const config = parse(read("wrangler.toml")) as unknown as Block & {
  readonly name: string
  readonly main: string
  readonly env: Readonly<Record<string, Block & { readonly name: string }>>
}

const environments: ReadonlyArray<readonly [string, Block]> = [["production", config], ...Object.entries(config.env)]

/** What a deployment sets as secrets rather than in this file. */
const secrets = ["JWT_KEYS", "RESEND_API_KEY", "SENTRY_DSN"]

/** What must be the same everywhere, since the code is; names, limits, namespaces and values may differ. */
const shape = ({ assets, d1_databases, durable_objects, migrations, r2_buckets, images, queues, ratelimits, triggers, vars }: Block) => ({
  assets,
  d1: d1_databases.map(({ binding, database_name, migrations_dir }) => ({ binding, database_name, migrations_dir })),
  durable_objects,
  migrations,
  r2_buckets,
  images,
  queues,
  ratelimits: ratelimits.map(({ name, simple }) => ({ name, period: simple.period })),
  triggers,
  vars: Object.keys(vars)
    .filter((name) => !secrets.includes(name))
    .sort(),
})

describe("wrangler.toml", () => {
  test("has the three environments, each with everything: named ones inherit no binding", () => {
    expect(environments.map(([name]) => name)).toEqual(["production", "development", "test"])
    const [, ...named] = environments
    for (const [name, block] of named) expect(shape(block), name).toEqual(shape(config))
  })

  test("is looked at whole: each environment has no table that this test does not compare", () => {
    const known = new Set([
      "name",
      "assets",
      "d1_databases",
      "durable_objects",
      "migrations",
      "r2_buckets",
      "images",
      "queues",
      "ratelimits",
      "triggers",
      "vars",
    ])
    for (const [name, block] of environments.slice(1))
      expect(
        Object.keys(block).filter((key) => !known.has(key)),
        name,
      ).toEqual([])
    const alsoAtTheTop = new Set([
      ...known,
      "main",
      "compatibility_date",
      "compatibility_flags",
      "observability",
      "minify",
      "keep_names",
      "upload_source_maps",
      "alias",
      "env",
    ])
    expect(Object.keys(config).filter((key) => !alsoAtTheTop.has(key))).toEqual([])
  })

  test("gives each environment databases, rate limits and names of its own", () => {
    const namespaces = environments.flatMap(([, { ratelimits }]) => ratelimits.map(({ namespace_id }) => namespace_id))
    expect(new Set(namespaces).size).toBe(namespaces.length)
    const names = [config.name, ...Object.values(config.env).map(({ name }) => name)]
    expect(new Set(names).size).toBe(names.length)
  })

  test("tells clients the very limits that the rate limit bindings hold", () => {
    for (const [name, { ratelimits, vars }] of environments) {
      const told = Object.fromEntries(Object.entries(vars).filter(([variable]) => /^RATE_.*_LIMIT$/.test(variable)))
      const held = ratelimits.map(({ name: limiter, simple }) => {
        const each = limiter === "RATE_PRINCIPAL" ? limits.principalLeaseRequests : 1
        return [`${limiter}_LIMIT`, String(simple.limit * each)]
      })
      expect(told, name).toEqual(Object.fromEntries(held))
      for (const { simple } of ratelimits) expect([10, 60], "the binding knows two periods").toContain(simple.period)
    }
  })

  test("sets only variables that the code knows, to values that it takes", () => {
    for (const [name, { vars }] of environments) {
      expect(
        Object.keys(vars).filter((variable) => !(variableNames as readonly string[]).includes(variable)),
        name,
      ).toEqual([])
      expect(
        variableNames.filter((variable) => !Object.hasOwn(vars, variable) && !secrets.includes(variable)),
        name,
      ).toEqual([])
      const keys = { JWT_KEYS: "k1:a-signing-key-that-is-long-enough-for-this" }
      expect(() => configOf({ ...keys, ...vars } as unknown as Bindings), name).not.toThrow()
    }
  })

  test("holds no secret of production, and keeps production closed", () => {
    expect(Object.keys(config.vars).filter((name) => secrets.includes(name))).toEqual([])
    expect(config.vars).toMatchObject({ ENVIRONMENT: "production", EXPOSE_SERVER_TIMING: "false", REQUIRE_KYB_DEFAULT: "true" })
    expect(config.vars["CORS_ORIGINS"]).not.toContain("*")
  })

  test("binds every object class that the Worker exports, as SQLite", () => {
    const found = read(config.main).matchAll(/export (?:\{ (\w+) \} from "[./]*durable-objects\/|const (\w+) = \w+Of\()/g)
    const exported = [...found].map(([, name, made]) => name ?? made)
    expect(config.durable_objects.bindings.map(({ class_name }) => class_name).sort()).toEqual(exported.sort())
    expect(config.migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes).sort()).toEqual([...exported].sort())
  })

  test("declares the bindings that the code takes, and no other", () => {
    const declared = [
      config.assets.binding,
      ...config.d1_databases.map(({ binding }) => binding),
      ...config.durable_objects.bindings.map(({ name }) => name),
      ...config.r2_buckets.map(({ binding }) => binding),
      config.images.binding,
      ...config.queues.producers.map(({ binding }) => binding),
      ...config.ratelimits.map(({ name }) => name),
    ]
    const [, block = ""] = /export type Bindings = \{([\s\S]*?)\n\}/.exec(withoutComments(read("src/platform/env.ts"))) ?? []
    expect([...block.matchAll(/readonly ([A-Z_]+):/g)].map(([, name]) => name).sort()).toEqual(declared.sort())
  })

  test("runs the crons that have jobs, and each cron's jobs have a name of their own", () => {
    for (const [name, { triggers }] of environments) expect([...triggers.crons].sort(), name).toEqual(Object.keys(cronTable).sort())
    const jobs = Object.values(cronTable).flatMap((list) => list.map(({ name }) => name))
    expect(new Set(jobs).size).toBe(jobs.length)
    // 0 and 7 both mean Sunday to some and not to others; wrangler wants SUN.
    for (const cron of config.triggers.crons) expect(cron.split(" ")[4]).not.toMatch(/[07]/)
  })

  test("every queue that is read has a producer and somewhere for what fails for good", () => {
    const { producers, consumers } = config.queues
    const deadLetters = consumers.flatMap(({ dead_letter_queue: queue }) => queue ?? [])
    const [working, last] = [
      consumers.filter(({ queue }) => !deadLetters.includes(queue)),
      consumers.filter(({ queue }) => deadLetters.includes(queue)),
    ]
    expect(working.map(({ queue }) => queue)).toEqual(producers.map(({ queue }) => queue))
    expect(working.filter(({ dead_letter_queue }) => !dead_letter_queue)).toEqual([])
    expect(
      last.map(({ queue }) => queue),
      "dead letters are read, too",
    ).toEqual([...new Set(deadLetters)])
  })

  test("names its queues as the consumer tells them apart", () => {
    expect(config.queues.consumers.map(({ queue }) => queue)).toEqual([eventQueue, webhookQueue, deadLetterQueue])
  })

  test("no code looks at the environment past the checked configuration", () => {
    const raw = new RegExp(`\\benv\\.(${variableNames.join("|")})\\b|process\\.env`)
    const past = [...filesUnder("src", ".ts"), ...filesUnder("durable-objects", ".ts")].filter((file) =>
      raw.test(withoutComments(read(file))),
    )
    expect(past).toEqual([])
  })
})
