import { eq, sql } from "drizzle-orm"
import { randomSecret, sha256Hex } from "../../kernel/digest.ts"
import { type ApiKeyId, newId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { apiKeyPrefix } from "../../platform/auth/authenticate.ts"
import { revokeAccess } from "../../platform/auth/revoke-access.ts"
import { oldestFirst } from "../../platform/db/by-id.ts"
import { guard, guardChanged } from "../../platform/db/guards.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { pageById } from "../../platform/http/page.ts"
import type { PageQuery } from "../../platform/http/schemas.ts"
import { identityEvents } from "./events.ts"
import { assertCovers } from "./role-authority.ts"
import type { CreateApiKey } from "./schemas.ts"
import { type ApiKeyRow, apiKeys } from "./tables.ts"
import { toApiKeyView } from "./views.ts"

/** The organization's keys, oldest first, without their secrets: nobody has those. */
export async function listApiKeys(ctx: Ctx, query: PageQuery) {
  return pageById("api-keys", "key", query, (within) => oldestFirst(ctx.db, apiKeys, within), toApiKeyView)
}

const hintChars = 4

/** A key for a service, with permissions of its maker's. @throws RefusalError FORBIDDEN, VALIDATION_FAILED; CONFLICT past the limit. */
export async function createApiKey(ctx: Ctx, input: CreateApiKey): Promise<{ key: ApiKeyRow; secret: string }> {
  assertCovers(ctx.actor, input.permissions)
  if (input.expires_at !== undefined && input.expires_at <= ctx.now) throw invalidAt("/expires_at", "Must be in the future.")
  const secret = apiKeyPrefix + randomSecret()
  const key: ApiKeyRow = {
    orgId: ctx.orgId,
    id: newId("key", ctx.now),
    name: input.name,
    hint: secret.slice(-hintChars),
    secretHash: await sha256Hex(secret),
    permissions: input.permissions,
    createdBy: ctx.actor.id,
    createdAt: ctx.now,
    expiresAt: input.expires_at ?? null,
  }
  ctx.work
    .add(
      ctx.db.insert(apiKeys, key),
      guard("CONFLICT", sql`(select count(*) from api_keys where org_id = ${ctx.orgId}) <= ${limits.apiKeysMax}`),
    )
    .audit(ctx.db, { action: "identity.api-key.create", entity: "api_key", entityId: key.id, after: toApiKeyView(key) })
    .event(ctx.db, identityEvents.apiKeyCreated, toApiKeyView(key))
  return { key, secret }
}

/** Isolates that remember the key forget it within ten seconds. */
export async function revokeApiKey(ctx: Ctx, id: ApiKeyId): Promise<void> {
  const key = await ctx.db.byId(apiKeys, id)
  if (key === undefined) throw new RefusalError({ code: "NOT_FOUND" })
  ctx.work
    .add(ctx.db.delete(apiKeys, eq(apiKeys.id, id)), guardChanged("NOT_FOUND"))
    .audit(ctx.db, { action: "identity.api-key.revoke", entity: "api_key", entityId: id, before: toApiKeyView(key) })
    .event(ctx.db, identityEvents.apiKeyRevoked, toApiKeyView(key))
  revokeAccess(ctx, ctx.orgId, id)
}
