import type { Endpoint } from "../../platform/http/endpoint.ts"
import { endpoint } from "../../platform/http/endpoint.ts"
import { etagOf, type Reply, reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { deactivateOrganization } from "./deactivate-organization.ts"
import { decideKyb } from "./decide-kyb.ts"
import { findOrganization } from "./find-organization.ts"
import { listDirectory, listOrganizations } from "./list-organizations.ts"
import {
  decideKybInput,
  directoryList,
  directoryQuery,
  organizationList,
  organizationQuery,
  organizationView,
  submitKybInput,
  updateOrganizationInput,
} from "./schemas.ts"
import { submitKyb } from "./submit-kyb.ts"
import type { OrganizationRow } from "./tables.ts"
import { updateOrganization } from "./update-organization.ts"
import { toOrganizationView } from "./views.ts"

const tag = "Organizations"
const params = idParams("org")

const show = (row: OrganizationRow): Reply => reply.ok(toOrganizationView(row), { etag: etagOf(row.version) })

/** `POST /organizations` stands in the identity domain, since it may invite an owner. */
export const organizationEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listOrganizations",
      path: "/organizations",
      tag,
      summary: "List every organization",
      access: "platform.organization.manage",
      query: organizationQuery,
      success: { schema: organizationList, description: "A page of organizations, oldest first." },
    },
    (ctx, { query }) => listOrganizations(ctx, query),
  ),
  listEndpoint(
    {
      operationId: "listDirectory",
      path: "/organizations/directory",
      tag,
      summary: "Look up suppliers that can be asked for a link",
      access: "organizations.directory.read",
      query: directoryQuery,
      success: { schema: directoryList, description: "A page of active suppliers by name." },
    },
    (ctx, { query }) => listDirectory(ctx, query),
  ),
  endpoint(
    {
      operationId: "getOrganization",
      method: "get",
      path: "/organizations/{id}",
      tag,
      summary: "Read one's own organization, or any for the platform",
      access: ["organizations.organization.read", "platform.organization.manage"],
      params,
      success: { status: 200, schema: organizationView, description: "The organization." },
    },
    async (ctx, { params: { id } }) => show(await findOrganization(ctx, id)),
  ),
  endpoint(
    {
      operationId: "updateOrganization",
      method: "patch",
      path: "/organizations/{id}",
      tag,
      summary: "Change name, slug, capabilities and settings",
      description:
        "Settings are merged. A new slug or status ends the access tokens of everybody in the organization: refresh them. `status` is the platform's to set; ACTIVE brings a deactivated organization back.",
      access: ["organizations.organization.update", "platform.organization.manage"],
      params,
      body: updateOrganizationInput,
      success: { status: 200, schema: organizationView, description: "The organization as it is now." },
      errors: ["CONFLICT", "INVALID_TRANSITION"],
    },
    async (ctx, { params: { id }, body }) => show(await updateOrganization(ctx, id, body)),
  ),
  deleteEndpoint(
    {
      operationId: "deactivateOrganization",
      path: "/organizations/{id}",
      tag,
      summary: "Deactivate the organization: its data becomes a read-only archive",
      access: ["organizations.organization.deactivate", "platform.organization.manage"],
      params,
      success: { description: "Deactivated." },
      errors: ["INVALID_TRANSITION", "VERSION_MISMATCH"],
    },
    async (ctx, { params: { id } }) => {
      await deactivateOrganization(ctx, id)
    },
  ),
  endpoint(
    {
      operationId: "submitKyb",
      method: "post",
      path: "/organizations/{id}/kyb",
      tag,
      summary: "Submit the organization for Know Your Business verification",
      description: "The documents are files that were uploaded as kyb_document; the platform's staff may see them from then on.",
      access: "organizations.kyb.submit",
      params,
      body: submitKybInput,
      success: { status: 200, schema: organizationView, description: "The organization, its verification PENDING." },
      errors: ["INVALID_TRANSITION", "VERSION_MISMATCH"],
    },
    async (ctx, { params: { id }, body }) => show(await submitKyb(ctx, id, body?.documents ?? [])),
  ),
  endpoint(
    {
      operationId: "decideKyb",
      method: "put",
      path: "/organizations/{id}/kyb",
      tag,
      summary: "Verify an organization, or reject it with a reason",
      access: "platform.kyb.decide",
      params,
      body: decideKybInput,
      success: { status: 200, schema: organizationView, description: "The organization with the verdict." },
      errors: ["INVALID_TRANSITION"],
    },
    async (ctx, { params: { id }, body }) => show(await decideKyb(ctx, id, body)),
  ),
]
