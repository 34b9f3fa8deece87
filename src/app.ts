import { type Context, Hono } from "hono"
import { cors } from "hono/cors"
import type { Refusal } from "./kernel/result.ts"
import { noCost } from "./platform/db/meter.ts"
import { type Bindings, configOf } from "./platform/env.ts"
import type { HonoEnv } from "./platform/http/caller.ts"
import { type Endpoint, fullPath } from "./platform/http/endpoint.ts"
import { type PipelineDeps, run } from "./platform/http/pipeline.ts"
import { noSuchPath, problemResponse } from "./platform/http/problem.ts"
import { requestIdOf } from "./platform/http/request.ts"
import { secured } from "./platform/http/secured.ts"

type App = { readonly fetch: (request: Request, env: Bindings, execution: ExecutionContext) => Promise<Response> }

/**
 * Every endpoint, and what is around them all; what each domain offers stands in `domains/endpoints.ts`. Requests from no
 * other origin pass no middleware: Hono takes those straight to their route (decision 0012).
 */
export function createApp(endpoints: readonly Endpoint[], deps: PipelineDeps): App {
  const routes = routesOf(endpoints, deps)
  const crossOrigin = new Hono<HonoEnv>()
    .use(crossOriginRules)
    .all("*", (c) => Promise.resolve(routes.fetch(c.req.raw, c.env, c.executionCtx)))
    .onError(unexpected(deps))
  return {
    fetch: async (request, env, execution) => {
      if (request.headers.has("origin")) return identified(request, secured(await crossOrigin.fetch(request, env, execution)))
      const response = secured(await routes.fetch(request, env, execution))
      // Whoever asks from no other origin needs no permission to; a cache must still not show this answer to one who does.
      response.headers.append("vary", "Origin")
      return response
    },
  }
}

const unexpected =
  (deps: PipelineDeps) =>
  (error: Error, c: Context<HonoEnv>): Response => {
    deps.observer.failure(error, c.req.raw, c.env, c.executionCtx)
    return unrouted(c, deps, { code: "INTERNAL" })
  }

/** A preflight comes to no route, which would have set its id. */
function identified(request: Request, response: Response): Response {
  if (!response.headers.has("x-request-id")) response.headers.set("x-request-id", requestIdOf(request))
  return response
}

function routesOf(endpoints: readonly Endpoint[], deps: PipelineDeps): Hono<HonoEnv> {
  const app = new Hono<HonoEnv>({ strict: false })
  for (const endpoint of namedFirst(endpoints)) app.on(endpoint.spec.method.toUpperCase(), routerPath(endpoint), run(endpoint, deps))

  let allowedMethods: ((path: string) => string[]) | undefined
  app.notFound((c) => {
    allowedMethods ??= methodsByPath(endpoints)
    const methods = allowedMethods(c.req.path)
    const refusal =
      methods.length === 0
        ? noSuchPath
        : ({ code: "METHOD_NOT_ALLOWED", detail: `Use ${methods.join(", ")}.`, extra: { headers: { allow: methods.join(", ") } } } as const)
    return unrouted(c, deps, refusal)
  })
  app.onError(unexpected(deps))
  return app
}

/** Which origins' scripts may read the answers, by CORS_ORIGINS, and what of them. */
const crossOriginRules = cors({
  origin: (origin, c: Context<HonoEnv>) => {
    const allowed = configOf(c.env).CORS_ORIGINS
    return allowed.includes("*") ? "*" : allowed.includes(origin) ? origin : null
  },
  allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
  allowHeaders: [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "if-range",
    "last-event-id",
    "range",
    "x-tenant-id",
    "x-request-id",
  ],
  exposeHeaders: [
    "accept-ranges",
    "content-disposition",
    "content-range",
    "etag",
    "location",
    "retry-after",
    "ratelimit-policy",
    "server-timing",
    "waybill-projection",
    "x-request-id",
  ],
  maxAge: 600,
})

/**
 * The router takes the first path that fits, so `/inventory/items` must stand before `/inventory/{product_id}`, whoever
 * declares them: where two paths differ first, the one with a name there comes first.
 */
const namedFirst = (endpoints: readonly Endpoint[]): Endpoint[] => {
  const rank = (endpoint: Endpoint): string => fullPath(endpoint.spec).replace(/[^/{}]*\{\w+\}/g, "~")
  return endpoints
    .map((endpoint) => ({ endpoint, rank: rank(endpoint) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map(({ endpoint }) => endpoint)
}

/** A problem that no endpoint answered, observed like any other answer; its path is a stranger's words and no label. */
function unrouted(c: Context<HonoEnv>, { observer }: PipelineDeps, refusal: Refusal): Response {
  const requestId = requestIdOf(c.req.raw)
  const response = problemResponse(refusal, requestId)
  response.headers.set("x-request-id", requestId)
  const { status } = response
  observer.request(
    {
      requestId,
      organizationId: null,
      actorId: null,
      method: c.req.method,
      route: "(none)",
      status,
      durationMs: 0,
      cost: noCost,
      code: refusal.code,
    },
    c.env,
    c.executionCtx,
  )
  return response
}

/** `/orders/{id}` as Hono writes it. */
const routerPath = ({ spec }: Endpoint): string => fullPath(spec).replace(/\{(\w+)\}/g, ":$1")

/** Which methods a path has, for 405 with Allow. */
function methodsByPath(endpoints: readonly Endpoint[]): (path: string) => string[] {
  const patterns = endpoints
    .filter(({ spec }) => spec.isDevelopmentOnly !== true)
    .map(({ spec }) => ({
      method: spec.method.toUpperCase(),
      pattern: new RegExp(
        `^${fullPath(spec)
          .replace(/[.]/g, "\\.")
          .replace(/\{\w+\}/g, "[^/]+")}/?$`,
      ),
    }))
  return (path) => [...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))]
}
