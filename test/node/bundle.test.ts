import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import * as inUse from "../../src/platform/http/zod-in-use.ts"
import { filesUnder, read, withoutComments } from "../support/repository.ts"
import { type BuiltServer, startBuiltServer } from "../support/server/built-server.ts"

/** The bundle that would be deployed holds less than what the other tests load: names are shortened, and zod is a part of itself. */

describe("the part of zod that the bundle holds", () => {
  /** What is called, extended or compared: with `<` a name is a type, and `z.core` holds types alone. */
  const uses = /\bz\s*\.(?!core\b)([A-Za-z]+)\b(?!<)/g

  test("is all that the code uses", () => {
    const files = [...filesUnder("src", ".ts"), ...filesUnder("durable-objects", ".ts")]
    const used = files.flatMap((file) => [...withoutComments(read(file)).matchAll(uses)].map(([, name = ""]) => name))
    expect(used.length).toBeGreaterThan(500)
    expect(
      [...new Set(used)].filter((name) => !(name in inUse)),
      "add them to src/platform/http/zod-in-use.ts",
    ).toEqual([])
  })

  test("is no more than that", () => {
    const all = [...filesUnder("src", ".ts"), ...filesUnder("durable-objects", ".ts")].map((file) => withoutComments(read(file))).join("\n")
    expect(Object.keys(inUse).filter((name) => !new RegExp(`\\bz\\s*\\.${name}\\b`).test(all))).toEqual([])
  })
})

describe("the bundle", () => {
  const state = mkdtempSync(join(tmpdir(), "waybill-bundle-"))
  let server: BuiltServer

  beforeAll(async () => {
    server = await startBuiltServer({ state })
  }, 180_000)
  afterAll(async () => {
    await server?.stop()
    rmSync(state, { recursive: true, force: true })
  })

  test("describes the API to the letter as the committed document does: every schema there is can be made in it", async () => {
    const served = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: unknown; components: unknown }
    const committed = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8")) as typeof served
    expect(served.paths).toEqual(committed.paths)
    expect(served.components).toEqual(committed.components)
  })
})
