import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { createApiKey, listApiKeys, revokeApiKey } from "./api-keys.ts"
import { changeRole } from "./change-role.ts"
import { defineRole } from "./define-role.ts"
import { deleteRole } from "./delete-role.ts"
import { invite } from "./invite.ts"
import { listInvitations } from "./list-invitations.ts"
import { listRoles } from "./list-roles.ts"
import {
  apiKeyList,
  changeRoleInput,
  createApiKeyInput,
  createdApiKeyView,
  defineRoleInput,
  invitationList,
  invitationView,
  inviteInput,
  pageQueryOnly,
  roleList,
  roleView,
} from "./schemas.ts"
import { toApiKeyView, toInvitationView, toRoleView } from "./views.ts"
import { withdrawInvitation } from "./withdraw-invitation.ts"

const roleEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "listRoles",
      method: "get",
      path: "/roles",
      tag: "Roles",
      summary: "List built-in and custom roles with their permissions",
      access: "identity.role.read",
      query: pageQueryOnly,
      success: { status: 200, schema: roleList, description: "A page of roles by name." },
      isList: true,
    },
    async (ctx, { query }) => reply.ok(await listRoles(ctx, query)),
  ),
  endpoint(
    {
      operationId: "defineRole",
      method: "post",
      path: "/roles",
      tag: "Roles",
      summary: "Define a custom role",
      description: "Its permissions are among its maker's own. The name stays.",
      access: "identity.role.define",
      body: defineRoleInput,
      success: { status: 201, schema: roleView, description: "The role." },
      errors: ["CONFLICT"],
    },
    async (ctx, { body }) => {
      const result = await defineRole(ctx, body)
      if (!result.ok) return result
      return reply.created(toRoleView(result.value), `/roles/${result.value.id}`, { etag: etagOf(result.value.version) })
    },
  ),
  endpoint(
    {
      operationId: "changeRole",
      method: "patch",
      path: "/roles/{id}",
      tag: "Roles",
      summary: "Change a custom role",
      description: "Access tokens of its holders end; a refresh brings the new permissions.",
      access: "identity.role.define",
      params: idParams("rol"),
      body: changeRoleInput,
      success: { status: 200, schema: roleView, description: "The role as it is now." },
    },
    async (ctx, { params: { id }, body }) => {
      const role = await changeRole(ctx, id, body)
      return reply.ok(toRoleView(role), { etag: etagOf(role.version) })
    },
  ),
  endpoint(
    {
      operationId: "deleteRole",
      method: "delete",
      path: "/roles/{id}",
      tag: "Roles",
      summary: "Delete a custom role that nobody has",
      access: "identity.role.define",
      params: idParams("rol"),
      success: { status: 204, description: "Deleted." },
      errors: ["ROLE_IN_USE", "VERSION_MISMATCH"],
    },
    async (ctx, { params: { id } }) => {
      await deleteRole(ctx, id)
      return reply.noContent()
    },
  ),
]

const invitationEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "listInvitations",
      method: "get",
      path: "/invitations",
      tag: "Invitations",
      summary: "List open invitations",
      access: "identity.invitation.read",
      query: pageQueryOnly,
      success: { status: 200, schema: invitationList, description: "A page of invitations, oldest first." },
      isList: true,
    },
    async (ctx, { query }) => reply.ok(await listInvitations(ctx, query)),
  ),
  endpoint(
    {
      operationId: "invite",
      method: "post",
      path: "/invitations",
      tag: "Invitations",
      summary: "Invite somebody by mail, with roles",
      access: "identity.invitation.manage",
      body: inviteInput,
      success: { status: 201, schema: invitationView, description: "The invitation; its token is in the mail alone." },
      errors: ["EMAIL_TAKEN", "CONFLICT", "VERSION_MISMATCH"],
      isSignIn: true,
    },
    async (ctx, { body }) => {
      const invitation = await invite(ctx, body)
      return reply.created(toInvitationView(invitation), `/invitations/${invitation.id}`)
    },
  ),
  endpoint(
    {
      operationId: "withdrawInvitation",
      method: "delete",
      path: "/invitations/{id}",
      tag: "Invitations",
      summary: "Withdraw an invitation",
      access: "identity.invitation.manage",
      params: idParams("inv"),
      success: { status: 204, description: "Its token is void." },
    },
    async (ctx, { params: { id } }) => {
      await withdrawInvitation(ctx, id)
      return reply.noContent()
    },
  ),
]

const apiKeyEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "listApiKeys",
      method: "get",
      path: "/api-keys",
      tag: "API keys",
      summary: "List API keys",
      access: "identity.api-key.read",
      query: pageQueryOnly,
      success: { status: 200, schema: apiKeyList, description: "A page of keys, oldest first, without secrets." },
      isList: true,
    },
    async (ctx, { query }) => reply.ok(await listApiKeys(ctx, query)),
  ),
  endpoint(
    {
      operationId: "createApiKey",
      method: "post",
      path: "/api-keys",
      tag: "API keys",
      summary: "Create an API key for a service",
      description: "Its permissions are among its maker's own. The secret is shown once and kept as a hash.",
      access: "identity.api-key.manage",
      body: createApiKeyInput,
      success: { status: 201, schema: createdApiKeyView, description: "The key with its secret." },
      errors: ["CONFLICT"],
    },
    async (ctx, { body }) => {
      const { key, secret } = await createApiKey(ctx, body)
      return reply.created({ ...toApiKeyView(key), secret }, `/api-keys/${key.id}`)
    },
  ),
  endpoint(
    {
      operationId: "revokeApiKey",
      method: "delete",
      path: "/api-keys/{id}",
      tag: "API keys",
      summary: "Revoke an API key",
      access: "identity.api-key.manage",
      params: idParams("key"),
      success: { status: 204, description: "Revoked." },
    },
    async (ctx, { params: { id } }) => {
      await revokeApiKey(ctx, id)
      return reply.noContent()
    },
  ),
]

export const accessEndpoints: readonly Endpoint[] = [...roleEndpoints, ...invitationEndpoints, ...apiKeyEndpoints]
