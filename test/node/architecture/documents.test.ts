import { existsSync, readdirSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { describe, expect, test } from "vitest"
import { filesUnder, read, root, withoutComments } from "../../support/repository.ts"

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
  const name = /\bINV-[A-Z]+-\d+\b/g
  const namesIn = (text: string): string[] => [...new Set(text.match(name) ?? [])]
  const readmes = documents.filter((path) => path.endsWith("README.md"))
  /** As a list item that states it, so that a mere mention elsewhere is no statement. */
  const statedIn = (path: string): string[] => [...read(path).matchAll(/^\s*[-*] \**(INV-[A-Z]+-\d+)\b/gm)].map(([, stated = ""]) => stated)
  const stated = readmes.flatMap(statedIn)
  const self = "test/node/architecture/documents.test.ts"

  test("are stated once, in a README", () => {
    expect(stated.length).toBeGreaterThan(100)
    expect(stated.filter((one, index) => stated.indexOf(one) !== index)).toEqual([])
  })

  test("stand in ascending order", () => {
    const numberOf = (one: string): number => Number(one.slice(one.lastIndexOf("-") + 1))
    const family = (one: string): string => one.slice(0, one.lastIndexOf("-"))
    const astray = readmes.flatMap((path) =>
      Object.values(Object.groupBy(statedIn(path), family)).flatMap((all = []) =>
        all.filter((one, index) => index > 0 && numberOf(one) <= numberOf(all[index - 1] ?? "")).map((one) => `${path}: ${one}`),
      ),
    )
    expect(astray).toEqual([])
  })

  test("that code, tests and documents name are stated", () => {
    const named = [...code, ...documents]
      .filter((path) => path !== self)
      .flatMap((path) => namesIn(read(path)).map((one) => ({ path, one })))
    expect(named.filter(({ one }) => !stated.includes(one)).map(({ path, one }) => `${path}: ${one}`)).toEqual([])
    // A number alone says nothing of whose invariant it is.
    expect(code.filter((path) => path !== self && /(?<!-)\bINV-\d/.test(read(path)))).toEqual([])
  })

  test("are each held by a test, whose title begins with the name", () => {
    const titles = code
      .filter((path) => path.endsWith(".test.ts") && path !== self)
      .flatMap((path) => [...withoutComments(read(path)).matchAll(/["`](INV-[^"`]*)["`]/g)].map(([, title = ""]) => title))
    const held = new Set(titles.flatMap(namesIn))
    expect(stated.filter((one) => !held.has(one))).toEqual([])
  })
})
