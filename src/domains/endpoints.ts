import type { Endpoint } from "../platform/http/endpoint.ts"

/** Every operation of the API, by domain: the registry that the router, the OpenAPI document, the tenant sweep and the role matrix are made from. */
export const endpoints: readonly Endpoint[] = []
