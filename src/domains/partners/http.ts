import { readLink } from "../../../durable-objects/supplier-ledger/client.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { listEndpoint, readEndpoint } from "../../platform/http/verbs.ts"
import { requestLink } from "./request-link.ts"
import type { LinkFacts, LinkWithTerms } from "./rules.ts"
import { linkList, linkQuery, linkView, requestLinkInput, setLinkStatusInput, setLinkTermsInput } from "./schemas.ts"
import { setLinkStatus } from "./set-link-status.ts"
import { setLinkTerms } from "./set-link-terms.ts"
import { linkStore } from "./store.ts"
import { linkEtag, linkOfRow, toLinkView, toLinkWithTermsView } from "./views.ts"

const tag = "Links"

const shown = (ctx: Ctx, link: LinkFacts) => ({ view: toLinkView(link), etag: linkEtag(link, ctx.orgId) })

const shownWithTerms = (ctx: Ctx, link: LinkWithTerms) => ({ view: toLinkWithTermsView(link, ctx.orgId), etag: linkEtag(link, ctx.orgId) })

export const partnerEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      operationId: "requestLink",
      method: "post",
      path: "/links/request",
      tag,
      summary: "Ask a supplier for a link",
      description: "A request after REJECTED or REMOVED revives the same link.",
      access: "partners.link.request",
      body: requestLinkInput,
      success: { status: 201, schema: linkView, description: "The link, PENDING until the supplier decides." },
      errors: ["NOT_FOUND", "CAPABILITY_MISSING", "LINK_EXISTS", "LINK_BLOCKED", "LINK_COOLING_DOWN", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { body }) => {
      const result = await requestLink(ctx, { supplierId: body.supplier_id, message: body.message ?? null })
      if (!result.ok) return result
      const { view, etag } = shown(ctx, result.value)
      return reply.created(view, `/links/${view.id}`, { etag })
    },
  ),
  listEndpoint(
    {
      operationId: "listMyLinks",
      path: "/links/my-links",
      tag,
      summary: "Links of my organization, either side, newest first",
      description: "With a filter at most 500 links are looked at: a page may be short and still have a next_cursor.",
      access: "partners.link.read",
      query: linkQuery,
      success: { schema: linkList, description: "A page of links." },
    },
    (ctx, { query }) => {
      const { status, side } = query
      return pageById(
        "links",
        "lnk",
        query,
        (within) => linkStore(ctx.db).page({ status, side, ...within }),
        (row) => toLinkView(linkOfRow(row)),
      )
    },
  ),
  readEndpoint(
    {
      operationId: "getLink",
      path: "/links/{id}",
      tag,
      summary: "One link, with its terms",
      description: "A buyer sees the supplier's terms for it while the link is APPROVED.",
      access: "partners.link.read",
      params: idParams("lnk"),
      noun: "link",
      success: { schema: linkView, description: "The link." },
    },
    async (ctx, { params }) => {
      const row = await linkStore(ctx.db).withTerms(params.id)
      const link = row === undefined ? await readLink(ctx, params.id) : { ...linkOfRow(row.link), terms: row.terms ?? null }
      return link === undefined ? undefined : shownWithTerms(ctx, link)
    },
  ),
  endpoint(
    {
      operationId: "setLinkTerms",
      method: "put",
      path: "/links/{id}/terms",
      tag,
      summary: "Set a buyer's prices and terms",
      description:
        "Replaces the link's terms as a whole, and moves the link's version. The price list comes before the discount, which is off the product's own price. Orders placed from then on keep to them; those placed before keep their prices. 409 for a link that is REJECTED or REMOVED.",
      access: "partners.terms.set",
      params: idParams("lnk"),
      body: setLinkTermsInput,
      success: { status: 200, schema: linkView, description: "The link with its terms." },
      errors: ["INVALID_TRANSITION", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { params, body }) => {
      const result = await setLinkTerms(ctx, params.id, body)
      return result.ok ? reply.shown(shownWithTerms(ctx, result.value)) : result
    },
  ),
  endpoint(
    {
      operationId: "setLinkStatus",
      method: "put",
      path: "/links/{id}/status",
      tag,
      summary: "Approve, reject, block or remove a link",
      description: "The supplier decides; the buyer may withdraw a request, and either side may end an approved link (REMOVED).",
      access: ["partners.link.decide", "partners.link.request"],
      params: idParams("lnk"),
      body: setLinkStatusInput,
      success: { status: 200, schema: linkView, description: "The link in its new state." },
      errors: ["INVALID_TRANSITION", "KYB_REQUIRED", "VERSION_MISMATCH", "IDEMPOTENCY_KEY_REUSED"],
      writer: "ledger",
    },
    async (ctx, { params, body }) => {
      const result = await setLinkStatus(ctx, { linkId: params.id, status: body.status, reason: body.reason ?? null })
      return result.ok ? reply.shown(shown(ctx, result.value)) : result
    },
  ),
]
