import { describe, expect, test } from "vitest"
import { filesUnder, read, withoutComments } from "../../support/repository.ts"

const source = [...filesUnder("src", ".ts"), ...filesUnder("durable-objects", ".ts")]
const all = [...source, ...filesUnder("test", ".ts"), ...filesUnder("scripts").filter((path) => /\.(ts|mjs|mts)$/.test(path))]
const self = "test/node/architecture/habits.test.ts"
const others = all.filter((path) => path !== self)

const lines = (path: string): Array<{ at: string; line: string }> =>
  read(path)
    .split("\n")
    .map((line, index) => ({ at: `${path}:${index + 1}`, line }))

describe("code", () => {
  test("casts nothing to any", () => {
    const casts = /\bas\s+any\b|:\s*any\b(?!\s*\w)|<any>|\bany\[\]/
    const found = others.flatMap((path) => {
      const marked = new Set(
        lines(path).flatMap(({ line }, index) => (/disable-next-line typescript\/no-explicit-any/.test(line) ? [index + 1] : [])),
      )
      return withoutComments(read(path))
        .split("\n")
        .flatMap((line, index) => (casts.test(line) && !marked.has(index) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
    })
    expect(found).toEqual([])
  })

  test("prints in one place: the log", () => {
    expect(source.filter((path) => /\bconsole\b/.test(withoutComments(read(path))))).toEqual(["src/platform/log/log.ts"])
  })

  test("sets a time limit in one place, which clears its timer: an isolate may have ten thousand", () => {
    const both = source.filter(
      (path) => /\bsetTimeout\(/.test(withoutComments(read(path))) && /\bPromise\.race\(/.test(withoutComments(read(path))),
    )
    expect(both).toEqual(["src/kernel/within.ts"])
  })

  test("leaves no file so long that nobody reads it", () => {
    const tooLong = (linesMax: number) => (path: string) => read(path).split("\n").length - 1 > linesMax
    expect(source.filter((path) => path.startsWith("durable-objects/")).filter(tooLong(400))).toEqual([])
    expect(source.filter((path) => path.startsWith("src/")).filter(tooLong(300))).toEqual([])
  })

  test("names files in kebab-case", () => {
    expect(all.filter((path) => !path.split("/").every((part) => /^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(part)))).toEqual([])
  })

  test("keeps no test that runs alone or not at all", () => {
    const skipped = others.filter(
      (path) => path.endsWith(".test.ts") && /\b(?:test|describe|it)\.(?:only|skip|todo|fails)\b/.test(withoutComments(read(path))),
    )
    expect(skipped).toEqual([])
  })

  test("takes its time and chance from outside where it decides: rules and the kernel ask no clock", () => {
    const pure = source.filter(
      (path) =>
        path.endsWith("/rules.ts") || (path.startsWith("src/kernel/") && !["src/kernel/ids.ts", "src/kernel/digest.ts"].includes(path)),
    )
    expect(pure.length).toBeGreaterThan(10)
    expect(pure.filter((path) => /\bDate\.now\(|\bnew Date\(\)|Math\.random|crypto\.|\bfetch\(/.test(withoutComments(read(path))))).toEqual(
      [],
    )
  })

  test("awaits nothing inside a ledger's transaction: rules, commands and stores are synchronous", () => {
    const inside = source.filter((path) => /^durable-objects\/supplier-ledger\/(commands\/|store\/|work\.ts)/.test(path))
    expect(inside.length).toBeGreaterThan(4)
    expect(inside.filter((path) => /\bawait\b|\basync\b|\bPromise\b/.test(withoutComments(read(path))))).toEqual([])
  })

  test("counts batches, pages and rounds by `inRounds`, which pauses for others between them: where one process holds everything, nobody else would be heard", () => {
    const unpaced = source.filter(
      (path) => path.startsWith("src/") && /\bfor \(let (?:batch|page|round)\b/.test(withoutComments(read(path))),
    )
    expect(unpaced).toEqual(["src/kernel/give-way.ts"])
  })

  test("writes no SQL outside the migrations that needs the text of a value", () => {
    // `sql.raw` takes what the code itself says; each use is looked at here.
    const raw = source.flatMap((path) =>
      [...withoutComments(read(path)).matchAll(/sql\.raw\(([^)]*\)?)\)/g)].map(([, what = ""]) => `${path}: ${what}`),
    )
    expect(raw).toEqual([
      "src/domains/catalog/store.ts: minorScaleSql()",
      "src/domains/catalog/store.ts: sort.by",
      'src/domains/catalog/store.ts: sort.isDescending ? "desc" : "asc"',
      'src/domains/catalog/store.ts: sort.isDescending ? "<" : ">"',
      "src/platform/db/statements.ts: columns.map(([, column]",
    ])
  })
})
