import { readFileSync } from "node:fs"
import type { z } from "@hono/zod-openapi"
import { describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { tags } from "../../src/domains/tags.ts"
import { fullPath, takesStream } from "../../src/platform/http/endpoint.ts"
import { openApiDocument } from "../../src/platform/http/openapi.ts"

type Media = { readonly example?: unknown }
type Operation = {
  readonly operationId: string
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>
}

const document = JSON.parse(JSON.stringify(openApiDocument(endpoints, { tags }))) as { paths: Record<string, Record<string, Operation>> }
const shown = endpoints.filter(({ spec }) => spec.isHidden !== true).map(({ spec }) => spec)

const whatIsWrong = (schema: z.ZodType, value: unknown): string[] =>
  (schema.safeParse(value).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`)

test("the committed document is that of the code; `npm run openapi` writes it anew, and the diff is for review", () => {
  const committed = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8")) as typeof document
  const operations = (of: typeof document) =>
    Object.entries(of.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`))
  expect(operations(committed), "test/openapi.json lists other operations than the code: npm run openapi").toEqual(operations(document))
  expect(committed, "test/openapi.json is not up to date: npm run openapi").toEqual(document)
})

test("operation ids stand once, and every tag is described", () => {
  const ids = shown.map(({ operationId }) => operationId)
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  expect(
    [...new Set(shown.map(({ tag }) => tag))].filter((tag) => !Object.hasOwn(tags, tag)),
    "add the tag to src/domains/tags.ts",
  ).toEqual([])
})

describe.each(shown.map((spec) => [`${spec.method.toUpperCase()} ${fullPath(spec)}`, spec] as const))("%s", (_name, spec) => {
  const operation = document.paths[fullPath(spec)]?.[spec.method]

  test("shows examples that its own schemas accept", () => {
    for (const [type, { example }] of Object.entries(operation?.requestBody?.content ?? {})) {
      expect(example).toBeDefined()
      // A file's bytes have no schema but that they are bytes.
      const isFile = takesStream(spec) && type !== "application/json"
      if (spec.body !== undefined && !isFile) expect(whatIsWrong(spec.body, example), JSON.stringify(example)).toEqual([])
    }
    const { schema, status, orAs = {} } = spec.success
    if (schema === undefined) return
    for (const [type, { example }] of Object.entries(operation?.responses[status]?.content ?? {})) {
      expect(example).toBeDefined()
      expect(whatIsWrong(orAs[type] ?? schema, example), JSON.stringify(example)).toEqual([])
    }
  })
})
