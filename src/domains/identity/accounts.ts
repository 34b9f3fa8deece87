import { eq, type SQL, sql } from "drizzle-orm"
import type { ErrorCode } from "../../kernel/errors.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import type { ActorRef } from "../../platform/auth/actor.ts"
import type { Row, Statement } from "../../platform/db/executor.ts"
import { guard } from "../../platform/db/guards.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import { type AcrossDb, acrossTenants, TenantDb } from "../../platform/db/tenant-db.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { emailTaken } from "./refusals.ts"
import { type UserRow, users } from "./tables.ts"

/** A user with all that an access token says of them: what sign-in and refresh read in one statement. */
export type Account = {
  readonly user: UserRow
  readonly organization: { readonly slug: string; readonly isReadOnly: boolean; readonly version: number }
  readonly customRoles: readonly { readonly id: string; readonly version: number; readonly permissions: readonly string[] }[]
}

/** Who signs in, refreshes or redeems cannot say their organization yet: the one handle for that. */
export const anybody = (ctx: Pick<PublicCtx, "env" | "meter">): AcrossDb =>
  acrossTenants(ctx.env, ctx.meter, "an address or a one-time token finds its account before anybody is signed in")

/** The handle on an account's organization, once its address or token has named it. */
export const homeOf = (ctx: Pick<PublicCtx, "env" | "meter">, orgId: OrganizationId): TenantDb =>
  TenantDb.forSystem(ctx.env, ctx.meter, orgId, "an account's own organization, found by its address, token or session")

/** Columns of `users u join organizations o`; custom roles are looked up by name, which reads no row for built-in ones. */
export const accountColumns: SQL = sql`u.*, o.slug as organization_slug, o.status as organization_status, o.version as organization_version,
  (select json_group_array(json_object('id', r.id, 'version', r.version, 'permissions', json(r.permissions)))
   from json_each(u.roles) n join custom_roles r on r.org_id = u.org_id and r.name = n.value) as custom_role_list`

export const toAccount = (row: Row): Account => ({
  user: decodeRow(users, row),
  organization: {
    slug: String(row["organization_slug"]),
    isReadOnly: row["organization_status"] !== "ACTIVE",
    version: Number(row["organization_version"]),
  },
  customRoles: JSON.parse(String(row["custom_role_list"])) as Account["customRoles"],
})

export async function accountByEmail(ctx: PublicCtx, email: string): Promise<Account | undefined> {
  const [rows = []] = await anybody(ctx).query(
    sql`select ${accountColumns} from users u join organizations o on o.id = u.org_id where u.email = ${email}`,
  )
  return rows[0] === undefined ? undefined : toAccount(rows[0])
}

/** Early, before anything is hashed; the unique index has the last word. @throws RefusalError EMAIL_TAKEN. */
export async function assertEmailFree(ctx: Pick<PublicCtx, "env" | "meter">, email: string): Promise<void> {
  if ((await anybody(ctx).one(users, eq(users.email, email))) !== undefined) throw new RefusalError(emailTaken)
}

/**
 * INV-ID-5: tokens are issued on what is true when they are committed. Without this, one issued beside a change of
 * roles could be younger than the revocation and still carry the old ones.
 */
export function guardAccount({ user, organization, customRoles }: Account, code: ErrorCode): Statement {
  const person = sql`exists (select 1 from users u join organizations o on o.id = u.org_id
    where u.org_id = ${user.orgId} and u.id = ${user.id} and u.version = ${user.version} and o.version = ${organization.version})`
  return guard(code, customRoles.length === 0 ? person : sql`${person} and ${unchangedRoles(user.orgId, customRoles)}`)
}

/** Whether custom roles are still as they were read. */
export const unchangedRoles = (orgId: OrganizationId, roles: readonly { readonly id: string; readonly version: number }[]): SQL =>
  sql`(select count(*) from json_each(${JSON.stringify(roles.map(({ id, version }) => ({ id, version })))}) w
    join custom_roles r on r.org_id = ${orgId} and r.id = w.value ->> 'id' and r.version = w.value ->> 'version') = ${roles.length}`

export const refOfUser = (user: Pick<UserRow, "id" | "orgId" | "fullName">): ActorRef => ({
  kind: "USER",
  id: user.id,
  name: user.fullName,
  organizationId: user.orgId,
})
