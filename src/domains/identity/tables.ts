import { index, integer, primaryKey, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import type { ApiKeyId, Id, InvitationId, RoleId, SessionId, UserId } from "../../kernel/ids.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { tenantTable } from "../../platform/db/tables.ts"

/** People. Each belongs to one organization, by an address that is unique across the platform. */
export const users = tenantTable(
  "users",
  {
    id: text("id").$type<UserId>().notNull(),
    email: text("email").notNull(),
    fullName: text("full_name").notNull(),
    /** Null until an invited person has chosen a password. */
    passwordHash: text("password_hash"),
    /** Names of built-in and custom roles. */
    roles: text("roles", { mode: "json" }).$type<readonly string[]>().notNull(),
    isActive: integer("is_active", { mode: "boolean" }).notNull(),
    version: integer("version").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), uniqueIndex("users_email").on(t.email), uniqueIndex("users_id").on(t.id)],
)

/** One sign-in and all tokens that follow from it: the family that a replayed refresh token ends. */
export const sessions = tenantTable(
  "sessions",
  {
    userId: text("user_id").$type<UserId>().notNull(),
    id: text("id").$type<SessionId>().notNull(),
    ipAddress: text("ip_address"),
    userAgent: text("user_agent"),
    createdAt: integer("created_at").notNull(),
    lastUsedAt: integer("last_used_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    revokedAt: integer("revoked_at"),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.userId, t.id] })],
)

/** Hashes of refresh tokens, spent ones too. The id is in the token, so that a lookup is one key and the hash only compared. */
export const refreshTokens = tenantTable("refresh_tokens", {
  id: text("id").$type<Id<"rft">>().primaryKey(),
  userId: text("user_id").$type<UserId>().notNull(),
  sessionId: text("session_id").$type<SessionId>().notNull(),
  hash: text("hash").notNull(),
  expiresAt: integer("expires_at").notNull(),
  spentAt: integer("spent_at"),
})

export const resetTokens = tenantTable(
  "reset_tokens",
  {
    hash: text("hash").primaryKey(),
    userId: text("user_id").$type<UserId>().notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (t) => [index("reset_tokens_user").on(t.orgId, t.userId), index("reset_tokens_expires_at").on(t.expiresAt)],
)

export const invitations = tenantTable(
  "invitations",
  {
    id: text("id").$type<InvitationId>().notNull(),
    email: text("email").notNull(),
    roles: text("roles", { mode: "json" }).$type<readonly string[]>().notNull(),
    tokenHash: text("token_hash").notNull(),
    /** The user that waits for a password, where somebody made one ahead; redeeming makes it otherwise. */
    userId: text("user_id").$type<UserId>(),
    invitedBy: text("invited_by"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    uniqueIndex("invitations_token_hash").on(t.tokenHash),
    uniqueIndex("invitations_email").on(t.orgId, t.email),
    index("invitations_expires_at").on(t.expiresAt),
  ],
)

/** Roles that an organization defines. The name never changes: users, invitations and tokens carry it. */
export const customRoles = tenantTable(
  "custom_roles",
  {
    id: text("id").$type<RoleId>().notNull(),
    name: text("name").notNull(),
    description: text("description").notNull(),
    permissions: text("permissions", { mode: "json" }).$type<readonly Permission[]>().notNull(),
    version: integer("version").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), uniqueIndex("custom_roles_name").on(t.orgId, t.name)],
)

export const apiKeys = tenantTable(
  "api_keys",
  {
    id: text("id").$type<ApiKeyId>().notNull(),
    name: text("name").notNull(),
    /** The secret's last four characters, so that people can tell keys apart. */
    hint: text("hint").notNull(),
    secretHash: text("secret_hash").notNull(),
    permissions: text("permissions", { mode: "json" }).$type<readonly Permission[]>().notNull(),
    createdBy: text("created_by"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at"),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), uniqueIndex("api_keys_secret_hash").on(t.secretHash)],
)

export type UserRow = typeof users.$inferSelect
export type InvitationRow = typeof invitations.$inferSelect
export type CustomRoleRow = typeof customRoles.$inferSelect
export type ApiKeyRow = typeof apiKeys.$inferSelect
