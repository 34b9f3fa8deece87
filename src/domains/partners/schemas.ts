import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { enumInput, idSchema, idView, instantView, lazily, listOf, pageQuery, textInput } from "../../platform/http/schemas.ts"
import { decidableLinkStatuses, linkStatuses } from "./rules.ts"

export const linkView = lazily(() =>
  z
    .object({
      id: idView("lnk"),
      supplier_id: idView("org"),
      supplier_name: z.string().openapi({ example: "Green Valley Farms" }),
      buyer_id: idView("org"),
      buyer_name: z.string().openapi({ example: "Harbour Hotel" }),
      status: z.enum(linkStatuses),
      message: z.string().nullable(),
      reason: z.string().nullable(),
      created_at: instantView,
      decided_at: instantView.nullable(),
      version: z.int(),
    })
    .openapi("Link"),
)

export const linkList = listOf(linkView, "LinkList")

export const requestLinkInput = lazily(() =>
  z
    .strictObject({
      supplier_id: idSchema("org"),
      message: textInput(limits.noteCharsMax).optional().openapi({ example: "We open in May and need vegetables daily." }),
    })
    .openapi("RequestLink"),
)

export const setLinkStatusInput = lazily(() =>
  z
    .strictObject({ status: enumInput(decidableLinkStatuses), reason: textInput(limits.reasonCharsMax).optional() })
    .openapi("SetLinkStatus", { example: { status: "APPROVED" } }),
)

export const linkQuery = lazily(() =>
  z.strictObject({
    ...pageQuery,
    status: enumInput(linkStatuses)
      .optional()
      .openapi({ param: { name: "status", in: "query" } }),
    side: z
      .enum(["supplier", "buyer"])
      .optional()
      .openapi({ param: { name: "side", in: "query" }, description: "Links in which the organization supplies, or buys." }),
  }),
)
