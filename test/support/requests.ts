import type { z } from "@hono/zod-openapi"
import { idPrefixes, newId } from "../../src/kernel/ids.ts"
import { type Endpoint, type EndpointSpec, fullPath } from "../../src/platform/http/endpoint.ts"
import { openApiDocument } from "../../src/platform/http/openapi.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"

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

type Media = { readonly example?: unknown }
type Documented = {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly requestBody?: { readonly content: Readonly<Record<string, Media>> } }>>>
  >
}

/** A body that each operation takes, by its id: the API document's own examples. */
export function exampleBodies(endpoints: readonly Endpoint[], tags: Readonly<Record<string, string>>): ReadonlyMap<string, unknown> {
  const shown = endpoints.map((one) => ({ ...one, spec: { ...one.spec, isHidden: false } }))
  const { paths } = JSON.parse(JSON.stringify(openApiDocument(shown, { tags }))) as Documented
  return new Map(
    endpoints.map(({ spec }) => [
      spec.operationId,
      paths[fullPath(spec)]?.[spec.method]?.requestBody?.content["application/json"]?.example,
    ]),
  )
}
