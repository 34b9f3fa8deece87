import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import {
  enumInput,
  idSchema,
  idView,
  instantInput,
  instantView,
  lazily,
  listOf,
  nameInput,
  pageQuery,
  textInput,
} from "../../platform/http/schemas.ts"
import { complaintLevels, complaintStatuses, resolutionKinds } from "./rules.ts"

const personView = lazily(() =>
  z.object({
    id: z.string().nullable().openapi({ description: "Null for the clock.", example: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq" }),
    name: z.string().openapi({ example: "Bea Buyer" }),
    organization_id: idView("org").nullable(),
  }),
)

const resolutionView = lazily(() =>
  z.object({ kind: z.enum(resolutionKinds), text: z.string().openapi({ example: "Credited with the next invoice." }) }),
)

const historyView = lazily(() =>
  z
    .object({
      from: z.enum(complaintStatuses).nullable(),
      to: z.enum(complaintStatuses),
      level: z.enum(complaintLevels),
      at: instantView,
      by: personView,
      reason: z
        .string()
        .nullable()
        .openapi({ description: "Why the supplier's people handed it on is for the supplier alone.", example: null }),
      assignee_name: z.string().nullable().openapi({ description: "Whom it was given to by this step.", example: null }),
      resolution_kind: z.enum(resolutionKinds).nullable().openapi({ example: null }),
    })
    .openapi("ComplaintHistoryEntry"),
)

const head = () => ({
  id: idView("cmp"),
  side: z.enum(["supplier", "buyer"]).openapi({ description: "The side of the order that the caller's organization is on." }),
  supplier_id: idView("org"),
  supplier_name: z.string().openapi({ example: "Green Valley Farms" }),
  buyer_id: idView("org"),
  buyer_name: z.string().openapi({ example: "Harbour Hotel" }),
  link_id: idView("lnk").nullable().openapi({ description: "The link in whose conversation the two sides can talk about it." }),
  order_id: idView("ord"),
  order_number: z.string().openapi({ example: "SO-00001" }),
  order_line_id: idView("oln").nullable(),
  title: z.string().openapi({ example: "Two crates arrived crushed" }),
  description: z.string().openapi({ example: "The lower two crates of tomatoes were crushed; photos are attached." }),
  status: z.enum(complaintStatuses),
  level: z.enum(complaintLevels),
  assignee_id: idView("usr").nullable().openapi({ description: "The supplier's own; the buyer sees the name alone." }),
  assignee_name: z.string().nullable().openapi({ example: "Sam Sales" }),
  opened_by: personView,
  resolution: resolutionView.nullable(),
  evidence: z.array(idView("fil")),
  reopen_count: z.int().openapi({ example: 0 }),
  created_at: instantView,
  updated_at: instantView,
  due_at: instantView.nullable().openapi({
    description: "When it moves on by itself: it is escalated while it waits at a level, and closed once it is resolved.",
    example: "2026-02-01T09:30:00.000Z",
  }),
  version: z.int(),
})

const at = "2026-01-31T09:30:00.000Z"
const beaBuyer = { id: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq", name: "Bea Buyer", organization_id: "org_01jd8x2y3zf4g5h6j7k8m9n0pr" }
const samSales = { id: "usr_01jd8x2y3zf4g5h6j7k8m9n0ps", name: "Sam Sales", organization_id: "org_01jd8x2y3zf4g5h6j7k8m9n0pq" }

const exampleHead = {
  id: "cmp_01jd8x2y3zf4g5h6j7k8m9n0pq",
  side: "supplier",
  supplier_id: samSales.organization_id,
  supplier_name: "Green Valley Farms",
  buyer_id: beaBuyer.organization_id,
  buyer_name: "Harbour Hotel",
  link_id: "lnk_01jd8x2y3zf4g5h6j7k8m9n0pq",
  order_id: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq",
  order_number: "SO-00001",
  order_line_id: "oln_01jd8x2y3zf4g5h6j7k8m9n0pq",
  title: "Two crates arrived crushed",
  description: "The lower two crates of tomatoes were crushed; photos are attached.",
  status: "ASSIGNED",
  level: "SALES",
  assignee_id: samSales.id,
  assignee_name: samSales.name,
  opened_by: beaBuyer,
  resolution: null,
  evidence: ["fil_01jd8x2y3zf4g5h6j7k8m9n0pq"],
  reopen_count: 0,
  created_at: at,
  updated_at: "2026-01-31T10:05:00.000Z",
  due_at: "2026-02-01T09:30:00.000Z",
  version: 2,
}

const entry = { level: "SALES", reason: null, assignee_name: null, resolution_kind: null }

const conversationView = () =>
  idView("cnv").nullable().openapi({
    description: "Where the two sides can talk about it now: the link's conversation; null where there is no approved link.",
    example: "cnv_01jd8x2y3zf4g5h6j7k8m9n0pq",
  })

export const complaintView = lazily(() =>
  z.object({ ...head(), conversation_id: conversationView(), history: z.array(historyView) }).openapi("Complaint", {
    example: {
      ...exampleHead,
      conversation_id: "cnv_01jd8x2y3zf4g5h6j7k8m9n0pq",
      history: [
        { ...entry, from: null, to: "OPEN", at, by: beaBuyer },
        { ...entry, from: "OPEN", to: "ASSIGNED", at: exampleHead.updated_at, by: samSales, assignee_name: samSales.name },
      ],
    },
  }),
)
export const complaintList = listOf(
  lazily(() => z.object(head()).openapi("ComplaintSummary", { example: exampleHead })),
  "ComplaintList",
)

export const openComplaintInput = lazily(() =>
  z
    .strictObject({
      order_id: idSchema("ord"),
      order_line_id: idSchema("oln").optional().openapi({ description: "Where it concerns one line of the order." }),
      title: nameInput.openapi({ example: "Two crates arrived crushed" }),
      description: textInput(limits.descriptionCharsMax, 1).openapi({ example: "The lower two crates of tomatoes were crushed." }),
      evidence: z
        .array(idSchema("fil"))
        .max(limits.complaintEvidenceFilesMax)
        .refine((ids) => new Set(ids).size === ids.length, "Names a file twice.")
        .default([])
        .openapi({ description: "Files uploaded with the purpose complaint_evidence; the other side sees them too." }),
    })
    .openapi("OpenComplaint", {
      example: {
        order_id: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq",
        title: "Two crates arrived crushed",
        description: "The lower two crates of tomatoes were crushed.",
      },
    }),
)

const reason = textInput(limits.reasonCharsMax).optional()

export const assignComplaintInput = lazily(() =>
  z
    .strictObject({
      assignee_id: idSchema("usr").optional().openapi({ description: "Oneself where it is left out; managers may name others." }),
      reason,
    })
    .optional()
    .openapi("AssignComplaint", { example: { assignee_id: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq" } }),
)

export const stepInput = lazily(() =>
  z
    .strictObject({ reason })
    .optional()
    .openapi("ComplaintStep", { example: { reason: "The replacement was crushed as well." } }),
)

const resolutionInput = lazily(() => z.strictObject({ kind: enumInput(resolutionKinds), text: textInput(limits.noteCharsMax, 1) }))

/** The resolution by itself, or under the name that the complaint shows it by. */
export const resolveComplaintInput = lazily(() =>
  z
    .union([resolutionInput, z.strictObject({ resolution: resolutionInput }).transform(({ resolution }) => resolution)])
    .openapi("ResolveComplaint", { example: { kind: "CREDIT", text: "Credited with the next invoice." } }),
)

export const complaintQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    status: enumInput(complaintStatuses).optional(),
    level: enumInput(complaintLevels).optional(),
    assignee: idSchema("usr").optional().openapi({ description: "Complaints of one's own sales that this colleague deals with." }),
    order_id: idSchema("ord").optional(),
  }),
)

export const exportQuery = lazily(() =>
  z.strictObject({
    from: instantInput.optional().openapi({ description: "Opened at or after this instant." }),
    to: instantInput.optional().openapi({ description: "Opened before this instant." }),
  }),
)
