import { z } from "@hono/zod-openapi"
import type { ConversationId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { type Endpoint, endpoint, type HandlerResult } from "../../platform/http/endpoint.ts"
import { pageById } from "../../platform/http/page.ts"
import { reply } from "../../platform/http/reply.ts"
import { idParams } from "../../platform/http/schemas.ts"
import { createEndpoint, listEndpoint } from "../../platform/http/verbs.ts"
import { assignComplaint } from "./assign-complaint.ts"
import { confirmResolution } from "./confirm-resolution.ts"
import { escalateComplaint } from "./escalate-complaint.ts"
import { exportComplaints } from "./export-complaints.ts"
import { conversationOf, readComplaint } from "./find-complaint.ts"
import { openComplaint } from "./open-complaint.ts"
import { reopenComplaint } from "./reopen-complaint.ts"
import { resolveComplaint } from "./resolve-complaint.ts"
import {
  assignComplaintInput,
  complaintList,
  complaintQuery,
  complaintView,
  exportQuery,
  openComplaintInput,
  resolveComplaintInput,
  stepInput,
} from "./schemas.ts"
import { complaintStore } from "./store.ts"
import type { ComplaintRow } from "./tables.ts"
import { complaintEtag, toComplaintSummary, toComplaintView } from "./views.ts"
import { withdrawComplaint } from "./withdraw-complaint.ts"

const tag = "Complaints"
const params = idParams("cmp")

const success = { status: 200, schema: complaintView, description: "The complaint as it is now." } as const
const stepErrors = ["NOT_FOUND", "INVALID_TRANSITION", "VERSION_MISMATCH"] as const

const shown = (row: ComplaintRow, conversationId: ConversationId | null): HandlerResult =>
  reply.ok(toComplaintView(row, conversationId), { etag: complaintEtag(row, conversationId) })
const moved = async (ctx: Ctx, result: Result<ComplaintRow>): Promise<HandlerResult> =>
  result.ok ? shown(result.value, await conversationOf(ctx, result.value)) : result

export const complaintEndpoints: readonly Endpoint[] = [
  createEndpoint(
    {
      operationId: "openComplaint",
      path: "/complaints",
      tag,
      summary: "Complain about an order",
      description:
        "Either side of the order may, about the order or one of its lines, also when the link was blocked since. The supplier's sales staff deal with it first.",
      access: "complaints.complaint.open",
      body: openComplaintInput,
      success: { schema: complaintView, description: "The complaint, OPEN." },
      errors: ["NOT_FOUND", "CONFLICT"],
    },
    async (ctx, { body }) => {
      const { order_id: orderId, order_line_id: orderLineId = null, title, description, evidence } = body
      const result = await openComplaint(ctx, { orderId, orderLineId, title, description, evidence })
      if (!result.ok) return result
      const row = result.value
      const conversationId = await conversationOf(ctx, row)
      return { view: toComplaintView(row, conversationId), etag: complaintEtag(row, conversationId) }
    },
  ),
  listEndpoint(
    {
      operationId: "listComplaints",
      path: "/complaints",
      tag,
      summary: "Complaints of my organization, either side, newest first",
      description: "With several filters at most 500 complaints are looked at: a page may be short and still have a next_cursor.",
      access: "complaints.complaint.read",
      query: complaintQuery,
      success: { schema: complaintList, description: "A page of complaints, without their history." },
    },
    (ctx, { query }) => {
      const { status, level, assignee: assigneeId, order_id: orderId } = query
      return pageById(
        "complaints",
        "cmp",
        query,
        (within) => complaintStore(ctx.db).page({ status, level, assigneeId, orderId, ...within }),
        toComplaintSummary,
      )
    },
  ),
  endpoint(
    {
      operationId: "exportComplaints",
      method: "get",
      path: "/complaints/export",
      tag,
      summary: "The incident log as CSV",
      description:
        "The complaints about what the organization sold, oldest first. Text that a spreadsheet would take for a formula has an apostrophe before it. A transfer that breaks off is incomplete: ask by dates.",
      access: "complaints.complaint.export",
      query: exportQuery,
      success: {
        status: 200,
        description: "RFC 4180, in UTF-8, with a line of column names.",
        contentType: "text/csv",
        schema: z.string().openapi({ example: "id,order_number,…\r\ncmp_01jd8x2y3zf4g5h6j7k8m9n0pq,SO-00001,…\r\n" }),
      },
    },
    (ctx, { query }) => exportComplaints(ctx, { from: query.from, to: query.to }),
  ),
  endpoint(
    {
      operationId: "getComplaint",
      method: "get",
      path: "/complaints/{id}",
      tag,
      summary: "One complaint with its history",
      access: "complaints.complaint.read",
      params,
      success: { status: 200, schema: complaintView, description: "The complaint, as one's own side sees it." },
    },
    async (ctx, { params: { id } }) => {
      const { row, conversationId } = await readComplaint(ctx, id)
      return shown(row, conversationId)
    },
  ),
  endpoint(
    {
      operationId: "assignComplaint",
      method: "put",
      path: "/complaints/{id}/assign",
      tag,
      summary: "Take a complaint on oneself, or give it to a colleague",
      description:
        "For the supplier's side. Sales staff take what nobody has at the level SALES; managers give complaints to whoever deals with that level.",
      access: ["complaints.complaint.handle", "complaints.complaint.assign"],
      params,
      body: assignComplaintInput,
      success,
      errors: stepErrors,
    },
    async (ctx, { params: { id }, body }) =>
      moved(ctx, await assignComplaint(ctx, { complaintId: id, assigneeId: body?.assignee_id, reason: body?.reason ?? null })),
  ),
  endpoint(
    {
      operationId: "escalateComplaint",
      method: "put",
      path: "/complaints/{id}/escalate",
      tag,
      summary: "Hand a complaint to the level above: from sales to a manager, from a manager to the owner",
      description: "For the supplier's side. It then waits for somebody of that level; time does the same when a level takes too long.",
      access: "complaints.complaint.escalate",
      params,
      body: stepInput,
      success,
      errors: stepErrors,
    },
    async (ctx, { params: { id }, body }) => moved(ctx, await escalateComplaint(ctx, id, body?.reason ?? null)),
  ),
  endpoint(
    {
      operationId: "resolveComplaint",
      method: "put",
      path: "/complaints/{id}/resolve",
      tag,
      summary: "Resolve a complaint, saying what was done",
      description:
        "For whom it is assigned to, anybody of its level while nobody has it, or a manager. The buyer then confirms or reopens.",
      access: "complaints.complaint.resolve",
      params,
      body: resolveComplaintInput,
      success,
      errors: stepErrors,
    },
    async (ctx, { params: { id }, body }) => moved(ctx, await resolveComplaint(ctx, id, body)),
  ),
  endpoint(
    {
      operationId: "confirmResolution",
      method: "put",
      path: "/complaints/{id}/confirm",
      tag,
      summary: "Confirm the resolution: the complaint is closed",
      description: "For the buyer's side. Without it the complaint is closed at `due_at`.",
      access: "complaints.complaint.confirm",
      params,
      body: stepInput,
      success,
      errors: stepErrors,
    },
    async (ctx, { params: { id }, body }) => moved(ctx, await confirmResolution(ctx, id, body?.reason ?? null)),
  ),
  endpoint(
    {
      operationId: "reopenComplaint",
      method: "put",
      path: "/complaints/{id}/reopen",
      tag,
      summary: "Reopen a resolved complaint",
      description: "For the buyer's side, before `due_at` and twice at most.",
      access: "complaints.complaint.confirm",
      params,
      body: stepInput,
      success,
      errors: stepErrors,
    },
    async (ctx, { params: { id }, body }) => moved(ctx, await reopenComplaint(ctx, id, body?.reason ?? null)),
  ),
  endpoint(
    {
      operationId: "withdrawComplaint",
      method: "put",
      path: "/complaints/{id}/withdraw",
      tag,
      summary: "Withdraw a complaint that nobody has taken up",
      description: "For the side that opened it.",
      access: "complaints.complaint.open",
      params,
      body: stepInput,
      success,
      errors: stepErrors,
    },
    async (ctx, { params: { id }, body }) => moved(ctx, await withdrawComplaint(ctx, id, body?.reason ?? null)),
  ),
]
