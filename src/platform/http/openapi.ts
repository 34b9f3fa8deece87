import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi"
import { type ErrorCode, errors } from "../../kernel/errors.ts"
import { limits } from "../../kernel/limits.ts"
import { isPlatformPermission, permissions } from "../auth/permissions.ts"
import { type Access, type Endpoint, type EndpointSpec, fullPath, isMutation, permissionsRequired, takesStream } from "./endpoint.ts"
import { exampleOf, type JsonSchema } from "./openapi-example.ts"
import { byStatus, codesOf, problemExample, takesIfMatch } from "./openapi-problems.ts"
import { fieldsOf, problemView } from "./schemas.ts"

type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>

type Registry = OpenAPIHono["openAPIRegistry"]
type RouteConfig = Parameters<Registry["registerPath"]>[0]
type Media = { schema?: JsonSchema; example?: unknown }
type Parameter = { in?: string; required?: boolean; description?: string; schema?: Record<string, unknown> }
type Operation = {
  parameters?: Parameter[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
}

export type OpenApiOptions = {
  /** What each tag is about; tags are listed in this order. */
  readonly tags: Readonly<Record<string, string>>
}

/**
 * The OpenAPI 3.1 document of the registry: the same endpoints that the router serves, so that what is
 * documented is what runs. It depends on nothing else, so it is the same on every machine and can be committed.
 */
export function openApiDocument(endpoints: readonly Endpoint[], { tags }: OpenApiOptions): OpenApiDocument {
  const app = new OpenAPIHono()
  const registry = app.openAPIRegistry
  registry.register("Problem", problemView.unwrap())
  registerShared(registry)
  const shown = endpoints.filter(({ spec }) => spec.isHidden !== true)
  const problems = new Map<string, readonly ErrorCode[]>()
  for (const { spec } of shown) registry.registerPath(routeOf(spec, problems))
  for (const [name, codes] of [...problems].sort(([a], [b]) => a.localeCompare(b)))
    registry.registerComponent("responses", name, problemResponse(codes))
  const used = new Set(shown.map(({ spec }) => spec.tag))
  const document = app.getOpenAPI31Document(
    {
      openapi: "3.1.0",
      info: {
        title: "Waybill",
        version: "1.0.0",
        description: introduction,
      },
      servers: [{ url: "/", description: "This server" }],
      tags: [
        ...Object.entries(tags).filter(([name]) => used.has(name)),
        ...[...used].filter((name) => !Object.hasOwn(tags, name)).map((name) => [name, ""] as const),
      ].map(([name, description]) => (description === "" ? { name } : { name, description })),
    },
    { unionPreferredType: "anyOf" },
  )
  addExamples(document, shown)
  return document
}

const introduction = [
  "One backend for a supply chain: suppliers and their buyers link up, share a catalog, order, and keep their stock.",
  "",
  "- Sign in with `POST /api/v1/auth/token` and send the access token, or an API key, as `Authorization: Bearer …`.",
  "- Ids are TypeIDs (`ord_…`). Times are RFC 3339 in UTC. Money is a decimal string beside its `currency`; quantities are numbers with at most three places.",
  `- Lists answer \`{data, next_cursor}\`; \`limit\` is ${limits.pageSizeDefault} unless told, at most ${limits.pageSizeMax}.`,
  "- Errors are RFC 9457 problems with a stable `code`.",
  `- Every mutation takes \`Idempotency-Key\` (kept ${limits.idempotencyHoursKept} hours); updates take \`If-Match\`; reads answer \`If-None-Match\`.`,
].join("\n")

function registerShared(registry: Registry): void {
  registry.registerComponent("securitySchemes", "accessToken", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: `An access token of \`POST /api/v1/auth/token\`; it lasts ${limits.accessTokenSeconds / 60} minutes.`,
  })
  registry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "wbk_…",
    description: "An API key of `POST /api/v1/api-keys`, for service accounts.",
  })
  registry.registerComponent("securitySchemes", "password", {
    type: "oauth2",
    description: "The OAuth2 password form of `POST /api/v1/auth/token`: lets this page sign in.",
    flows: { password: { tokenUrl: "/api/v1/auth/token", scopes: {} } },
  })
  for (const [name, { header, description, schema }] of Object.entries(headerParameters)) {
    registry.registerComponent("parameters", name, { name: header, in: "header", required: false, description, schema })
  }
  for (const [name, { description, schema }] of Object.entries(responseHeaders))
    registry.registerComponent("headers", name, { description, schema })
}

const headerParameters = {
  IdempotencyKey: {
    header: "Idempotency-Key",
    description: "A repeat of the request under the same key gets the first answer again and changes nothing. A UUID will do.",
    schema: { type: "string", minLength: 1, maxLength: limits.idempotencyKeyCharsMax },
  },
  IfMatch: {
    header: "If-Match",
    description: 'The ETag of the version that the change is meant for, such as `"7.1041.o"`; 412 when there is a newer one.',
    schema: { type: "string" },
  },
  IfNoneMatch: {
    header: "If-None-Match",
    description: 'The ETag of the copy one has, such as `"7.1041.o"`; 304 when it is current.',
    schema: { type: "string" },
  },
  TenantId: {
    header: "X-Tenant-ID",
    description: "Id or slug of the organization. May repeat the token's own; platform staff choose by it the organization they act in.",
    schema: { type: "string" },
  },
} as const

const responseHeaders = {
  ETag: { description: "The version of the resource, for If-Match and If-None-Match.", schema: { type: "string", example: '"7.1041.o"' } },
  Location: {
    description: "Where the new resource is.",
    schema: { type: "string", example: "/api/v1/orders/ord_01jd8x2y3zf4g5h6j7k8m9n0pq" },
  },
  RequestId: {
    description: "The request's id, to quote when something went wrong.",
    schema: { type: "string", example: "req_4f8f1a6f0c2b4f5e9a7d3c1b2e6f8a90" },
  },
  RetryAfter: { description: "Seconds to wait before the next attempt.", schema: { type: "integer", example: 60 } },
} as const

type HeaderParameter = keyof typeof headerParameters

const parameterRef = (name: HeaderParameter) => ({ $ref: `#/components/parameters/${name}` })
const headerRef = (name: keyof typeof responseHeaders) => ({ $ref: `#/components/headers/${name}` })

/** One resource, which has a version: `GET …/{id}`. */
const readsOne = (spec: EndpointSpec): boolean => spec.method === "get" && spec.isList !== true && spec.path.endsWith("}")

function headerParametersOf(spec: EndpointSpec): HeaderParameter[] {
  return [
    ...(isMutation(spec) ? (["IdempotencyKey"] as const) : []),
    ...(takesIfMatch(spec) ? (["IfMatch"] as const) : []),
    ...(readsOne(spec) ? (["IfNoneMatch"] as const) : []),
    ...(spec.access === "public" ? [] : (["TenantId"] as const)),
  ]
}

function routeOf(spec: EndpointSpec, problems: Map<string, readonly ErrorCode[]>): RouteConfig {
  const required = permissionsRequired(spec.access)
  return createRoute({
    operationId: spec.operationId,
    method: spec.method,
    path: fullPath(spec),
    tags: [spec.tag],
    summary: spec.summary,
    description: [spec.description, accessText(spec.access)].filter((part) => part !== undefined).join("\n\n"),
    security: securityOf(spec.access),
    "x-permission": required.length > 1 ? required : (required[0] ?? spec.access),
    parameters: headerParametersOf(spec).map(parameterRef),
    request: {
      ...(spec.params === undefined ? {} : { params: z.object(fieldsOf(spec.params)) }),
      ...(spec.query === undefined ? {} : { query: z.object(fieldsOf(spec.query)) }),
      ...bodyOf(spec),
    },
    responses: { ...successOf(spec), ...problemsOf(spec, problems) },
  } as RouteConfig)
}

/** No API key can hold a permission of the platform's own. */
function securityOf(access: Access): Array<Record<string, string[]>> {
  if (access === "public") return []
  const required = permissionsRequired(access)
  const isPlatformAlone = required.length > 0 && required.every(isPlatformPermission)
  return [{ accessToken: [] }, ...(isPlatformAlone ? [] : [{ apiKey: [] }]), { password: [] }]
}

function accessText(access: Access): string {
  if (access === "public") return "Anybody may call this."
  const required = permissionsRequired(access)
  if (required.length === 0) return "Anyone signed in may call this."
  return `Needs the permission ${required.map((name) => `\`${name}\` (${permissions[name]})`).join(" or ")}.`
}

const formType = "application/x-www-form-urlencoded"

/** A file's bytes as they are, or the last part of a form. */
const streamContent = {
  "application/octet-stream": { schema: { type: "string", format: "binary", example: "%PDF-1.7 …" } },
  "multipart/form-data": {
    schema: {
      type: "object",
      description: "The fields of the query may stand here instead, before the file.",
      properties: { name: { type: "string" }, file: { type: "string", format: "binary" } },
      required: ["file"],
      example: { name: "delivery-note.pdf", file: "%PDF-1.7 …" },
    },
  },
} as const

function bodyOf(spec: EndpointSpec) {
  const streams = takesStream(spec)
  if (spec.body === undefined && !streams) return {}
  const content = {
    ...(spec.body === undefined ? {} : { "application/json": { schema: spec.body } }),
    ...(spec.body !== undefined && spec.bodyType === "json-or-form" ? { [formType]: { schema: spec.body } } : {}),
    ...(streams ? streamContent : {}),
  }
  return { body: { required: streams || spec.body?.safeParse(undefined).success === false, content } }
}

function successOf(spec: EndpointSpec): RouteConfig["responses"] {
  const { status, schema, description, contentType = "application/json", orAs = {} } = spec.success
  const headers = {
    "X-Request-ID": headerRef("RequestId"),
    ...(readsOne(spec) || takesIfMatch(spec) ? { ETag: headerRef("ETag") } : {}),
    ...(status === 201 ? { Location: headerRef("Location") } : {}),
  }
  const content = Object.fromEntries(Object.entries({ [contentType]: schema, ...orAs }).map(([type, one]) => [type, { schema: one }]))
  return {
    [status]: { description, headers, ...(schema === undefined || status === 204 ? {} : { content }) },
    ...(readsOne(spec) ? { 304: { description: "The copy named by If-None-Match is current." } } : {}),
  }
}

/** Operations share what they answer alike: a response component a status and set of codes. */
function problemsOf(spec: EndpointSpec, problems: Map<string, readonly ErrorCode[]>): RouteConfig["responses"] {
  return Object.fromEntries(
    byStatus(codesOf(spec)).map(([status, codes]) => {
      const name = [status, ...codes].join(".")
      problems.set(name, codes)
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )
}

function problemResponse(codes: readonly ErrorCode[]) {
  const waits = codes.some((code) => code === "RATE_LIMITED" || code === "UNAVAILABLE")
  return {
    description: codes.map((code) => `\`${code}\`: ${errors[code].title}.`).join(" "),
    headers: { "X-Request-ID": headerRef("RequestId"), ...(waits ? { "Retry-After": headerRef("RetryAfter") } : {}) },
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
        examples: Object.fromEntries(codes.map((code) => [code, { summary: errors[code].title, value: problemExample(code) }])),
      },
    },
  }
}

/** An example beside every body, asked and answered, made from the schemas as they came out. */
function addExamples(document: OpenApiDocument, shown: readonly Endpoint[]): void {
  const schemas = (document.components?.schemas ?? {}) as Readonly<Record<string, JsonSchema>>
  const resolve = (ref: string): JsonSchema | undefined => schemas[ref.slice(ref.lastIndexOf("/") + 1)]
  for (const { spec } of shown) {
    const operation = document.paths?.[fullPath(spec)]?.[spec.method] as unknown as Operation
    for (const parameter of operation.parameters ?? []) sayExample(parameter)
    for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
      media.example = exampleOf(type === formType ? formVariant(media.schema, resolve) : media.schema, resolve)
    }
    for (const media of Object.values(operation.responses[spec.success.status]?.content ?? {}))
      media.example ??= exampleOf(media.schema, resolve)
  }
}

/** An optional parameter's example goes into its description: Swagger UI would fill it in and send it unasked. */
function sayExample(parameter: Parameter): void {
  const { example, ...schema } = parameter.schema ?? {}
  if (parameter.in !== "query" || parameter.required === true || example === undefined) return
  parameter.schema = schema
  if (schema["default"] === undefined)
    parameter.description = [parameter.description, `For example \`${typeof example === "string" ? example : JSON.stringify(example)}\`.`]
      .filter(Boolean)
      .join(" ")
}

/** Of a body that may be JSON or a form, the alternative that is the form comes last. */
function formVariant(schema: JsonSchema | undefined, resolve: (ref: string) => JsonSchema | undefined): JsonSchema | undefined {
  const target = typeof schema?.["$ref"] === "string" ? resolve(schema["$ref"]) : schema
  const alternatives = target?.["anyOf"] ?? target?.["oneOf"]
  return Array.isArray(alternatives) ? (alternatives.at(-1) as JsonSchema) : schema
}
