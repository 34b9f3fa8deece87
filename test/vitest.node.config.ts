import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const root = fileURLToPath(new URL("..", import.meta.url))

/** Tests of what runs on Node: the repository's rules, scripts, the README. Apart, so that `npm run check` need not load workerd. */
export default defineConfig({
  root,
  test: {
    name: "node",
    root,
    environment: "node",
    pool: "threads",
    // These tests only read: loading every module once is most of their time saved.
    isolate: false,
    include: ["test/node/**/*.test.ts"],
    testTimeout: 120_000,
  },
})
