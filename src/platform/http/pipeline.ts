import type { Context } from "hono"
import type { ErrorCode } from "../../kernel/errors.ts"
import { type OrganizationId, platformOrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Refusal, RefusalError } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"
import { type Actor, refOf } from "../auth/actor.ts"
import { type Authenticated, authenticate, type Directory } from "../auth/authenticate.ts"
import { Executor } from "../db/executor.ts"
import { uniqueViolation } from "../db/guards.ts"
import { Meter, serverTiming } from "../db/meter.ts"
import { acrossTenants, TenantDb } from "../db/tenant-db.ts"
import { type Origin, UnitOfWork } from "../db/unit-of-work.ts"
import { type Bindings, type Config, configOf } from "../env.ts"
import { describeError } from "../log/log.ts"
import type { Observer, RequestRecord } from "../log/observer.ts"
import { mailerOf } from "../mail/adapters.ts"
import { parseBody, readBody } from "./body.ts"
import type { Command, Ctx, PublicCtx, SignedCtx } from "./context.ts"
import { type Endpoint, fullPath, isMutation, permissionsRequired, takesStream } from "./endpoint.ts"
import { commandOf, keepReply, keptReply, streamHash } from "./idempotency.ts"

import { parseInput, queryOf } from "./input.ts"

import { noSuchPath, problemResponse } from "./problem.ts"
import { limitAddress, limitPrincipal, limitSignIn, networkOf } from "./rate-limit.ts"
import { matchesIfNoneMatch, type Reply } from "./reply.ts"
import { ifMatchOf, originOf, publicUrlOf } from "./request.ts"
import { verifySignedUrl } from "./signed-url.ts"
import { openUpload, type Upload } from "./upload.ts"

export type HonoEnv = { Bindings: Bindings; Variables: { requestId: string; servesUploads?: boolean } }

/** Those who hold connections open. Neither throws: what fails is logged, and mended by a sweep or by the connection's own end. */
export type Live = {
  /** Tells of new events of these organizations. */
  announce(env: Bindings, orgIds: readonly OrganizationId[]): Promise<void>
  /** Ends what these subjects of the organization hold open. */
  revoke(env: Bindings, orgId: OrganizationId, subjects: readonly string[]): Promise<void>
}

/** What the pipeline needs from outside itself. */
export type PipelineDeps = {
  readonly directory: Directory
  readonly observer: Observer
  readonly live: Live
  readonly clock: () => Instant
}

type Running = {
  readonly c: Context<HonoEnv>
  readonly endpoint: Endpoint
  readonly meter: Meter
  readonly now: Instant
  readonly origin: Origin
  readonly responseHeaders: Map<string, string>
  upload?: Upload
  orgId?: OrganizationId
  actor?: Actor
}

/** One endpoint's way from request to answer: who, may they, what is asked, was it asked before, do it, commit, answer. */
export function run(endpoint: Endpoint, deps: PipelineDeps): (c: Context<HonoEnv>) => Promise<Response> {
  return async (c) => {
    const started = performance.now()
    const running: Running = {
      c,
      endpoint,
      meter: new Meter(),
      now: deps.clock(),
      origin: originOf(c.req.raw),
      responseHeaders: new Map(),
    }
    let response: Response
    let failure: unknown
    let code: ErrorCode | undefined
    try {
      response = await answer(running, deps)
    } catch (error) {
      const refusal: Refusal = error instanceof RefusalError ? error.refusal : { code: "INTERNAL" }
      code = refusal.code
      if (!(error instanceof RefusalError)) failure = error
      response = problemResponse(refusal, c.get("requestId"))
      await running.upload?.abandon()
    }
    const totalMs = performance.now() - started
    for (const [name, value] of running.responseHeaders) response.headers.set(name, value)
    if (configOf(c.env).EXPOSE_SERVER_TIMING) response.headers.set("server-timing", serverTiming(running.meter.cost, totalMs))
    const record: RequestRecord = {
      requestId: c.get("requestId"),
      organizationId: running.orgId ?? null,
      actorId: running.actor?.id ?? null,
      method: c.req.method,
      route: fullPath(endpoint.spec),
      status: response.status,
      durationMs: totalMs,
      cost: running.meter.cost,
      ...(code === undefined ? {} : { code }),
      ...(failure === undefined ? {} : { error: describeError(failure) }),
    }
    deps.observer.request(record, c.env, c.executionCtx)
    if (failure !== undefined) deps.observer.failure(failure, c.req.raw, c.env, c.executionCtx)
    return response
  }
}

async function answer(running: Running, deps: PipelineDeps): Promise<Response> {
  const { c, endpoint, meter, now, origin } = running
  const { spec } = endpoint
  const config = configOf(c.env)
  const keepAlive = (work: Promise<unknown>) => c.executionCtx.waitUntil(work)
  if (spec.isDevelopmentOnly === true && config.ENVIRONMENT !== "development") throw new RefusalError(noSuchPath)

  if (spec.servesUploads === true) c.set("servesUploads", true)
  if (endpoint.isPublic) await limitAddress(c.env, config, origin)
  let found: Authenticated | undefined
  if (isSignedUrl(running)) {
    running.orgId = await bySignedUrl(running, config)
  } else if (!endpoint.isPublic) {
    found = await authenticate(
      { env: c.env, config, meter, now, headers: c.req.raw.headers, url: c.req.url, isSocket: spec.isSocket === true, keepAlive },
      deps.directory,
    ).catch(async (error: unknown) => {
      // Whoever cannot say who they are is counted by address, so that tokens cannot be guessed at leisure.
      await limitAddress(c.env, config, origin)
      throw error
    })
    running.actor = found.actor
    running.orgId = found.actor.orgId
    await limitPrincipal(c.env, config, found.actor.id, now)
    authorizeRoute(endpoint, found.actor)
    if (found.selectedOrganization !== undefined) await auditSelection(running, found.actor, found.selectedOrganization)
  }
  const actor = found?.actor

  const params = parseInput("path", spec.params, c.req.param())
  const query = parseInput("query", spec.query, queryOf(c.req.url))
  const secret = config.JWT_KEYS[0]?.secret ?? ""
  const upload = isStreamed(running)
    ? await openUpload(c.req.raw, config.FILE_BYTES_MAX, async (whole, sha256) => {
        command.requestHash = await streamHash(secret, queryOf(c.req.url), whole, sha256)
      })
    : undefined
  if (upload !== undefined) running.upload = upload
  const bytesMax = endpoint.isPublic ? Math.min(limits.publicBodyBytesMax, config.BODY_BYTES_MAX) : config.BODY_BYTES_MAX
  const bytes = isMutation(spec) && upload === undefined ? await readBody(c.req.raw, bytesMax) : new Uint8Array(0)
  const raw =
    spec.body === undefined || upload !== undefined
      ? undefined
      : parseBody(bytes, c.req.header("content-type") ?? null, spec.bodyType === "json-or-form")
  const body = upload === undefined ? parseInput("body", spec.body, raw) : undefined
  if (spec.isSignIn === true) await limitSignIn(c.env, config, origin, raw, actor?.id)

  const principal = actor === undefined ? { orgId: platformOrganizationId, id: "public" } : { orgId: actor.orgId, id: actor.id }
  const command: Command = isMutation(spec)
    ? await commandOf(c.req.raw, principal, c.req.path, asked(c.req.url, bytes), secret)
    : { id: "", requestHash: "", hasKey: false }

  const work = new UnitOfWork(now, origin, actor === undefined ? undefined : refOf(actor), {
    events: (orgIds) => keepAlive(deps.live.announce(c.env, orgIds)),
    revoked: (orgId, subjects) => keepAlive(deps.live.revoke(c.env, orgId, subjects)),
  })
  const publicCtx: PublicCtx = {
    env: c.env,
    config,
    meter,
    now,
    requestId: c.get("requestId"),
    request: c.req.raw,
    origin,
    headers: c.req.raw.headers,
    signal: c.req.raw.signal,
    publicUrl: publicUrlOf(config, c.req.url),
    work,
    mailer: mailerOf(config, () => acrossTenants(c.env, meter, "mails are kept for whoever asks in development"), now),
    command,
    defer: keepAlive,
    responseHeaders: running.responseHeaders,
  }
  const { orgId } = running
  const db = new TenantDb(new Executor(c.env, meter), orgId ?? platformOrganizationId)
  const ctx: PublicCtx | Ctx | SignedCtx =
    found !== undefined
      ? { ...publicCtx, actor: found.actor, grant: found.grant, orgId: found.actor.orgId, db, ifMatch: ifMatchOf(c.req.raw) }
      : orgId === undefined
        ? publicCtx
        : { ...publicCtx, actor: undefined, orgId, db }

  const keepsReply = isMutation(spec) && command.hasKey && spec.writer !== "ledger"
  if (keepsReply) {
    const kept = await keptReply(db, command, now, upload)
    if (kept !== undefined) return respond(c, kept)
  }
  const outcome = await endpoint.handle(ctx, { params, query, body, upload })
  if (outcome instanceof Response) {
    // A socket's response is handed on as it is: a copy has no socket.
    if (outcome.webSocket !== null) return outcome
    const etag = outcome.headers.get("etag")
    if (etag === null || !isNotModified(c, etag)) return new Response(outcome.body, outcome)
    await outcome.body?.cancel()
    return new Response(null, { status: 304, headers: { etag } })
  }
  if ("ok" in outcome) throw new RefusalError(outcome.error)
  if (keepsReply) work.add(...keepReply(db, command, outcome, now))
  try {
    await work.commit(db)
  } catch (error) {
    const kept = keepsReply && isRepeatInFlight(error) ? await keptReply(db, command, now) : undefined
    if (kept === undefined) {
      await work.refused(error)
      throw error
    }
    return respond(c, kept)
  }
  return respond(c, outcome)
}

/** What a repeat under one Idempotency-Key must send again: the body, and the query where there is one. */
function asked(url: string, body: Uint8Array): Uint8Array {
  const query = new TextEncoder().encode(new URL(url).search)
  if (query.byteLength === 0) return body
  const both = new Uint8Array(query.byteLength + 1 + body.byteLength)
  both.set(query)
  both.set(body, query.byteLength + 1)
  return both
}

/** A request that carries a signature in place of a token, on a route that takes one. */
const isSignedUrl = ({ c, endpoint }: Running): boolean =>
  endpoint.spec.isSignable === true && c.req.header("authorization") === undefined && c.req.query("signature") !== undefined

/** Counted by organization and address: a page of images is many requests, and none of them says who looks at it. */
async function bySignedUrl({ c, now, origin }: Running, config: Config): Promise<OrganizationId> {
  const orgId = await verifySignedUrl(config.JWT_KEYS, c.req.path, new URL(c.req.url).searchParams, now).catch(async (error: unknown) => {
    await limitAddress(c.env, config, origin)
    throw error
  })
  await limitPrincipal(c.env, config, `${orgId} ${networkOf(origin.ipAddress)}`, now)
  return orgId
}

const isStreamed = ({ c, endpoint: { spec } }: Running): boolean =>
  takesStream(spec) && !(spec.bodyType === "json-or-stream" && /^\s*application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? ""))

/** Two requests with one key at once: the second's batch fails on the key, and it answers what the first did. */
const isRepeatInFlight = (error: unknown): boolean =>
  error instanceof RefusalError || (error instanceof Error && uniqueViolation(error.message)?.startsWith("idempotency_keys.") === true)

function authorizeRoute({ spec }: Endpoint, actor: Actor): void {
  const required = permissionsRequired(spec.access)
  if (required.length > 0 && !required.some((permission) => actor.permissions.has(permission))) {
    const select = actor.kind === "USER" && actor.isPlatformStaff && actor.orgId === platformOrganizationId
    throw new RefusalError({
      code: "FORBIDDEN",
      detail: select
        ? "Platform staff act in an organization by naming it in X-Tenant-ID."
        : `This needs the permission ${required.join(" or ")}.`,
    })
  }
  if (isMutation(spec) && actor.isReadOnly && spec.allowedWhenDeactivated !== true && !(actor.kind === "USER" && actor.isPlatformStaff)) {
    throw new RefusalError({
      code: "ORGANIZATION_DEACTIVATED",
      detail: "The organization is deactivated: its data can be read, not changed.",
    })
  }
}

/** Every act of platform staff inside an organization leaves a row on the platform's own trail, reads included. */
async function auditSelection({ c, endpoint, meter, now, origin }: Running, actor: Actor, selected: OrganizationId): Promise<void> {
  const db = TenantDb.forSystem(c.env, meter, platformOrganizationId, "the platform's own audit trail")
  await new UnitOfWork(now, origin, refOf(actor))
    .audit(db, {
      action: "platform.organization.enter",
      entity: "organization",
      entityId: selected,
      after: { method: c.req.method, route: fullPath(endpoint.spec) },
    })
    .commit(db)
}

/** Whether a reader has this very version already (RFC 9110, section 13.1.2). */
function isNotModified(c: Context<HonoEnv>, etag: string): boolean {
  const ifNoneMatch = c.req.header("if-none-match")
  return ifNoneMatch !== undefined && (c.req.method === "GET" || c.req.method === "HEAD") && matchesIfNoneMatch(ifNoneMatch, etag)
}

/** What has a version may be kept by its reader alone and asked for again; anything else, tokens first of all, is kept by nobody (RFC 6749, section 5.1). */
const cacheControl = (etag: string | undefined) => ({ "cache-control": etag === undefined ? "no-store" : "private, no-cache" })

function respond(c: Context<HonoEnv>, { status, body, headers }: Reply): Response {
  const etag = headers["etag"]
  const kept = cacheControl(etag)
  if (etag !== undefined && isNotModified(c, etag)) return new Response(null, { status: 304, headers: { ...kept, etag } })
  if (body === undefined) return new Response(null, { status, headers: { ...kept, ...headers } })
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json; charset=utf-8", ...kept, ...headers } })
}
