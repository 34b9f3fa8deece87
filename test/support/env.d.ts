/// <reference types="@cloudflare/vitest-pool-workers/types" />
import type { D1Migration } from "@cloudflare/vitest-pool-workers"
import type { Bindings } from "../../src/platform/env.ts"

declare global {
  namespace Cloudflare {
    /** What `env` of "cloudflare:workers" holds in the tests: the Worker's bindings and the migrations to apply. */
    interface Env extends Bindings {
      readonly TEST_MIGRATIONS: D1Migration[]
    }
    /** What `exports` of "cloudflare:workers" holds: the Worker itself. */
    interface GlobalProps {
      mainModule: typeof import("../../src/worker.ts")
    }
  }
}
