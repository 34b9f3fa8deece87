import { existsSync, readdirSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { describe, expect, test } from "vitest"
import { filesUnder, read, root } from "../../support/repository.ts"

const documents = filesUnder("", ".md")
const code = ["src", "durable-objects", "migrations", "scripts", "test"].flatMap((folder) =>
  filesUnder(folder).filter((path) => /\.(ts|mjs|mts|sql)$/.test(path)),
)
const domains = readdirSync(join(root, "src/domains"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const objects = readdirSync(join(root, "durable-objects"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "shared")
  .map(({ name }) => name)

/** Looks like a path of this repository: a file with an ending we use, or a folder of the root's. */
const fileName = /^[\w.@-]+(?:\/[\w.@{},*-]+)*\.(?:ts|mjs|mts|sql|toml|md|json|html)$/
const folderName = /^(?:src|durable-objects|migrations|test|scripts)(?:\/[\w.-]+)*\/?$/

/** Where a document may mean a path from: the root, its own folder, the source; a bare name, anywhere under its own folder. */
const found = (from: string, path: string): boolean =>
  ["", dirname(from), "src"].some((base) => existsSync(join(root, base, path))) ||
  (!path.includes("/") && dirname(from) !== "." && filesUnder(dirname(from), path).some((file) => posix.basename(file) === path))

/** Names in a document that are nobody's file here. */
const placeholders = /[<>*{}…]|NNNN|^x\.|package-lock\.json$/

function citedIn(document: string): string[] {
  const text = read(document).replace(/```[\s\S]*?```/g, "")
  const inCode = [...text.matchAll(/`([^`\n]+)`/g)].map(([, inner = ""]) => inner.trim())
  const inLinks = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target = ""]) => target)
  const plain = inCode.filter((inner) => (fileName.test(inner) || folderName.test(inner)) && !placeholders.test(inner))
  return [...plain, ...inLinks]
}

describe("documents", () => {
  test("cite only paths that exist", () => {
    const missing = documents.flatMap((document) =>
      citedIn(document)
        .filter((path) => !found(document, path.replace(/^\.\//, "")))
        .map((path) => `${document}: ${path}`),
    )
    expect(missing).toEqual([])
  })

  test("cite only npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }
    const cited = [...documents, ...code].flatMap((path) =>
      [...read(path).matchAll(/\bnpm run ([a-z][\w-]*)/g)].map(([, name = ""]) => ({ path, name })),
    )
    expect(cited.filter(({ name }) => !Object.hasOwn(scripts, name)).map(({ path, name }) => `${path}: npm run ${name}`)).toEqual([])
  })

  test("paths that comments and configuration cite exist", () => {
    const pattern = /\b((?:src|durable-objects|migrations|test|scripts)\/[\w./-]+\.(?:ts|mjs|mts|sql|md|json))\b/g
    const self = "test/node/architecture/"
    const missing = [...code, "wrangler.toml", "package.json"]
      .filter((path) => !path.startsWith(self))
      .flatMap((path) => [...read(path).matchAll(pattern)].map(([, cited = ""]) => ({ path, cited })))
      .filter(({ cited }) => !existsSync(join(root, cited)))
    expect(missing.map(({ path, cited }) => `${path}: ${cited}`)).toEqual([])
  })

  test("scripts of package.json run files that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }
    const files = Object.values(scripts).flatMap((command) => command.match(/scripts\/[\w./-]+/g) ?? [])
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  test("stand in every domain and object, with the one way in beside them", () => {
    const expected = [
      ...domains.flatMap((name) => [
        `src/domains/${name}/README.md`,
        ...(existsSync(join(root, `src/domains/${name}/http.ts`)) ? [`src/domains/${name}/index.ts`] : []),
      ]),
      ...objects.flatMap((name) => ["README.md", "client.ts", `${name}.ts`].map((file) => `durable-objects/${name}/${file}`)),
      "src/kernel/README.md",
      "src/platform/README.md",
    ]
    expect(expected.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test("of decisions are numbered without a gap and have the four parts", () => {
    const decisions = filesUnder("src/decisions", ".md")
    expect(decisions.map((path) => Number(posix.basename(path).slice(0, 4)))).toEqual(decisions.map((_, index) => index + 1))
    const parts = ["**Context.**", "**Options.**", "**Decision.**", "**Consequences.**"]
    expect(decisions.filter((path) => !parts.every((part) => read(path).includes(part)))).toEqual([])
  })
})

describe("invariants", () => {
  const pattern = /\bINV-(?:[A-Z]+-)?\d+\b/g
  const namesIn = (path: string): string[] => [...new Set(read(path).match(pattern) ?? [])]
  const isShort = (name: string): boolean => /^INV-\d+$/.test(name)
  const readmes = documents.filter((path) => path.endsWith("README.md"))
  /** As a list item that states it, so that a mere mention elsewhere is no statement. */
  const statedIn = (path: string): string[] =>
    [...read(path).matchAll(/^\s*[-*] \**(INV-(?:[A-Z]+-)?\d+)\b/gm)].map(([, name = ""]) => name)

  /** The README that a file's short names mean: the nearest one above it. */
  function nearestReadme(path: string): string {
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
      if (readmes.includes(`${folder}/README.md`)) return `${folder}/README.md`
    }
    return "README.md"
  }

  test("named in code stand in a README: a short name in the nearest, a full one in any", () => {
    const everywhere = new Set(readmes.flatMap(statedIn))
    const unstated = code
      .filter((path) => path.startsWith("src/") || path.startsWith("durable-objects/") || path.startsWith("migrations/"))
      .flatMap((path) => namesIn(path).map((name) => ({ path, name })))
      .filter(({ path, name }) => (isShort(name) ? !statedIn(nearestReadme(path)).includes(name) : !everywhere.has(name)))
    expect(unstated.map(({ path, name }) => `${path}: ${name}`)).toEqual([])
  })

  test("with a full name are stated once", () => {
    const all = readmes.flatMap(statedIn).filter((name) => !isShort(name))
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([])
  })
})
