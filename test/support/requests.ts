import type { z } from "@hono/zod-openapi"
import { idPrefixes, newId } from "../../src/kernel/ids.ts"
import { type Endpoint, type EndpointSpec, fullPath } from "../../src/platform/http/endpoint.ts"
import { openApiDocument } from "../../src/platform/http/openapi.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import type { Place } from "./json-places.ts"

/** Requests made from the registry, for the suites that ask every operation the same thing. */

/** A value that the parameter's schema takes: an id of its kind that names nothing, or a plain word. */
function fillerOf(schema: z.ZodType): string {
  const ids = Object.values(idPrefixes).map((prefix) => newId(prefix, Date.now()))
  const filler = [...ids, "word", "1", "order.placed", "0".repeat(64)].find((text) => schema.safeParse(text).success)
  if (filler === undefined) throw new Error("no filler fits the parameter; teach test/support/requests.ts its kind")
  return filler
}

export const paramsOf = (spec: EndpointSpec): Record<string, string> =>
  Object.fromEntries(Object.entries(fieldsOf(spec.params)).map(([name, schema]) => [name, fillerOf(schema)]))

/** The operation's path with its parameters filled, as `api` of world.ts takes it. */
export const pathOf = (spec: EndpointSpec, params: Readonly<Record<string, string>> = {}): string => {
  const filled = { ...paramsOf(spec), ...params }
  return `.${fullPath(spec).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(filled[name] ?? ""))}`
}

/** What the operation's query cannot do without, filled: `?name=value`, or nothing. */
export function requiredQueryOf(spec: EndpointSpec): string {
  const required = Object.entries(fieldsOf(spec.query)).filter(([, schema]) => !schema.safeParse(undefined).success)
  const filled = new URLSearchParams(required.map(([name, schema]) => [name, fillerOf(schema)]))
  return required.length === 0 ? "" : `?${filled.toString()}`
}

type Media = { readonly example?: unknown; readonly schema?: JsonSchema }
type Documented = {
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly requestBody?: { readonly content: Readonly<Record<string, Media>> } }>>>
  >
}
type JsonSchema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
}
type Tags = Readonly<Record<string, string>>

function documented(endpoints: readonly Endpoint[], tags: Tags): Documented {
  const shown = endpoints.map((one) => ({ ...one, spec: { ...one.spec, isHidden: false } }))
  return JSON.parse(JSON.stringify(openApiDocument(shown, { tags }))) as Documented
}

const bodyIn = ({ paths }: Documented, spec: EndpointSpec): Media | undefined =>
  paths[fullPath(spec)]?.[spec.method]?.requestBody?.content["application/json"]

/** A body that each operation takes, by its id: the API document's own examples. */
export function exampleBodies(endpoints: readonly Endpoint[], tags: Tags): ReadonlyMap<string, unknown> {
  const document = documented(endpoints, tags)
  return new Map(endpoints.map(({ spec }) => [spec.operationId, bodyIn(document, spec)?.example]))
}

/** Where each operation's body takes a number, or money, which is one too: every place that its schema has, 0 standing for any element. */
export function numbersIn(endpoints: readonly Endpoint[], tags: Tags): ReadonlyMap<string, readonly Place[]> {
  const document = documented(endpoints, tags)
  const placesIn = (schema: JsonSchema, here: Place): Place[] => {
    const named = schema.$ref === undefined ? undefined : document.components.schemas[schema.$ref.split("/").at(-1) ?? ""]
    if (named !== undefined) return placesIn(named, here)
    const isNumber = ["number", "integer"].some((type) => type === schema.type || schema.type?.includes(type))
    const isMoney = schema.pattern?.startsWith(String.raw`^\d{1,13}`) === true
    return [
      ...(isNumber || isMoney ? [here] : []),
      ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((one) => placesIn(one, here)),
      ...(schema.items === undefined ? [] : placesIn(schema.items, [...here, 0])),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, one]) => placesIn(one, [...here, name])),
    ]
  }
  return new Map(
    endpoints.map(({ spec }) => {
      const places = placesIn(bodyIn(document, spec)?.schema ?? {}, [])
      return [spec.operationId, [...new Map(places.map((place) => [place.join("/"), place])).values()]]
    }),
  )
}
