import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { builtInRoleNames } from "../../platform/auth/roles.ts"
import { emailInput, idView, instantView, lazily, listOf, nameInput, passwordInput, textInput } from "../../platform/http/schemas.ts"
import { newOrganizationInput, organizationView } from "../organizations/index.ts"
import { grantable, roleNamePattern } from "./rules.ts"

const tokenCharsMax = 200
const opaqueToken = z.string().min(1).max(tokenCharsMax)
const exampleToken = "q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80"

/** Any password that could be somebody's: what makes a good one is asked where one is set. */
const presentedPassword = z.string().min(1).max(limits.passwordCharsMax).openapi({ format: "password", example: "correct horse battery" })

const rolesInput = z
  .array(z.string().min(1).max(50))
  .min(1)
  .max(limits.rolesPerUserMax)
  .transform((given) => [...new Set(given)])
  .openapi({
    example: ["manager"],
    description: `Built-in: ${builtInRoleNames.filter((name) => name !== "super_admin").join(", ")}; or custom ones.`,
  })

const permissionsInput = z
  .array(z.enum(grantable))
  .min(1)
  .max(limits.permissionsPerRoleMax)
  .transform((given) => [...new Set(given)])
  .openapi({ example: ["orders.order.read", "inventory.stock.read"] })

export const userView = lazily(() =>
  z
    .object({
      id: idView("usr"),
      email: z.string(),
      full_name: z.string(),
      roles: z.array(z.string()),
      is_active: z.boolean(),
      created_at: instantView,
      version: z.int(),
    })
    .openapi("User", {
      example: {
        id: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq",
        email: "manager@green-valley.example",
        full_name: "Ada Moreno",
        roles: ["manager"],
        is_active: true,
        created_at: "2026-01-31T09:30:00.000Z",
        version: 1,
      },
    }),
)
export type UserView = z.output<typeof userView>
export const userList = listOf(userView, "UserList")

const tokenFields = () => ({
  access_token: z
    .string()
    .nullable()
    .openapi({ description: "A JWT for the Authorization header. Null in the answer to a repeated Idempotency-Key." }),
  refresh_token: z.string().nullable().openapi({ description: "Good for one refresh." }),
  token_type: z.literal("bearer"),
  expires_in: z.int().openapi({ description: "Seconds until the access token expires." }),
})
const exampleTokens = {
  access_token: "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJ1c3JfIn0.c2lnbmF0dXJl",
  refresh_token: `rft_01jd8x2y3zf4g5h6j7k8m9n0pq.${exampleToken}`,
  token_type: "bearer" as const,
  expires_in: limits.accessTokenSeconds,
}
export const tokensView = lazily(() => z.object(tokenFields()).openapi("Tokens", { example: exampleTokens }))
export const registeredView = lazily(() =>
  z.object({ user: userView, organization: organizationView, ...tokenFields() }).openapi("Registered"),
)

const foundInput = lazily(() =>
  z.strictObject({
    email: emailInput,
    password: passwordInput,
    full_name: nameInput.optional(),
    organization: newOrganizationInput,
  }),
)
const redeemInput = lazily(() =>
  z.strictObject({ invitation_token: opaqueToken, password: passwordInput, full_name: nameInput.optional() }),
)
export type FoundInput = z.output<typeof foundInput>
export type RedeemInput = z.output<typeof redeemInput>
export const registerInput = lazily(() =>
  z.union([foundInput, redeemInput]).openapi("Register", {
    example: {
      email: "owner@green-valley.example",
      password: "correct horse battery",
      full_name: "Ada Moreno",
      organization: { name: "Green Valley Farms", capabilities: ["supplier"] },
    },
  }),
)

/** JSON, or the password grant of OAuth 2.0 (RFC 6749, section 4.3), whose clients also send what is ignored here. */
export const signInInput = lazily(() =>
  z
    .union([
      z.strictObject({ email: emailInput, password: presentedPassword }),
      z
        .strictObject({
          grant_type: z.literal("password"),
          username: emailInput,
          password: presentedPassword,
          scope: z.string().optional(),
          client_id: z.string().optional(),
          client_secret: z.string().optional(),
        })
        .transform(({ username, password }) => ({ email: username, password })),
    ])
    .openapi("SignIn", { example: { email: "owner@green-valley.example", password: "correct horse battery" } }),
)

const refreshTokenField = opaqueToken.openapi({ example: exampleTokens.refresh_token })
export const refreshInput = lazily(() => z.strictObject({ refresh_token: refreshTokenField }).openapi("Refresh"))
export const signOutInput = lazily(() => z.strictObject({ refresh_token: refreshTokenField.optional() }).optional().openapi("SignOut"))
export const forgotPasswordInput = lazily(() => z.strictObject({ email: emailInput }).openapi("ForgotPassword"))

export const resetPasswordInput = lazily(() =>
  z
    .union([
      z.strictObject({ token: opaqueToken, password: passwordInput }),
      z
        .strictObject({ token: opaqueToken, new_password: passwordInput })
        .transform(({ token, new_password }) => ({ token, password: new_password })),
    ])
    .openapi("ResetPassword", { example: { token: exampleToken, password: "correct horse battery" } }),
)

export const changePasswordInput = lazily(() =>
  z.strictObject({ current_password: presentedPassword, new_password: passwordInput }).openapi("ChangePassword"),
)

export const meView = lazily(() =>
  z
    .object({
      id: idView("usr"),
      email: z.string(),
      full_name: z.string(),
      is_active: z.boolean(),
      organization: organizationView.unwrap().pick({ id: true, name: true, slug: true, capabilities: true, kyb_status: true }).nullable(),
      roles: z.array(z.string()),
      permissions: z.array(z.string()),
    })
    .openapi("Me"),
)
export const updateMeInput = lazily(() =>
  z.strictObject({ full_name: nameInput.optional() }).openapi("UpdateMe", { example: { full_name: "Ada Moreno" } }),
)

const sessionView = lazily(() =>
  z
    .object({
      id: idView("ses"),
      is_current: z.boolean(),
      ip_address: z.string().nullable(),
      user_agent: z.string().nullable(),
      created_at: instantView,
      last_used_at: instantView,
      expires_at: instantView,
    })
    .openapi("Session"),
)
export const sessionList = listOf(sessionView, "SessionList")

export const createUserInput = lazily(() =>
  z
    .strictObject({ email: emailInput, full_name: nameInput, password: passwordInput.optional(), roles: rolesInput })
    .openapi("CreateUser", { example: { email: "manager@green-valley.example", full_name: "Ada Moreno", roles: ["manager"] } }),
)
export type CreateUser = z.output<typeof createUserInput>

export const updateUserInput = lazily(() =>
  z
    .strictObject({ full_name: nameInput.optional(), email: emailInput.optional(), is_active: z.boolean().optional() })
    .openapi("UpdateUser", { example: { full_name: "Ada Moreno" } }),
)
export type UpdateUser = z.output<typeof updateUserInput>

export const assignRolesInput = lazily(() =>
  z.strictObject({ roles: rolesInput }).openapi("AssignRoles", { example: { roles: ["sales_rep"] } }),
)

export const roleView = lazily(() =>
  z
    .object({
      id: idView("rol").nullable().openapi({ description: "Null for built-in roles." }),
      name: z.string(),
      description: z.string(),
      permissions: z.array(z.string()),
      is_built_in: z.boolean(),
      created_at: instantView.nullable(),
      version: z.int(),
    })
    .openapi("Role"),
)
export type RoleView = z.output<typeof roleView>
export const roleList = listOf(roleView, "RoleList")

const roleName = z
  .string()
  .regex(roleNamePattern, "Must be 2 to 50 lower-case letters, digits or underscores, a letter first.")
  .openapi({ example: "night_shift" })
const roleDescription = textInput(limits.reasonCharsMax).openapi({ example: "Counts and sends out goods at night" })

export const defineRoleInput = lazily(() =>
  z.strictObject({ name: roleName, description: roleDescription.default(""), permissions: permissionsInput }).openapi("DefineRole"),
)
export type DefineRole = z.output<typeof defineRoleInput>
export const changeRoleInput = lazily(() =>
  z.strictObject({ description: roleDescription.optional(), permissions: permissionsInput.optional() }).openapi("ChangeRole"),
)
export type ChangeRole = z.output<typeof changeRoleInput>

export const invitationView = lazily(() =>
  z
    .object({
      id: idView("inv"),
      email: z.string(),
      roles: z.array(z.string()),
      user_id: idView("usr").nullable().openapi({ description: "The user made ahead, where there is one." }),
      invited_by: z.string().nullable(),
      created_at: instantView,
      expires_at: instantView,
    })
    .openapi("Invitation"),
)
export type InvitationView = z.output<typeof invitationView>
export const invitationList = listOf(invitationView, "InvitationList")
export const inviteInput = lazily(() =>
  z
    .strictObject({ email: emailInput, roles: rolesInput })
    .openapi("Invite", { example: { email: "new@green-valley.example", roles: ["staff"] } }),
)
export type Invite = z.output<typeof inviteInput>

const apiKeyFields = () => ({
  id: idView("key"),
  name: z.string(),
  hint: z.string().openapi({ description: "The secret's last four characters.", example: "x7Qa" }),
  permissions: z.array(z.string()),
  created_by: z.string().nullable(),
  created_at: instantView,
  expires_at: instantView.nullable(),
})
export const apiKeyView = lazily(() => z.object(apiKeyFields()).openapi("ApiKey"))
export type ApiKeyView = z.output<typeof apiKeyView>
export const createdApiKeyView = lazily(() =>
  z
    .object({
      ...apiKeyFields(),
      secret: z
        .string()
        .nullable()
        .openapi({ description: "Shown this once.", example: `wbk_${exampleToken}` }),
    })
    .openapi("CreatedApiKey"),
)
export const apiKeyList = listOf(apiKeyView, "ApiKeyList")

export const createApiKeyInput = lazily(() =>
  z
    .strictObject({
      name: nameInput,
      permissions: permissionsInput,
      expires_at: z.iso
        .datetime({ offset: true })
        .transform((text) => Date.parse(text))
        .optional()
        .openapi({ type: "string", format: "date-time", example: "2027-01-31T00:00:00Z" }),
    })
    .openapi("CreateApiKey", { example: { name: "Warehouse scanner", permissions: ["inventory.stock.read"] } }),
)
export type CreateApiKey = z.output<typeof createApiKeyInput>
