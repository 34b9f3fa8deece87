import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { idParams, pageQueryAlone } from "../../platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
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
  roleList,
  roleView,
} from "./schemas.ts"
import { toApiKeyView, toInvitationView, toRoleView } from "./views.ts"
import { withdrawInvitation } from "./withdraw-invitation.ts"

const roleEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listRoles",
      path: "/roles",
      tag: "Roles",
      summary: "List built-in and custom roles with their permissions",
      access: "identity.role.read",
      query: pageQueryAlone,
      success: { schema: roleList, description: "A page of roles by name." },
    },
    (ctx, { query }) => listRoles(ctx, query),
  ),
  createEndpoint(
    {
      operationId: "defineRole",
      path: "/roles",
      tag: "Roles",
      summary: "Define a custom role",
      description: "Its permissions are among its maker's own. The name stays.",
      access: "identity.role.define",
      body: defineRoleInput,
      success: { schema: roleView, description: "The role." },
      errors: ["CONFLICT"],
    },
    async (ctx, { body }) => {
      const result = await defineRole(ctx, body)
      if (!result.ok) return result
      return { view: { ...toRoleView(result.value), id: result.value.id }, etag: etagOf(result.value.version) }
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
  deleteEndpoint(
    {
      operationId: "deleteRole",
      path: "/roles/{id}",
      tag: "Roles",
      summary: "Delete a custom role that nobody has",
      access: "identity.role.define",
      params: idParams("rol"),
      success: { description: "Deleted." },
      errors: ["ROLE_IN_USE", "VERSION_MISMATCH"],
    },
    (ctx, { params: { id } }) => deleteRole(ctx, id),
  ),
]

const invitationEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listInvitations",
      path: "/invitations",
      tag: "Invitations",
      summary: "List open invitations",
      access: "identity.invitation.read",
      query: pageQueryAlone,
      success: { schema: invitationList, description: "A page of invitations, oldest first." },
    },
    (ctx, { query }) => listInvitations(ctx, query),
  ),
  createEndpoint(
    {
      operationId: "invite",
      path: "/invitations",
      tag: "Invitations",
      summary: "Invite somebody by mail, with roles",
      access: "identity.invitation.manage",
      body: inviteInput,
      success: { schema: invitationView, description: "The invitation; its token is in the mail alone." },
      errors: ["EMAIL_TAKEN", "CONFLICT", "VERSION_MISMATCH"],
      isSignIn: true,
    },
    async (ctx, { body }) => {
      const invitation = await invite(ctx, body)
      return { view: toInvitationView(invitation) }
    },
  ),
  deleteEndpoint(
    {
      operationId: "withdrawInvitation",
      path: "/invitations/{id}",
      tag: "Invitations",
      summary: "Withdraw an invitation",
      access: "identity.invitation.manage",
      params: idParams("inv"),
      success: { description: "Its token is void." },
    },
    (ctx, { params: { id } }) => withdrawInvitation(ctx, id),
  ),
]

const apiKeyEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listApiKeys",
      path: "/api-keys",
      tag: "API keys",
      summary: "List API keys",
      access: "identity.api-key.read",
      query: pageQueryAlone,
      success: { schema: apiKeyList, description: "A page of keys, oldest first, without secrets." },
    },
    (ctx, { query }) => listApiKeys(ctx, query),
  ),
  createEndpoint(
    {
      operationId: "createApiKey",
      path: "/api-keys",
      tag: "API keys",
      summary: "Create an API key for a service",
      description: "Its permissions are among its maker's own. The secret is shown once and kept as a hash.",
      access: "identity.api-key.manage",
      body: createApiKeyInput,
      success: { schema: createdApiKeyView, description: "The key with its secret." },
      errors: ["CONFLICT"],
    },
    async (ctx, { body }) => {
      const { key, secret } = await createApiKey(ctx, body)
      return { view: { ...toApiKeyView(key), secret } }
    },
  ),
  deleteEndpoint(
    {
      operationId: "revokeApiKey",
      path: "/api-keys/{id}",
      tag: "API keys",
      summary: "Revoke an API key",
      access: "identity.api-key.manage",
      params: idParams("key"),
      success: { description: "Revoked." },
    },
    (ctx, { params: { id } }) => revokeApiKey(ctx, id),
  ),
]

export const accessEndpoints: readonly Endpoint[] = [...roleEndpoints, ...invitationEndpoints, ...apiKeyEndpoints]
