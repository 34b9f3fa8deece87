import { applyD1Migrations } from "cloudflare:test"
import { env } from "cloudflare:workers"

// Each test file has storage of its own, empty at first; applying twice does nothing.
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
