import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

const swagger = "node_modules/swagger-ui-dist"
const redoc = "node_modules/redoc/bundles"

/** What the Worker serves under /docs-assets, and where it comes from. */
const files = {
  "swagger.html": "scripts/docs/swagger.html",
  "swagger-ui/init.js": "scripts/docs/swagger-init.js",
  "swagger-ui/swagger-ui.css": `${swagger}/swagger-ui.css`,
  "swagger-ui/swagger-ui-bundle.js": `${swagger}/swagger-ui-bundle.js`,
  "swagger-ui/swagger-ui-bundle.js.LICENSE.txt": `${swagger}/swagger-ui-bundle.js.LICENSE.txt`,
  "swagger-ui/favicon-16x16.png": `${swagger}/favicon-16x16.png`,
  "swagger-ui/favicon-32x32.png": `${swagger}/favicon-32x32.png`,
  "swagger-ui/LICENSE": `${swagger}/LICENSE`,
  "swagger-ui/NOTICE": `${swagger}/NOTICE`,
  "redoc.html": "scripts/docs/redoc.html",
  "redoc/init.js": "scripts/docs/redoc-init.js",
  "redoc/logo-mini.svg": "scripts/docs/logo-mini.svg",
  "redoc/redoc.standalone.js": `${redoc}/redoc.standalone.js`,
  "redoc/redoc.standalone.js.LICENSE.txt": `${redoc}/redoc.standalone.js.LICENSE.txt`,
  "redoc/LICENSE": "node_modules/redoc/LICENSE",
}

/** Redoc's bundle names one address outside: its footer's picture. The pages must work offline. */
const REDOC_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"

const rewrites = {
  "redoc/redoc.standalone.js": (text) => text.replaceAll(REDOC_LOGO, "/docs-assets/redoc/logo-mini.svg"),
}

/** Fills .build/assets/docs-assets for Swagger UI and ReDoc, when their packages or pages changed. */
export function prepareDocsAssets(root) {
  const target = join(root, ".build", "assets", "docs-assets")
  const stamp = join(root, ".build", "docs-assets.stamp")
  const wanted = fingerprint(root)
  if (existsSync(target) && readOr(stamp) === wanted) return
  const fresh = `${target}.${process.pid}`
  for (const [to, from] of Object.entries(files)) {
    const file = join(fresh, to)
    mkdirSync(dirname(file), { recursive: true })
    const rewrite = rewrites[to]
    const bytes = readFileSync(join(root, from))
    writeFileSync(file, rewrite ? rewrite(bytes.toString("utf8")) : bytes)
  }
  rmSync(target, { recursive: true, force: true })
  renameSync(fresh, target)
  writeFileSync(stamp, wanted)
}

// The bundles are named by their packages' versions: hashing megabytes at every start would cost more than the copy saves.
function fingerprint(root) {
  const hash = createHash("sha256")
  const own = Object.values(files).filter((from) => from.startsWith("scripts/"))
  for (const from of [...own, "scripts/lib/docs-assets.mjs", `${swagger}/package.json`, "node_modules/redoc/package.json"]) {
    hash.update(readFileSync(join(root, from)))
  }
  return hash.digest("hex")
}

function readOr(file) {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}
