import { type Context, Hono, type MiddlewareHandler } from "hono"
import { cors } from "hono/cors"
import { secureHeaders } from "hono/secure-headers"
import type { Refusal } from "./kernel/result.ts"
import { noCost } from "./platform/db/meter.ts"
import { type Config, configOf } from "./platform/env.ts"
import type { HonoEnv } from "./platform/http/caller.ts"
import { type Endpoint, fullPath } from "./platform/http/endpoint.ts"
import { type PipelineDeps, run } from "./platform/http/pipeline.ts"
import { noSuchPath, problemResponse } from "./platform/http/problem.ts"

/** A request is no row: its id is only told, to the client and in the logs. */
const newRequestId = (): string => `req_${crypto.randomUUID().replaceAll("-", "")}`

const requestIdPattern = /^[A-Za-z0-9_-]{8,64}$/

/**
 * Middleware, then every endpoint. What each domain offers stands in `domains/endpoints.ts`. Every response is made here, so
 * its headers can be set on it; Hono's `c.header` would copy the whole response for each.
 */
export function createApp(endpoints: readonly Endpoint[], deps: PipelineDeps): Hono<HonoEnv> {
  const app = new Hono<HonoEnv>({ strict: false })

  app.use(async (c, next) => {
    const given = c.req.header("x-request-id")
    c.set("requestId", given !== undefined && requestIdPattern.test(given) ? given : newRequestId())
    await next()
    c.res.headers.set("x-request-id", c.get("requestId"))
  })
  app.use(async (c, next) => {
    await next()
    // Outside the middleware below, whose policy would let an uploaded page run: whatever it is, it runs nothing.
    if (c.get("servesUploads") === true) c.res.headers.set("content-security-policy", uploadsPolicy)
  })
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        fontSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        workerSrc: ["'self'", "blob:"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
      },
      crossOriginResourcePolicy: "cross-origin",
      referrerPolicy: "no-referrer",
    }),
  )
  app.use(async (c, next) => {
    if (c.req.header("origin") !== undefined) return corsOf(configOf(c.env))(c, next)
    await next()
    // Whoever asks from no other origin needs no permission to; a cache must still not show this answer to one who does.
    c.res.headers.append("vary", "Origin")
  })

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
  app.onError((error, c) => {
    deps.observer.failure(error, c.req.raw, c.env, c.executionCtx)
    return unrouted(c, deps, { code: "INTERNAL" })
  })
  return app
}

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

const uploadsPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

const corsByConfig = new WeakMap<Config, MiddlewareHandler>()

/** CORS by the configured origins, made once an isolate. */
function corsOf(config: Config): MiddlewareHandler {
  const known = corsByConfig.get(config)
  if (known !== undefined) return known
  const allowed = config.CORS_ORIGINS
  const middleware = cors({
    origin: (origin) => (allowed.includes("*") ? "*" : allowed.includes(origin) ? origin : null),
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
  corsByConfig.set(config, middleware)
  return middleware
}

/** A problem that no endpoint answered, observed like any other answer; its path is a stranger's words and no label. */
function unrouted(c: Context<HonoEnv>, { observer }: PipelineDeps, refusal: Refusal): Response {
  const requestId = c.var.requestId ?? ""
  const response = problemResponse(refusal, requestId)
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
