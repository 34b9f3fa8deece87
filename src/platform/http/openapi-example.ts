/** A JSON Schema (2020-12, as OpenAPI 3.1 uses it), read as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown }

type Resolve = (ref: string) => JsonSchema | undefined

const depthMax = 12

const isSchema = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null && !Array.isArray(value)

const schemasIn = (value: unknown): JsonSchema[] => (Array.isArray(value) ? value.filter(isSchema) : [])

const isNull = (schema: JsonSchema): boolean => schema["type"] === "null"

const byFormat: Readonly<Record<string, string>> = {
  "date-time": "2026-01-31T09:30:00.000Z",
  date: "2026-01-31",
  time: "09:30:00Z",
  email: "owner@supplier.example",
  uri: "https://example.com/",
  uuid: "018d2f5e-7a3b-7c4d-8e9f-0a1b2c3d4e5f",
  ipv4: "192.0.2.1",
}

function textExample(schema: JsonSchema, name: string | undefined): string {
  const format = typeof schema["format"] === "string" ? byFormat[schema["format"]] : undefined
  if (format !== undefined) return format
  const text = name?.replaceAll("_", " ") ?? "text"
  const atLeast = typeof schema["minLength"] === "number" ? schema["minLength"] : 0
  const atMost = typeof schema["maxLength"] === "number" ? schema["maxLength"] : Number.POSITIVE_INFINITY
  return text.padEnd(atLeast, "x").slice(0, atMost)
}

function numberExample(schema: JsonSchema): number {
  const { minimum, exclusiveMinimum, maximum } = schema
  if (typeof exclusiveMinimum === "number") return exclusiveMinimum + 1
  const least = typeof minimum === "number" ? Math.max(minimum, 1) : 1
  return typeof maximum === "number" ? Math.min(least, maximum) : least
}

/**
 * A value that the schema describes: its own example where it has one, otherwise one put together from its
 * parts. Deterministic. `name` is the member it stands under, which says more than "text" would.
 */
export function exampleOf(schema: JsonSchema | undefined, resolve: Resolve, name?: string, depth = 0): unknown {
  if (schema === undefined || depth > depthMax) return null
  if (schema["example"] !== undefined) return schema["example"]
  if (Array.isArray(schema["examples"]) && schema["examples"].length > 0) return schema["examples"][0]
  if (typeof schema["$ref"] === "string") return exampleOf(resolve(schema["$ref"]), resolve, name, depth + 1)
  if (schema["const"] !== undefined) return schema["const"]
  if (schema["default"] !== undefined) return schema["default"]
  if (Array.isArray(schema["enum"])) return schema["enum"][0]
  const all = schemasIn(schema["allOf"])
  if (all.length > 0) return mergedExample(all, resolve, name, depth)
  const alternatives = [...schemasIn(schema["anyOf"]), ...schemasIn(schema["oneOf"])]
  const chosen = alternatives.find((alternative) => !isNull(alternative)) ?? alternatives[0]
  if (chosen !== undefined) return exampleOf(chosen, resolve, name, depth + 1)
  return typedExample(schema, resolve, name, depth)
}

function mergedExample(all: readonly JsonSchema[], resolve: Resolve, name: string | undefined, depth: number): unknown {
  const parts = all.filter((part) => !isNull(part)).map((part) => exampleOf(part, resolve, name, depth + 1))
  return parts.every(isSchema) ? Object.assign({}, ...parts) : parts.find((part) => part !== null && !isSchema(part))
}

function typedExample(schema: JsonSchema, resolve: Resolve, name: string | undefined, depth: number): unknown {
  const { type } = schema
  switch (Array.isArray(type) ? type.find((candidate) => candidate !== "null") : type) {
    case "object":
      return objectExample(schema, resolve, depth)
    case "array": {
      const items = isSchema(schema["items"]) ? schema["items"] : undefined
      return items === undefined ? [] : [exampleOf(items, resolve, name, depth + 1)]
    }
    case "string":
      return textExample(schema, name)
    case "integer":
    case "number":
      return numberExample(schema)
    case "boolean":
      return true
    default:
      return null
  }
}

function objectExample(schema: JsonSchema, resolve: Resolve, depth: number): unknown {
  const { properties, additionalProperties } = schema
  if (isSchema(properties)) {
    return Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [
        name,
        exampleOf(isSchema(member) ? member : undefined, resolve, name, depth + 1),
      ]),
    )
  }
  return isSchema(additionalProperties) ? { key: exampleOf(additionalProperties, resolve, undefined, depth + 1) } : {}
}
