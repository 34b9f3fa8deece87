import { existsSync } from "node:fs"
import { basename, dirname } from "node:path"
import { describe, expect, test } from "vitest"
import { filesUnder, type Import, importsOf, read, root, withoutComments } from "../../support/repository.ts"

/** kernel ← platform ← domains ← app; objects stand beside, and are reached by their client.ts alone. */
type Layer = "kernel" | "platform" | "domain" | "registry" | "app" | "object"

const code = [...filesUnder("src", ".ts"), ...filesUnder("durable-objects", ".ts")]
const imports = code.flatMap(importsOf)
const local = imports.filter(({ isLocal }) => isLocal)

function layerOf(path: string): Layer {
  if (path.startsWith("src/kernel/")) return "kernel"
  if (path.startsWith("src/platform/")) return "platform"
  if (/^src\/domains\/[^/]+\//.test(path)) return "domain"
  if (path.startsWith("src/domains/")) return "registry"
  if (path.startsWith("durable-objects/")) return "object"
  return "app"
}

const domainOf = (path: string): string => path.split("/")[2] ?? ""
const objectOf = (path: string): string => path.split("/")[1] ?? ""
const isIndex = (path: string): boolean => /^src\/domains\/[^/]+\/index\.ts$/.test(path)
const isRules = (path: string): boolean => /^src\/domains\/[^/]+\/([a-z]+-)?rules\.ts$/.test(path)
const isClient = (path: string): boolean => /^durable-objects\/[^/]+\/client\.ts$/.test(path)

const isObjectClass = (path: string): boolean => dirname(path) === `durable-objects/${basename(path, ".ts")}`

/** What an object decides by and projects into: a domain's pure rules, its tables, its events. */
const isForObjects = (path: string): boolean => /^src\/domains\/[^/]+\/(([a-z]+-)?rules|tables|events)\.ts$/.test(path)

/** The parts of the platform that make sense without a request. */
const platformOfObjects = /^src\/platform\/(db|events|log)\/|^src\/platform\/env\.ts$|^src\/platform\/auth\/(actor|revocations)\.ts$/

function mayImport({ from, to }: Import): boolean {
  const target = layerOf(to)
  switch (layerOf(from)) {
    case "kernel":
      return target === "kernel"
    case "platform":
      // The bindings' types name the objects' classes, and leave nothing of them behind.
      if (from === "src/platform/env.ts" && isObjectClass(to)) return true
      return target === "kernel" || target === "platform"
    case "domain":
      // Rules are pure, and so may stand on each other's, as objects do on them.
      if (target === "domain") return domainOf(to) === domainOf(from) || isIndex(to) || (isRules(from) && isRules(to))
      return target === "kernel" || target === "platform" || isClient(to)
    case "registry":
      return target === "kernel" || target === "platform" || target === "registry" || isIndex(to)
    case "app":
      if (target === "object") return isClient(to) || from === "src/worker.ts"
      return target === "kernel" || target === "platform" || target === "registry" || target === "app" || isIndex(to)
    case "object":
      if (target === "object") return objectOf(to) === objectOf(from) || objectOf(to) === "shared" || isClient(to)
      // A client is the request's side of the object: it takes the request's context.
      if (isClient(from) && to === "src/platform/http/context.ts") return true
      return target === "kernel" || isForObjects(to) || (target === "platform" && platformOfObjects.test(to))
  }
}

const say = ({ from, to }: Import): string => `${from} → ${to}`

describe("imports", () => {
  test("point inwards: kernel ← platform ← domains ← app, a domain by its index, an object by its client", () => {
    expect(local.length).toBeGreaterThan(300)
    expect(local.filter((one) => !mayImport(one)).map(say)).toEqual([])
  })

  test("name files that exist, with their ending", () => {
    expect(local.filter(({ to }) => !existsSync(`${root}/${to}`)).map(say)).toEqual([])
  })

  test("shared parts of objects know no object", () => {
    const shared = local.filter(
      ({ from, to }) => from.startsWith("durable-objects/shared/") && layerOf(to) === "object" && objectOf(to) !== "shared",
    )
    expect(shared.map(say)).toEqual([])
  })

  test("make no cycle between domains", () => {
    const uses = new Map<string, Set<string>>()
    for (const { from, to } of local) {
      if (layerOf(from) !== "domain" || layerOf(to) !== "domain" || domainOf(from) === domainOf(to)) continue
      const used = uses.get(domainOf(from)) ?? new Set()
      uses.set(domainOf(from), used.add(domainOf(to)))
    }
    const cycles: string[] = []
    const walk = (path: readonly string[]): void => {
      for (const next of uses.get(path.at(-1) ?? "") ?? []) {
        if (path.includes(next)) cycles.push([...path.slice(path.indexOf(next)), next].join(" → "))
        else walk([...path, next])
      }
    }
    for (const domain of uses.keys()) walk([domain])
    expect([...new Set(cycles)]).toEqual([])
  })

  test("make no cycle between files, types aside", () => {
    const valueImports = /(?:^|\n)\s*(?:import|export)\s+(?!type\b)[^"';]*?\bfrom\s*["'](\.[^"']+)["']/g
    const uses = new Map(
      code.map((path) => {
        const body = withoutComments(read(path))
        const named = new Set(
          [...body.matchAll(valueImports)]
            .filter(([whole]) => !/\{\s*(type\s+\w+\s*,?\s*)+\}\s*from/.test(whole))
            .map(([, specifier]) => basename(specifier ?? "")),
        )
        return [path, importsOf(path).filter(({ isLocal, to }) => isLocal && named.has(basename(to)))] as const
      }),
    )
    const done = new Set<string>()
    const cycles: string[] = []
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "))
        return
      }
      if (done.has(path)) return
      for (const { to } of uses.get(path) ?? []) walk(to, [...trail, path])
      done.add(path)
    }
    for (const path of code) walk(path, [])
    expect(cycles).toEqual([])
  })

  test("of the kernel are small pure packages", () => {
    const packages = imports.filter(({ from, isLocal }) => !isLocal && layerOf(from) === "kernel").map(({ to }) => to)
    expect([...new Set(packages)]).toEqual(["typeid-js"])
  })

  test("of the runtime's own modules stand in objects and the Worker's entry alone", () => {
    // The Worker's entry, and what an object's class is built on.
    const parts = ["src/worker.ts", "durable-objects/supplier-ledger/reader.ts"]
    const misplaced = imports.filter(({ from, to }) => to.startsWith("cloudflare:") && !isObjectClass(from) && !parts.includes(from))
    expect(misplaced.map(say)).toEqual([])
  })

  test("of Node's modules are the password's hash alone, since it is what the Web platform lacks", () => {
    const node = imports.filter(({ to }) => to.startsWith("node:"))
    expect(node.map(say)).toEqual(["src/platform/auth/password.ts → node:crypto"])
  })

  test("of the router stand in the app and the pipeline alone: handlers translate, they do not route", () => {
    const hono = imports.filter(({ from, to }) => /^hono(\/|$)/.test(to) && from !== "src/app.ts" && !from.startsWith("src/platform/http/"))
    expect(hono.map(say)).toEqual([])
  })

  test("cannot be hidden: no require, no eval, no import of a computed name", () => {
    const tricks = /\brequire\s*\(|\beval\s*\(|\bnew Function\s*\(|\bimport\s*\(\s*(?!["'][^"']+["']\s*\))/
    expect(code.filter((path) => tricks.test(withoutComments(read(path))))).toEqual([])
  })
})

describe("the raw database", () => {
  const bodies = code.map((path) => [path, withoutComments(read(path))] as const)

  test("is talked to in the Executor alone", () => {
    const talks = /\.(prepare|batch|dump|withSession)\s*(<[^>]*>)?\s*\(|\bD1(Database|PreparedStatement|Session)\b/
    expect(bodies.filter(([, body]) => talks.test(body)).map(([path]) => path)).toEqual([
      "src/platform/db/executor.ts",
      "src/platform/env.ts",
    ])
    expect(imports.filter(({ to }) => to.startsWith("drizzle-orm/d1")).map(say)).toEqual([])
  })

  test("is named by the Executor and the list of bindings alone", () => {
    const named = bodies.filter(([, body]) => /\bDB\b/.test(body.replaceAll('Pick<Bindings, "DB">', ""))).map(([path]) => path)
    expect(named).toEqual(["src/platform/db/executor.ts", "src/platform/env.ts"])
  })

  test("has its statements built by the handles: domains import no builder of queries", () => {
    const builders = imports.filter(({ from, to }) => /^drizzle-orm\/(?!sqlite-core$)/.test(to) && !from.startsWith("src/platform/db/"))
    expect(builders.map(say)).toEqual([])
    const coreOutsideTables = imports.filter(
      ({ from, to }) => to === "drizzle-orm/sqlite-core" && basename(from) !== "tables.ts" && !from.startsWith("src/platform/db/"),
    )
    expect(coreOutsideTables.map(say)).toEqual([])
  })
})
