import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageByKey } from "../../platform/http/page.ts"
import { etagOf, reply } from "../../platform/http/reply.ts"
import { idParams, pageQueryAlone } from "../../platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { productOfRow } from "../catalog/index.ts"
import { createFamily } from "./create-family.ts"
import { createIdentity } from "./create-identity.ts"
import { deleteFamily } from "./delete-family.ts"
import { findFamily, findIdentity, findIdentityByUpisH } from "./find.ts"
import {
  createFamilyInput,
  createIdentityInput,
  familyList,
  familyView,
  familyWithIdentities,
  identityList,
  identityQuery,
  identityView,
  identityWithVariants,
  updateFamilyInput,
  upisHParams,
} from "./schemas.ts"
import { hubStore, identityVariants } from "./store.ts"
import type { FamilyRow, IdentityRow } from "./tables.ts"
import { updateFamily } from "./update-family.ts"
import { toFamilyView, toIdentityView, toVariantViews } from "./views.ts"

const tag = "Product hub"
const read = "catalog.product.read"
const edit = "catalog.product.edit"

const shown = (family: FamilyRow) => ({ view: toFamilyView(family), etag: etagOf(family.version) })

async function shownIdentity(ctx: Ctx, identity: IdentityRow) {
  const variants = await identityVariants(ctx.db, identity.id)
  return reply.ok({ ...toIdentityView(identity), variants: await toVariantViews(ctx, variants.map(productOfRow)) })
}

export const familyEndpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "listFamilies",
      path: "/families",
      tag,
      summary: "List product families, by code",
      access: read,
      query: pageQueryAlone,
      success: { schema: familyList, description: "A page of families." },
    },
    (ctx, { query }) =>
      pageByKey(
        "families",
        ["number"],
        query,
        ({ after, rowsMax }) => hubStore(ctx.db).families({ after: after?.[0], rowsMax }),
        (row) => [row.code],
        toFamilyView,
      ),
  ),
  createEndpoint(
    {
      operationId: "createFamily",
      path: "/families",
      tag,
      summary: "Create a product family",
      access: edit,
      body: createFamilyInput,
      success: { schema: familyView, description: "The family." },
      errors: ["CONFLICT"],
    },
    (ctx, { body }) => shown(createFamily(ctx, body)),
  ),
  endpoint(
    {
      operationId: "getFamily",
      method: "get",
      path: "/families/{id}",
      tag,
      summary: "One family with its identities",
      access: read,
      params: idParams("fam"),
      success: { status: 200, schema: familyWithIdentities, description: "The family, and its identities by UPIS-H." },
    },
    async (ctx, { params: { id } }) => {
      const [family, identities] = await Promise.all([findFamily(ctx, id), hubStore(ctx.db).identitiesOf(id)])
      // Identities only ever come, so that their number tells one body from the next.
      const etag = etagOf(family.version, `${family.version}${String(identities.length).padStart(3, "0")}`)
      return reply.ok({ ...toFamilyView(family), identities: identities.map(toIdentityView) }, { etag })
    },
  ),
  endpoint(
    {
      operationId: "updateFamily",
      method: "patch",
      path: "/families/{id}",
      tag,
      summary: "Change a family's name or description",
      access: edit,
      params: idParams("fam"),
      body: updateFamilyInput,
      success: { status: 200, schema: familyView, description: "The family as it is now." },
      errors: ["NOT_FOUND", "VERSION_MISMATCH"],
    },
    async (ctx, { params: { id }, body }) => reply.shown(shown(await updateFamily(ctx, id, body))),
  ),
  deleteEndpoint(
    {
      operationId: "deleteFamily",
      path: "/families/{id}",
      tag,
      summary: "Delete an empty family",
      description: "One that has an identity stays: identities never go.",
      access: edit,
      params: idParams("fam"),
      success: { description: "Deleted." },
      errors: ["NOT_FOUND", "CONFLICT", "VERSION_MISMATCH"],
    },
    (ctx, { params: { id } }) => deleteFamily(ctx, id),
  ),
  listEndpoint(
    {
      operationId: "listIdentities",
      path: "/identities",
      tag,
      summary: "List product identities, by UPIS-H",
      access: read,
      query: identityQuery,
      success: { schema: identityList, description: "A page of identities." },
    },
    (ctx, { query }) =>
      pageByKey(
        "identities",
        ["string"],
        query,
        ({ after, rowsMax }) => hubStore(ctx.db).identities({ familyId: query.family_id, after: after?.[0], rowsMax }),
        (row) => [row.upisH],
        toIdentityView,
      ),
  ),
  createEndpoint(
    {
      operationId: "createIdentity",
      path: "/identities",
      tag,
      summary: "Create a product identity",
      description:
        "Its UPIS-H and hex signature are generated, and nothing of it ever changes. A family has one product, one bundle and one kit, and parts numbered 1 to 99.",
      access: edit,
      body: createIdentityInput,
      success: { schema: identityView, description: "The identity." },
      errors: ["NOT_FOUND", "CONFLICT"],
    },
    async (ctx, { body }) => {
      const identity = await createIdentity(ctx, body)
      return { view: toIdentityView(identity) }
    },
  ),
  endpoint(
    {
      operationId: "getIdentity",
      method: "get",
      path: "/identities/{id}",
      tag,
      summary: "One identity with its variants",
      access: read,
      params: idParams("idn"),
      success: { status: 200, schema: identityWithVariants, description: "The identity, and its variants, newest first." },
    },
    async (ctx, { params: { id } }) => shownIdentity(ctx, await findIdentity(ctx, id)),
  ),
  endpoint(
    {
      operationId: "getIdentityByUpisH",
      method: "get",
      path: "/identities/upis/{upis_h}",
      tag,
      summary: "One identity by its UPIS-H, with its variants",
      access: read,
      params: upisHParams,
      success: { status: 200, schema: identityWithVariants, description: "The identity, and its variants, newest first." },
      errors: ["NOT_FOUND"],
    },
    async (ctx, { params: { upis_h } }) => shownIdentity(ctx, await findIdentityByUpisH(ctx, upis_h)),
  ),
]
