import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { idParams, pageQueryAlone } from "../../platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { createOrganizationInput, organizationView, toOrganizationView } from "../organizations/index.ts"
import { assignRoles } from "./assign-roles.ts"
import { createOrganization } from "./create-organization.ts"
import { createUser } from "./create-user.ts"
import { disableUser } from "./disable-user.ts"
import { listUsers, readUser } from "./read-users.ts"
import { assignRolesInput, createUserInput, updateUserInput, userList, userView } from "./schemas.ts"
import type { UserRow } from "./tables.ts"
import { updateUser } from "./update-user.ts"
import { toUserView } from "./views.ts"

const tag = "Users"
const params = idParams("usr")

const shown = (row: UserRow) => ({ view: toUserView(row), etag: etagOf(row.version) })

export const userEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listUsers",
      path: "/users",
      tag,
      summary: "List users of the organization",
      description: "Field managers see their own scope.",
      access: ["identity.user.read", "identity.user.read-scoped"],
      query: pageQueryAlone,
      success: { schema: userList, description: "A page of users, oldest first." },
    },
    (ctx, { query }) => listUsers(ctx, query),
  ),
  createEndpoint(
    {
      operationId: "createUser",
      path: "/users",
      tag,
      summary: "Create a user with roles",
      description: "Without a password, an invitation to choose one goes out. Nobody assigns roles that say more than their own.",
      access: "identity.user.create",
      body: createUserInput,
      success: { schema: userView, description: "The user." },
      errors: ["EMAIL_TAKEN", "VERSION_MISMATCH"],
    },
    async (ctx, { body }) => shown(await createUser(ctx, body)),
  ),
  endpoint(
    {
      operationId: "getUser",
      method: "get",
      path: "/users/{id}",
      tag,
      summary: "Read a user: oneself, or anybody with identity.user.read",
      access: "signed-in",
      params,
      success: { status: 200, schema: userView, description: "The user." },
      errors: ["FORBIDDEN"],
    },
    async (ctx, { params: { id } }) => reply.shown(shown(await readUser(ctx, id))),
  ),
  endpoint(
    {
      operationId: "updateUser",
      method: "patch",
      path: "/users/{id}",
      tag,
      summary: "Change a user: one's own name, or anybody with identity.user.update",
      access: "signed-in",
      params,
      body: updateUserInput,
      success: { status: 200, schema: userView, description: "The user as they are now." },
      errors: ["FORBIDDEN", "EMAIL_TAKEN", "LAST_OWNER"],
    },
    async (ctx, { params: { id }, body }) => reply.shown(shown(await updateUser(ctx, id, body))),
  ),
  deleteEndpoint(
    {
      operationId: "disableUser",
      path: "/users/{id}",
      tag,
      summary: "Disable a user; their sessions end at once",
      access: "identity.user.disable",
      params,
      success: { description: "Disabled." },
      errors: ["LAST_OWNER", "VERSION_MISMATCH"],
    },
    (ctx, { params: { id } }) => disableUser(ctx, id),
  ),
  endpoint(
    {
      operationId: "assignRoles",
      method: "post",
      path: "/users/{id}/roles",
      tag,
      summary: "Replace a user's roles",
      access: "identity.role.assign",
      params,
      body: assignRolesInput,
      success: { status: 200, schema: userView, description: "The user with the new roles." },
      errors: ["LAST_OWNER", "VERSION_MISMATCH"],
    },
    async (ctx, { params: { id }, body }) => reply.shown(shown(await assignRoles(ctx, id, body.roles))),
  ),
  createEndpoint(
    {
      operationId: "createOrganization",
      path: "/organizations",
      tag: "Organizations",
      summary: "Create an organization, and invite its owner",
      access: "platform.organization.manage",
      body: createOrganizationInput,
      success: { schema: organizationView, description: "The organization." },
      errors: ["CONFLICT", "EMAIL_TAKEN"],
    },
    async (ctx, { body }) => {
      const organization = await createOrganization(ctx, body)
      return { view: toOrganizationView(organization), etag: etagOf(organization.version) }
    },
  ),
]
