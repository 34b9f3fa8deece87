import { applyD1Migrations, reset } from "cloudflare:test"
import { env } from "cloudflare:workers"
import fc from "fast-check"
import { afterAll } from "vitest"
import { seed } from "./seed.ts"

// A workerd loads the modules once and runs one test file after the other: each finds empty storage, and leaves nothing at work.
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
afterAll(reset)
// The isolate remembers how far it has read of the revocations: the new ones come after those of the file before (the sequence, an AUTOINCREMENT, outlives its rows).
await env.DB.batch([
  env.DB.prepare("INSERT INTO revocations (seq, subject, not_before, expires_at) VALUES (?, 'nobody', 0, 0)").bind(Date.now()),
  env.DB.prepare("DELETE FROM revocations"),
])

fc.configureGlobal({ seed })
