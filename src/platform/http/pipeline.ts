import type { Context } from "hono"
import type { ErrorCode } from "../../kernel/errors.ts"
import { type OrganizationId, platformOrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Refusal, RefusalError } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"
import { type Actor, refOf } from "../auth/actor.ts"
import type { Authenticated, Directory } from "../auth/authenticate.ts"
import { Executor } from "../db/executor.ts"
import { uniqueViolation } from "../db/guards.ts"
import { Meter, serverTiming } from "../db/meter.ts"
import { acrossTenants, TenantDb } from "../db/tenant-db.ts"
import { UnitOfWork } from "../db/unit-of-work.ts"
import { type Bindings, type Config, configOf } from "../env.ts"
import { describeError } from "../log/log.ts"
import type { Observer, RequestRecord } from "../log/observer.ts"
import { mailerOf } from "../mail/adapters.ts"
import { parseBody, readBody } from "./body.ts"
import { callerOf, type HonoEnv, type Running } from "./caller.ts"
import type { Command, Ctx, PublicCtx, SignedCtx } from "./context.ts"
import { type Endpoint, fullPath, isMutation, takesStream } from "./endpoint.ts"
import { commandOf, keepReply, keptReply, streamHash } from "./idempotency.ts"
import { parseInput, queryOf } from "./input.ts"
import { noSuchPath, problemResponse } from "./problem.ts"
import { limitSignIn } from "./rate-limit.ts"
import { matchesIfNoneMatch, type Reply } from "./reply.ts"
import { ifMatchOf, originOf, publicUrlOf, requestIdOf } from "./request.ts"
import { uploadsPolicy } from "./secured.ts"
import { openUpload, type Upload } from "./upload.ts"

/** Those who hold connections open. Neither throws: what fails is logged, and mended by a sweep or by the connection's own end. */
type Live = {
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

/** One endpoint's way from request to answer: who, may they, what is asked, was it asked before, do it, commit, answer. */
export function run(endpoint: Endpoint, deps: PipelineDeps): (c: Context<HonoEnv>) => Promise<Response> {
  return async (c) => {
    const started = performance.now()
    const running: Running = {
      c,
      endpoint,
      requestId: requestIdOf(c.req.raw),
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
      response = problemResponse(refusal, running.requestId)
      await running.upload?.abandon()
    }
    const totalMs = performance.now() - started
    const { cost } = running.meter
    response.headers.set("x-request-id", running.requestId)
    for (const [name, value] of running.responseHeaders) response.headers.set(name, value)
    if (endpoint.spec.servesUploads === true) response.headers.set("content-security-policy", uploadsPolicy)
    if (configOf(c.env).EXPOSE_SERVER_TIMING) response.headers.set("server-timing", serverTiming(cost, totalMs))
    const record: RequestRecord = {
      requestId: running.requestId,
      organizationId: running.orgId ?? null,
      actorId: running.actor?.id ?? null,
      method: c.req.method,
      route: fullPath(endpoint.spec),
      status: response.status,
      durationMs: totalMs,
      cost,
      ...(code === undefined ? {} : { code }),
      ...(failure === undefined ? {} : { error: describeError(failure) }),
    }
    deps.observer.request(record, c.env, c.executionCtx)
    if (failure !== undefined) deps.observer.failure(failure, c.req.raw, c.env, c.executionCtx)
    return response
  }
}

/** What is asked: the handler's input, and the command that it makes up. */
type Asked = Input & { readonly command: Command }
type Input = { readonly params: unknown; readonly query: unknown; readonly body: unknown; readonly upload: Upload | undefined }

async function answer(running: Running, deps: PipelineDeps): Promise<Response> {
  const { c, endpoint, meter } = running
  const { spec } = endpoint
  const config = configOf(c.env)
  if (spec.isDevelopmentOnly === true && config.ENVIRONMENT !== "development") throw new RefusalError(noSuchPath)

  const caller = await callerOf(running, config, deps.directory)
  const asked = await askedBy(caller?.actor, running, config)
  const work = workOf(running, deps.live)
  const db = new TenantDb(new Executor(c.env, meter), running.orgId ?? platformOrganizationId)
  const keepsReply = isMutation(spec) && asked.command.hasKey && spec.writer !== "ledger"
  if (keepsReply) {
    const kept = await keptReply(db, asked.command, running.now, asked.upload)
    if (kept !== undefined) return respond(c, kept)
  }
  try {
    const outcome = await endpoint.handle(contextOf(running, config, caller, asked.command, work, db), asked)
    if (outcome instanceof Response) return await handOn(c, outcome)
    if ("ok" in outcome) throw new RefusalError(outcome.error)
    if (keepsReply) work.add(...keepReply(db, asked.command, outcome, running.now))
    await work.commit(db)
    return respond(c, outcome)
  } catch (error) {
    // A look that fails says nothing: what refused the request stands.
    const look = keepsReply && mayBeOvertaken(error) ? keptReply(db, asked.command, running.now, asked.upload) : undefined
    const first = await look?.catch(() => undefined)
    if (first !== undefined) return respond(c, first)
    await work.refused(error)
    throw error
  }
}

/** Reads the path, the query and the body; a stream is opened, and read by the handler. */
async function askedBy(actor: Actor | undefined, running: Running, config: Config): Promise<Asked> {
  const { c, endpoint, origin } = running
  const { spec } = endpoint
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
    ? await commandOf(c.req.raw, principal, c.req.path, repeatable(c.req.url, bytes), secret)
    : { id: "", requestHash: "", hasKey: false }
  return { params, query, body, upload, command }
}

const keepAlive =
  (c: Context<HonoEnv>) =>
  (work: Promise<unknown>): void =>
    c.executionCtx.waitUntil(work)

/** Where the handler puts what is to be written, and what it tells of once that is committed. */
const workOf = ({ c, now, origin, actor }: Running, live: Live): UnitOfWork =>
  new UnitOfWork(now, origin, actor === undefined ? undefined : refOf(actor), {
    events: (orgIds) => c.executionCtx.waitUntil(live.announce(c.env, orgIds)),
    revoked: (orgId, subjects) => c.executionCtx.waitUntil(live.revoke(c.env, orgId, subjects)),
  })

/** What the handler gets: of its caller, where there is one, or of the organization that a signed URL names. */
function contextOf(
  { c, requestId, meter, now, origin, orgId, responseHeaders }: Running,
  config: Config,
  caller: Authenticated | undefined,
  command: Command,
  work: UnitOfWork,
  db: TenantDb,
): PublicCtx | Ctx | SignedCtx {
  const { raw } = c.req
  const publicCtx: PublicCtx = {
    env: c.env,
    config,
    meter,
    now,
    requestId,
    request: raw,
    origin,
    headers: raw.headers,
    signal: raw.signal,
    publicUrl: publicUrlOf(config, c.req.url),
    work,
    mailer: mailerOf(config, () => acrossTenants(c.env, meter, "mails are kept for whoever asks in development"), now),
    command,
    defer: keepAlive(c),
    responseHeaders,
  }
  // Added to, not copied: a copy of so many members costs more than the rest of this.
  if (caller !== undefined) {
    const { actor, grant } = caller
    return Object.assign(publicCtx, { actor, grant, orgId: actor.orgId, db, ifMatch: ifMatchOf(raw) })
  }
  return orgId === undefined ? publicCtx : Object.assign(publicCtx, { actor: undefined, orgId, db })
}

/** A handler's own response; 304 where its reader has this version already. */
async function handOn(c: Context<HonoEnv>, response: Response): Promise<Response> {
  // A socket's response is handed on as it is: a copy has no socket.
  if (response.webSocket !== null) return response
  const etag = response.headers.get("etag")
  if (etag === null || !isNotModified(c, etag)) return new Response(response.body, response)
  await response.body?.cancel()
  return new Response(null, { status: 304, headers: { etag } })
}

/** What a repeat under one Idempotency-Key must send again: the body, and the query where there is one. */
function repeatable(url: string, body: Uint8Array): Uint8Array {
  const query = new TextEncoder().encode(new URL(url).search)
  if (query.byteLength === 0) return body
  const both = new Uint8Array(query.byteLength + 1 + body.byteLength)
  both.set(query)
  both.set(body, query.byteLength + 1)
  return both
}

const isStreamed = ({ c, endpoint: { spec } }: Running): boolean =>
  takesStream(spec) && !(spec.bodyType === "json-or-stream" && /^\s*application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? ""))

/**
 * Two requests with one key at once: what the first did refuses the second, on its key or by what its handler finds (an
 * address that is taken). It answers what the first did, and a refusal under a key costs a trip to see that there is none.
 */
const mayBeOvertaken = (error: unknown): boolean =>
  error instanceof RefusalError || (error instanceof Error && uniqueViolation(error.message)?.startsWith("idempotency_keys.") === true)

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
