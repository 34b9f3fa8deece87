import { endpoints } from "../../src/domains/endpoints.ts"
import { tags } from "../../src/domains/tags.ts"
import { idPrefixes } from "../../src/kernel/ids.ts"
import { type EndpointSpec, fullPath, isMutation } from "../../src/platform/http/endpoint.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import { exampleBodies, requiredQueryOf } from "../support/requests.ts"
import { type Answer, api } from "../support/world.ts"

/** Every mutation of the registry with a good body and a path to nowhere: what is wrong with a request is then what a test did to it. */

export type Method = "POST" | "PUT" | "PATCH" | "DELETE"
const examples = exampleBodies(endpoints, tags)

const mutations = endpoints.map(({ spec }) => spec).filter((spec) => isMutation(spec) && spec.isDevelopmentOnly !== true)
export const withBody = mutations.filter((spec) => spec.body !== undefined && spec.bodyType !== "json-or-stream")
/** What takes a file reads as much of one as its purpose allows. */
export const withoutBody = mutations.filter((spec) => spec.body === undefined && spec.bodyType !== "stream")

/** The example that the API document gives of the operation's body. */
export const exampleFor = ({ operationId }: EndpointSpec): unknown => examples.get(operationId)

/** A well-formed id of nothing, of whatever kind the operation asks for. */
function idOfNothing({ params }: EndpointSpec, name: string): string {
  const schema = fieldsOf(params)[name]
  const ids = Object.values(idPrefixes).map((prefix) => `${prefix}_01jd8x2y3zf4g5h6j7k8m9n0pq`)
  return ids.find((id) => schema?.safeParse(id).success === true) ?? "nothing"
}

export const pathTo = (spec: EndpointSpec): string =>
  fullPath(spec)
    .replace("/api/v1", "")
    .replace(/\{(\w+)\}/g, (_, name: string) => idOfNothing(spec, name)) + requiredQueryOf(spec)

/** By a caller who holds whatever the operation asks for. */
export const send = (spec: EndpointSpec, body: unknown, by: { readonly owner: string; readonly staff: string }): Promise<Answer> =>
  api(spec.method.toUpperCase() as Method, pathTo(spec), { token: String(spec.access).startsWith("platform.") ? by.staff : by.owner, body })
