/**
 * zod as it is bundled for the Worker (wrangler.toml, [alias]): all that `zod` exports but `locales` and `core`, which hold its error texts in fifty
 * languages, a fifth of the bundle, that a bundler cannot tell are never asked for, since @hono/zod-openapi hands the whole
 * of `z` on. test/node/architecture/zod.test.ts holds it to what zod exports.
 */
import * as z from "./zod-parts.mjs"

export * from "./zod-parts.mjs"
export { z, z as default }
