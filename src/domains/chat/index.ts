import type { Endpoint } from "../../platform/http/endpoint.ts"

/** The only way into this domain. */
export const chatEndpoints: readonly Endpoint[] = []
