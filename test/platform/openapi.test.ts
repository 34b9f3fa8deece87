import { z } from "@hono/zod-openapi"
import { describe, expect, test } from "vitest"
import { errors } from "../../src/kernel/errors.ts"
import { docsEndpoints } from "../../src/platform/http/docs.ts"
import { endpoint, publicEndpoint } from "../../src/platform/http/endpoint.ts"
import { openApiDocument } from "../../src/platform/http/openapi.ts"
import { exampleOf, type JsonSchema } from "../../src/platform/http/openapi-example.ts"
import { reply } from "../../src/platform/http/reply.ts"
import {
  emailInput,
  idParams,
  idView,
  instantView,
  listOf,
  nameInput,
  pageQuery,
  passwordInput,
  quantityInput,
} from "../../src/platform/http/schemas.ts"
import { appOf } from "../support/app.ts"

type Response = {
  $ref?: string
  description: string
  headers?: object
  content?: Record<
    string,
    { schema?: JsonSchema; example?: unknown; examples?: Record<string, { value: { status: number; code: string } }> }
  >
}
type Operation = {
  operationId: string
  tags: string[]
  description: string
  security: object[]
  "x-permission": unknown
  parameters: Array<{ $ref?: string; name?: string; in?: string; required?: boolean; schema?: JsonSchema; description?: string }>
  requestBody?: { content: Record<string, { schema: JsonSchema; example: unknown }> }
  responses: Record<string, Response>
}
type Document = {
  openapi: string
  tags: object[]
  paths: Record<string, Record<string, Operation>>
  components: { responses: Record<string, Response>; schemas: Record<string, JsonSchema> }
}

const thing = z
  .object({
    id: idView("prd"),
    name: z.string(),
    made_at: instantView,
    note: z.string().nullable(),
    parts: z.array(z.object({ size: z.number() })),
  })
  .openapi("Thing")
const body = z.strictObject({ name: nameInput, quantity: quantityInput("positive"), note: z.string().max(10).optional() })
const signInBody = z.union([
  z.strictObject({ email: emailInput, password: passwordInput }),
  z.object({ grant_type: z.literal("password"), username: emailInput, password: passwordInput }),
])
const done = () => reply.noContent()
const base = { tag: "Things", summary: "Do it" } as const

const registry = [
  endpoint(
    {
      ...base,
      operationId: "listThings",
      method: "get",
      path: "/things",
      access: "catalog.product.read",
      query: z.strictObject({ ...pageQuery, q: z.string().optional().openapi({ example: "apple" }) }),
      success: { status: 200, description: "A page.", schema: listOf(thing, "ThingList") },
      isList: true,
    },
    done,
  ),
  endpoint(
    {
      ...base,
      operationId: "getThing",
      method: "get",
      path: "/things/{id}",
      access: "catalog.product.read",
      params: idParams("prd"),
      success: { status: 200, description: "It.", schema: thing },
    },
    done,
  ),
  endpoint(
    {
      ...base,
      operationId: "makeThing",
      method: "post",
      path: "/things",
      access: ["catalog.product.edit", "catalog.product.read"],
      body,
      success: { status: 201, description: "Made.", schema: thing },
      errors: ["CONFLICT", "BELOW_MINIMUM"],
    },
    done,
  ),
  endpoint(
    {
      ...base,
      operationId: "changeThing",
      method: "patch",
      path: "/things/{id}",
      access: "catalog.product.edit",
      params: idParams("prd"),
      body,
      success: { status: 200, description: "Changed.", schema: thing },
    },
    done,
  ),
  endpoint(
    {
      ...base,
      operationId: "leave",
      method: "delete",
      path: "/me",
      access: "signed-in",
      success: { status: 204, description: "Gone." },
      allowedWhenDeactivated: true,
    },
    done,
  ),
  endpoint(
    {
      ...base,
      operationId: "operate",
      method: "post",
      path: "/operate",
      access: "platform.ledger.operate",
      success: { status: 204, description: "Done." },
    },
    done,
  ),
  publicEndpoint(
    {
      ...base,
      operationId: "signIn",
      method: "post",
      path: "/sign-in",
      access: "public",
      body: signInBody,
      bodyType: "json-or-form",
      success: { status: 200, description: "In.", schema: thing },
      errors: ["INVALID_CREDENTIALS"],
    },
    done,
  ),
  publicEndpoint(
    {
      ...base,
      tag: "Undescribed",
      operationId: "secret",
      method: "get",
      path: "./secret",
      access: "public",
      success: { status: 200, description: "?" },
      isHidden: true,
    },
    done,
  ),
]

const make = () => openApiDocument(registry, { tags: { Unused: "Not in use.", Things: "Things." } }) as unknown as Document
const document = make()
const operation = (path: string, method: string): Operation => {
  const found = document.paths[path]?.[method]
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`)
  return found
}
const codesOf = (path: string, method: string): string[] =>
  Object.values(operation(path, method).responses).flatMap(({ $ref }) =>
    $ref === undefined
      ? []
      : Object.keys(
          document.components.responses[$ref.slice("#/components/responses/".length)]?.content?.["application/problem+json"]?.examples ??
            {},
        ),
  )
const headers = (path: string, method: string): string[] =>
  operation(path, method).parameters.flatMap(({ $ref }) => ($ref === undefined ? [] : [$ref.slice($ref.lastIndexOf("/") + 1)]))

describe("the OpenAPI document", () => {
  test("is 3.1 and the same every time", () => {
    expect(document.openapi).toBe("3.1.0")
    expect(JSON.stringify(make())).toBe(JSON.stringify(document))
    expect(document.tags).toEqual([{ name: "Things", description: "Things." }])
  })

  test("holds every endpoint but the hidden ones", () => {
    expect(Object.entries(document.paths).map(([path, item]) => [path, Object.keys(item)])).toEqual([
      ["/api/v1/things", ["get", "post"]],
      ["/api/v1/things/{id}", ["get", "patch"]],
      ["/api/v1/me", ["delete"]],
      ["/api/v1/operate", ["post"]],
      ["/api/v1/sign-in", ["post"]],
    ])
  })

  test("says who may call: by permission, anyone signed in, or anybody", () => {
    expect(operation("/api/v1/things", "get")["x-permission"]).toBe("catalog.product.read")
    expect(operation("/api/v1/things", "post")["x-permission"]).toEqual(["catalog.product.edit", "catalog.product.read"])
    expect(operation("/api/v1/things", "get").security).toEqual([{ accessToken: [] }, { apiKey: [] }, { password: [] }])
    expect(operation("/api/v1/operate", "post").security).toEqual([{ accessToken: [] }, { password: [] }])
    expect(operation("/api/v1/me", "delete")["x-permission"]).toBe("signed-in")
    expect(operation("/api/v1/sign-in", "post")).toMatchObject({ "x-permission": "public", security: [] })
  })

  test("names the headers that each operation takes", () => {
    expect(headers("/api/v1/things", "get")).toEqual(["TenantId"])
    expect(headers("/api/v1/things/{id}", "get")).toEqual(["IfNoneMatch", "TenantId"])
    expect(headers("/api/v1/things", "post")).toEqual(["IdempotencyKey", "TenantId"])
    expect(headers("/api/v1/things/{id}", "patch")).toEqual(["IdempotencyKey", "IfMatch", "TenantId"])
    expect(headers("/api/v1/sign-in", "post")).toEqual(["IdempotencyKey"])
    expect(Object.keys(operation("/api/v1/things", "post").responses["201"]?.headers ?? {})).toContain("Location")
    expect(Object.keys(operation("/api/v1/things/{id}", "get").responses["200"]?.headers ?? {})).toContain("ETag")
  })

  test("names every code that an operation can answer, by its shape and by what it says of itself", () => {
    const always = ["VALIDATION_FAILED", "RATE_LIMITED", "INTERNAL", "UNAVAILABLE"]
    const signedIn = ["UNAUTHENTICATED", "TOKEN_EXPIRED", "TENANT_MISMATCH"]
    const sorted = (codes: string[]) => [...codes].sort()
    const withBody = ["MALFORMED_JSON", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "IDEMPOTENCY_KEY_REUSED"]
    expect(sorted(codesOf("/api/v1/things", "get"))).toEqual(sorted([...always, ...signedIn, "FORBIDDEN"]))
    expect(sorted(codesOf("/api/v1/things", "post"))).toEqual(
      sorted([...always, ...signedIn, ...withBody, "FORBIDDEN", "ORGANIZATION_DEACTIVATED", "CONFLICT", "BELOW_MINIMUM"]),
    )
    expect(sorted(codesOf("/api/v1/things/{id}", "patch"))).toEqual(
      sorted([...always, ...signedIn, ...withBody, "FORBIDDEN", "ORGANIZATION_DEACTIVATED", "NOT_FOUND", "VERSION_MISMATCH"]),
    )
    expect(sorted(codesOf("/api/v1/me", "delete"))).toEqual(sorted([...always, ...signedIn, "PAYLOAD_TOO_LARGE", "IDEMPOTENCY_KEY_REUSED"]))
    expect(sorted(codesOf("/api/v1/sign-in", "post"))).toEqual(sorted([...always, ...withBody, "INVALID_CREDENTIALS"]))
  })

  test("shows a problem for each code, under its own status", () => {
    for (const [name, { content }] of Object.entries(document.components.responses)) {
      for (const [code, { value }] of Object.entries(content?.["application/problem+json"]?.examples ?? {})) {
        expect(value).toMatchObject({ code, status: Number(name.split(".")[0]) })
        expect(errors[code as keyof typeof errors].status).toBe(value.status)
      }
    }
  })

  test("has an example beside every body, and each request's example is accepted by its schema", () => {
    const json = operation("/api/v1/things", "post").requestBody?.content["application/json"]?.example
    expect(body.safeParse(json).error).toBeUndefined()
    expect(json).toMatchObject({ name: "Green Valley Farms", quantity: 20 })
    const signIn = operation("/api/v1/sign-in", "post").requestBody?.content
    expect(signIn?.["application/json"]?.example).toEqual({ email: "owner@supplier.example", password: "correct horse battery" })
    expect(signIn?.["application/x-www-form-urlencoded"]?.example).toMatchObject({
      grant_type: "password",
      username: "owner@supplier.example",
    })
    const page = operation("/api/v1/things", "get").responses["200"]?.content?.["application/json"]?.example
    expect(listOf(thing, "Again").safeParse(page).error).toBeUndefined()
    expect((page as { data: unknown[] }).data).toHaveLength(1)
  })

  test("keeps examples of optional parameters in words, or Swagger UI would send them", () => {
    const q = operation("/api/v1/things", "get").parameters.find(({ name }) => name === "q")
    expect(q?.schema).toEqual({ type: "string" })
    expect(q?.description).toContain("`apple`")
  })
})

describe("examples from schemas", () => {
  const example = (schema: JsonSchema) => exampleOf(schema, () => schema)
  test.each<[JsonSchema, unknown]>([
    [{ const: "x" }, "x"],
    [{ enum: ["A", "B"] }, "A"],
    [{ default: 50, type: "integer" }, 50],
    [{ type: "string", minLength: 8 }, "textxxxx"],
    [{ type: ["string", "null"], format: "date" }, "2026-01-31"],
    [{ type: "integer", minimum: 0, maximum: 0 }, 0],
    [{ type: "number", exclusiveMinimum: 3 }, 4],
    [{ anyOf: [{ type: "null" }, { type: "boolean" }] }, true],
    [
      {
        allOf: [
          { type: "object", properties: { a: { type: "null" } } },
          { type: "object", properties: { b: { type: "boolean" } } },
        ],
      },
      { a: null, b: true },
    ],
    [{ type: "object", additionalProperties: { type: "integer" } }, { key: 1 }],
    [{ type: "array" }, []],
    [{}, null],
  ])("%j is shown as %j", (schema, expected) => {
    expect(example(schema)).toEqual(expected)
  })

  test("a schema that holds itself ends", () => {
    expect(() => example({ type: "object", properties: { again: { $ref: "#" } } })).not.toThrow()
  })
})

describe("the documentation's pages", () => {
  const ask = appOf([...registry, ...docsEndpoints(() => registry, { tags: {} })])

  test("the document is served whole, with an ETag that saves a second reading", async () => {
    const first = await ask("/openapi.json")
    expect(first.headers.get("content-type")).toContain("application/json")
    expect(await first.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument(registry, { tags: {} }))))
    const etag = first.headers.get("etag") ?? ""
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/)
    const second = await ask("/openapi.json", { headers: { "if-none-match": etag } })
    expect([second.status, await second.text()]).toEqual([304, ""])
    expect((await ask("/openapi.json", { headers: { "if-none-match": '"other"' } })).status).toBe(200)
  })

  test.each([
    ["/docs", "text/html", "swagger-ui"],
    ["/redoc", "text/html", "redoc"],
    ["/docs-assets/swagger-ui/swagger-ui.css", "text/css", ".swagger-ui"],
    ["/docs-assets/redoc/init.js", "text/javascript", "/openapi.json"],
  ])("%s is there, cacheable, and its HEAD too", async (path, type, text) => {
    const response = await ask(path)
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toContain(type)
    expect(response.headers.get("cache-control")).toMatch(/^public, max-age=\d+$/)
    expect(await response.text()).toContain(text)
    const head = await ask(path, { method: "HEAD" })
    expect([head.status, await head.text()]).toEqual([200, ""])
    const again = await ask(path, { headers: { "if-none-match": response.headers.get("etag") ?? "" } })
    expect(again.status).toBe(304)
    // A cache lays the headers of a 304 over those that it keeps: another policy would take the page its scripts.
    expect([null, response.headers.get("content-security-policy")]).toContain(again.headers.get("content-security-policy"))
  })

  test("pages name nothing that lies elsewhere, and their policy allows what they name", async () => {
    for (const path of ["/docs", "/redoc"]) {
      const page = await ask(path)
      const html = await page.text()
      for (const [, address = ""] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
        expect(address).toMatch(/^\/(docs-assets\/|openapi\.json)/)
        expect((await ask(address)).status).toBe(200)
      }
      expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/)
      expect(page.headers.get("content-security-policy")).toMatch(/script-src 'self'.*worker-src 'self' blob:/)
    }
  })

  test.each(["/docs-assets/swagger-ui/none.js", "/docs-assets/none/init.js", "/docs-assets/redoc/..%2Fswagger.html", "/docs-assets/x"])(
    "%s is a problem, not somebody else's file",
    async (path) => {
      const response = await ask(path)
      expect([404, 422]).toContain(response.status)
      expect(response.headers.get("content-type")).toBe("application/problem+json")
    },
  )
})
