import { docsEndpoints } from "../../platform/http/docs.ts"
import type { Endpoint } from "../../platform/http/endpoint.ts"
import { deadLetterEndpoints } from "./dead-letters.ts"
import { getHealth, getReadiness } from "./health.ts"
import { rebuild, reconcile } from "./ledgers.ts"
import { getMetrics } from "./metrics.ts"

/** The platform's own operations. `registry` is the list of all endpoints, these included, which the API document describes. */
export const systemEndpoints = (registry: () => readonly Endpoint[], tags: Readonly<Record<string, string>>): readonly Endpoint[] => [
  reconcile,
  rebuild,
  ...deadLetterEndpoints,
  getHealth,
  getReadiness,
  getMetrics,
  ...docsEndpoints(registry, { tags }),
]
