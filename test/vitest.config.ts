import { fileURLToPath } from "node:url"
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers"
import { defineConfig, type TestProjectConfiguration } from "vitest/config"

const root = fileURLToPath(new URL("..", import.meta.url))
const migrations = await readD1Migrations(fileURLToPath(new URL("../migrations", import.meta.url)))

const packages = [
  "drizzle-orm",
  "drizzle-orm/sqlite-core",
  "@hono/zod-openapi",
  "hono",
  "hono/cors",
  "hono/secure-headers",
  "zod",
  "jose",
  "fast-check",
]

/** Tests of the queue itself, whose consumer works beside them as it does when deployed. */
const queueAtWork = "test/queue/**"

type Project = {
  readonly name: string
  readonly include: string[]
  readonly exclude?: string[]
  readonly miniflare?: { readonly queueProducers: Record<string, string> }
}

/** Tests in workerd, with D1, objects, R2 and queues of their own. */
const workers = ({ name, include, exclude, miniflare }: Project): TestProjectConfiguration => ({
  root,
  // Not under node_modules, which working copies may share.
  cacheDir: fileURLToPath(new URL("../.build/vite", import.meta.url)),
  plugins: [
    cloudflareTest({
      wrangler: { configPath: fileURLToPath(new URL("../wrangler.toml", import.meta.url)), environment: "test" },
      miniflare: { bindings: { TEST_MIGRATIONS: migrations }, ...miniflare },
    }),
  ],
  test: {
    name,
    root,
    include,
    ...(exclude === undefined ? {} : { exclude }),
    // Loading the modules is most of a small file's time: two workerds load them once and share out the files.
    isolate: false,
    setupFiles: ["test/support/setup.ts"],
    // Somebody's server for webhooks to be sent to.
    globalSetup: ["test/support/webhook-server.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // itty-durable ships CommonJS that workerd cannot load as it is; one file each of the others loads faster than hundreds.
    deps: { optimizer: { ssr: { enabled: true, include: ["itty-durable", ...packages] } } },
  },
})

export default defineConfig({
  root,
  test: {
    root,
    // Two at once keep two cores busy.
    maxWorkers: "100%",
    // The Worker logs a line a request: those of a test that passed tell nobody anything.
    silent: "passed-only",
    projects: [
      workers({
        name: "workers",
        include: ["test/**/*.test.ts"],
        exclude: ["test/node/**", queueAtWork],
        // What is sent to the queue stays there: a consumer at work beside a test would change what it counts.
        miniflare: { queueProducers: { EVENTS: "held-events", WEBHOOKS: "held-webhooks" } },
      }),
      workers({ name: "queue", include: [queueAtWork] }),
      "test/vitest.node.config.ts",
    ],
    coverage: {
      provider: "istanbul",
      include: ["src/**/*.ts", "durable-objects/**/*.ts"],
      reporter: ["text-summary", "html", "json-summary"],
      reportsDirectory: "coverage",
      thresholds: { lines: 80 },
    },
  },
})
