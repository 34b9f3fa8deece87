import type { Context } from "hono"
import { type OrganizationId, platformOrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { Instant } from "../../kernel/time.ts"
import { type Actor, refOf } from "../auth/actor.ts"
import { type Authenticated, authenticate, type Directory } from "../auth/authenticate.ts"
import type { Meter } from "../db/meter.ts"
import { TenantDb } from "../db/tenant-db.ts"
import { type Origin, UnitOfWork } from "../db/unit-of-work.ts"
import type { Bindings, Config } from "../env.ts"
import { type Endpoint, fullPath, isMutation, permissionsRequired } from "./endpoint.ts"
import { limitAddress, limitPrincipal, networkOf } from "./rate-limit.ts"
import { verifySignedUrl } from "./signed-url.ts"
import type { Upload } from "./upload.ts"

export type HonoEnv = { Bindings: Bindings }

/** A request on its way, and what is known of it so far. */
export type Running = {
  readonly c: Context<HonoEnv>
  readonly endpoint: Endpoint
  readonly requestId: string
  readonly meter: Meter
  readonly now: Instant
  readonly origin: Origin
  readonly responseHeaders: Map<string, string>
  upload?: Upload
  orgId?: OrganizationId
  actor?: Actor
}

/**
 * Who asks, counted against a rate and held against what the route asks for: whom a token names; an organization alone,
 * which a signed URL names; or nobody. From then on the request knows whose it is.
 * @throws RefusalError
 */
export async function callerOf(running: Running, config: Config, directory: Directory): Promise<Authenticated | undefined> {
  const { c, endpoint, meter, now, origin } = running
  if (endpoint.isPublic) await limitAddress(c.env, config, origin)
  if (isSignedUrl(running)) {
    running.orgId = await bySignedUrl(running, config)
    return undefined
  }
  if (endpoint.isPublic) return undefined
  const request = {
    env: c.env,
    config,
    meter,
    now,
    headers: c.req.raw.headers,
    url: c.req.url,
    isSocket: endpoint.spec.isSocket === true,
    keepAlive: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
  }
  const caller = await authenticate(request, directory).catch(async (error: unknown) => {
    // Whoever cannot say who they are is counted by address, so that tokens cannot be guessed at leisure.
    await limitAddress(c.env, config, origin)
    throw error
  })
  const { actor, selectedOrganization } = caller
  running.actor = actor
  running.orgId = actor.orgId
  await limitPrincipal(c.env, config, actor.id, now)
  authorizeRoute(endpoint, actor)
  if (selectedOrganization !== undefined) await auditSelection(running, actor, selectedOrganization)
  return caller
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
