import { type Endpoint, endpoint, publicEndpoint } from "../../platform/http/endpoint.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams, pageQueryAlone } from "../../platform/http/schemas.ts"
import { deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { toOrganizationView } from "../organizations/index.ts"
import { changePassword } from "./change-password.ts"
import { devMailList, devMailQuery, readKeptMails } from "./dev-mail.ts"
import { forgotPassword } from "./forgot-password.ts"
import { listSessions } from "./list-sessions.ts"
import { readMe, updateMe } from "./me.ts"
import { refreshSession } from "./refresh-session.ts"
import { register } from "./register.ts"
import { resetPassword } from "./reset-password.ts"
import {
  changePasswordInput,
  forgotPasswordInput,
  meView,
  refreshInput,
  registeredView,
  registerInput,
  resetPasswordInput,
  sessionList,
  signInInput,
  signOutInput,
  tokensView,
  updateMeInput,
} from "./schemas.ts"
import { signIn } from "./sign-in.ts"
import { endOwnSession, signOut } from "./sign-out.ts"
import { toUserView } from "./views.ts"

const tag = "Auth"

export const authEndpoints: readonly Endpoint[] = [
  publicEndpoint(
    {
      operationId: "register",
      method: "post",
      path: "/auth/register",
      tag,
      summary: "Found an organization and own it, or join one by invitation",
      description: "Roles and organizations are never taken from the body: a founder is the owner, a guest gets what the invitation says.",
      access: "public",
      body: registerInput,
      success: { status: 201, schema: registeredView, description: "The user, the organization, and tokens: signed in already." },
      errors: ["EMAIL_TAKEN", "CONFLICT", "TOKEN_EXPIRED", "ORGANIZATION_DEACTIVATED"],
    },
    async (ctx, { body }) => {
      const result = await register(ctx, body)
      if (!result.ok) return result
      const { user, organization, pair } = result.value
      return reply.created({ user: toUserView(user), organization: toOrganizationView(organization), ...pair }, `/users/${user.id}`)
    },
  ),
  publicEndpoint(
    {
      operationId: "signIn",
      method: "post",
      path: "/auth/token",
      tag,
      summary: "Sign in, by JSON or by the OAuth 2.0 password form",
      access: "public",
      body: signInInput,
      bodyType: "json-or-form",
      success: { status: 200, schema: tokensView, description: "An access token and a refresh token." },
      errors: ["INVALID_CREDENTIALS"],
      isSignIn: true,
    },
    async (ctx, { body }) => {
      const result = await signIn(ctx, body)
      return result.ok ? reply.ok(result.value) : result
    },
  ),
  publicEndpoint(
    {
      operationId: "refreshSession",
      method: "post",
      path: "/auth/refresh",
      tag,
      summary: "Get fresh tokens; the refresh token is spent by it",
      description: "A spent refresh token that comes again ends the whole session: two hold it, and nobody can tell which is the thief.",
      access: "public",
      body: refreshInput,
      success: { status: 200, schema: tokensView, description: "The next pair of tokens." },
      errors: ["UNAUTHENTICATED", "TOKEN_EXPIRED", "TOKEN_REUSED"],
    },
    async (ctx, { body }) => {
      const result = await refreshSession(ctx, body.refresh_token)
      return result.ok ? reply.ok(result.value) : result
    },
  ),
  endpoint(
    {
      operationId: "signOut",
      method: "post",
      path: "/auth/logout",
      tag,
      summary: "End this session",
      access: "signed-in",
      body: signOutInput,
      success: { status: 204, description: "The session's tokens are void." },
      allowedWhenDeactivated: true,
    },
    async (ctx, { body }) => {
      await signOut(ctx, body?.refresh_token)
      return reply.noContent()
    },
  ),
  publicEndpoint(
    {
      operationId: "forgotPassword",
      method: "post",
      path: "/auth/forgot-password",
      tag,
      summary: "Ask for a mail with a token to set a new password",
      description: "The same answer whether or not the address exists.",
      access: "public",
      body: forgotPasswordInput,
      success: { status: 202, description: "If the address is somebody's, a mail is on its way." },
      isSignIn: true,
    },
    (ctx, { body }) => {
      forgotPassword(ctx, body.email)
      return reply.accepted()
    },
  ),
  publicEndpoint(
    {
      operationId: "resetPassword",
      method: "post",
      path: "/auth/reset-password",
      tag,
      summary: "Set a new password by the token from the mail",
      description: "The token works once. Every session of the user ends.",
      access: "public",
      body: resetPasswordInput,
      success: { status: 204, description: "The new password holds." },
      errors: ["TOKEN_EXPIRED"],
    },
    async (ctx, { body }) => {
      const result = await resetPassword(ctx, body)
      return result.ok ? reply.noContent() : result
    },
  ),
  endpoint(
    {
      operationId: "readMe",
      method: "get",
      path: "/auth/me",
      tag,
      summary: "Who am I: user, organization, roles, permissions",
      access: "signed-in",
      success: { status: 200, schema: meView, description: "The signed-in person." },
    },
    async (ctx) => reply.ok(await readMe(ctx)),
  ),
  endpoint(
    {
      operationId: "updateMe",
      method: "patch",
      path: "/auth/me",
      tag,
      summary: "Change one's own profile",
      access: "signed-in",
      body: updateMeInput,
      success: { status: 200, schema: meView, description: "The signed-in person as they are now." },
      errors: ["VERSION_MISMATCH"],
    },
    async (ctx, { body }) => reply.ok(await updateMe(ctx, body)),
  ),
  endpoint(
    {
      operationId: "changePassword",
      method: "post",
      path: "/auth/me/change-password",
      tag,
      summary: "Change one's own password; other sessions end",
      access: "signed-in",
      body: changePasswordInput,
      success: { status: 204, description: "The new password holds; this session goes on." },
      errors: ["INVALID_CREDENTIALS", "VERSION_MISMATCH"],
      isSignIn: true,
      allowedWhenDeactivated: true,
    },
    async (ctx, { body }) => {
      const result = await changePassword(ctx, body)
      return result.ok ? reply.noContent() : result
    },
  ),
  listEndpoint(
    {
      operationId: "listSessions",
      path: "/auth/sessions",
      tag,
      summary: "List one's own open sessions",
      access: "signed-in",
      query: pageQueryAlone,
      success: { schema: sessionList, description: "A page of sessions, newest first." },
    },
    (ctx, { query }) => listSessions(ctx, query),
  ),
  deleteEndpoint(
    {
      operationId: "endSession",
      path: "/auth/sessions/{id}",
      tag,
      summary: "End one of one's own sessions",
      access: "signed-in",
      params: idParams("ses"),
      success: { description: "Its tokens are void." },
      errors: ["NOT_FOUND"],
      allowedWhenDeactivated: true,
    },
    (ctx, { params }) => endOwnSession(ctx, params.id),
  ),
  publicEndpoint(
    {
      operationId: "readKeptMails",
      method: "get",
      path: "./dev/mail",
      tag,
      summary: "Read mails that were kept instead of sent",
      access: "public",
      query: devMailQuery,
      success: { status: 200, schema: devMailList, description: "Mails to the address, newest first." },
      isHidden: true,
      isDevelopmentOnly: true,
    },
    async (ctx, { query }) => reply.ok(await readKeptMails(ctx, query.to)),
  ),
]
