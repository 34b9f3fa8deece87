import { dirname, posix } from "node:path"
import { expect, test } from "vitest"
import { filesUnder, read, withoutComments } from "../../support/repository.ts"

const code = ["src", "durable-objects", "scripts", "test"]
  .flatMap((folder) => filesUnder(folder))
  .filter((path) => /\.(ts|mjs|mts)$/.test(path) && !/\.d\.m?ts$/.test(path))

/** What is exported for somebody who does not import it. */
const exempt: ReadonlyArray<readonly [RegExp, string]> = [
  [/^src\/worker\.ts$/, "the platform takes the Worker's classes by their names"],
  [/^src\/platform\/http\/zod-in-use\.ts$/, "stands in the package's place when the bundle is made"],
  [/^scripts\/new-domain\/templates\.ts$/, "holds the text of other files"],
  [/^test\//, "helpers of tests come and go with them"],
]

const declaration = /^export (?:declare )?(?:abstract )?(?:async )?(const|let|function\*?|class|type|interface|enum) (\w+)/gm
const list = /^export (?:type )?\{([^}]*)\}/gm
const namedImport = /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:\w+\s*,\s*)?\{([^}]*)\}\s*from\s*["'](\.[^"']+)["']/g
const wholeImport = /\*\s*(?:as \w+\s*)?from\s*["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']/g

/** The names in the braces of an import (`a as b` takes `a`) or of an export (where it gives `b`). */
const namesOf = (inner: string, side: "import" | "export"): string[] =>
  inner.split(",").flatMap((part) => {
    const [first = "", last = first] = part
      .trim()
      .replace(/^type\s+/, "")
      .split(/\s+as\s+/)
    return first === "" ? [] : [side === "import" ? first : last]
  })

/** A table is there by being declared: the architecture's tests compare it with the migrations. */
const isTable = (path: string, kind: string): boolean => kind === "const" && posix.basename(path) === "tables.ts"

function exportsOf(path: string): string[] {
  const body = withoutComments(read(path))
  return [
    ...[...body.matchAll(declaration)].flatMap(([, kind = "", name = ""]) => (isTable(path, kind) ? [] : [name])),
    ...[...body.matchAll(list)].flatMap(([, inner = ""]) => namesOf(inner, "export")),
  ]
}

test("whatever a file exports another file imports", () => {
  const used = new Set<string>()
  for (const path of code) {
    const body = withoutComments(read(path))
    const target = (specifier: string): string => posix.join(dirname(path), specifier)
    for (const [, inner = "", from = ""] of body.matchAll(namedImport))
      for (const name of namesOf(inner, "import")) used.add(`${target(from)}: ${name}`)
    for (const [, star, dynamic] of body.matchAll(wholeImport)) used.add(`${target(star ?? dynamic ?? "")}: *`)
  }
  expect(used.size).toBeGreaterThan(1_000)
  const unused = code
    .filter((path) => !exempt.some(([pattern]) => pattern.test(path)) && !used.has(`${path}: *`))
    .flatMap((path) => exportsOf(path).map((name) => `${path}: ${name}`))
    .filter((one) => !used.has(one))
  expect(unused).toEqual([])
})
