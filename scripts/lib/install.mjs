// Runs before `npm start` and `npm test`, on the user's own Node and with nothing installed: node's modules alone.

import { prepareDocsAssets } from "./docs-assets.mjs"
import { fail } from "./fail.mjs"
import { installPackages } from "./packages.mjs"
import { root } from "./paths.mjs"

const NODE_MAJOR_MIN = 20

const major = Number.parseInt(process.versions.node, 10)
if (major < NODE_MAJOR_MIN) fail(`Node ${NODE_MAJOR_MIN} or later is needed; this is ${process.versions.node}`)

try {
  const problem = installPackages(root)
  if (problem) fail(problem)
  prepareDocsAssets(root)
} catch (error) {
  fail(error.code === "ENOSPC" ? "the disk is full" : `could not prepare ${root}: ${error.message}`)
}
