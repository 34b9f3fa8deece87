import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { idSchema, idView, instantView, lazily, listOf, nameInput, textInput } from "../../platform/http/schemas.ts"
import { hasBrokenPlaceholder, placeholdersIn } from "./rules.ts"

const messageSchema = lazily(() =>
  z
    .object({
      id: idView("msg"),
      seq: z.int().openapi({ description: "The message's place in its conversation, from 1 on, without a gap.", example: 41 }),
      conversation_id: idView("cnv"),
      sender_id: idView("usr"),
      sender_name: z.string().openapi({ example: "Alma Buyer" }),
      sender_organization_id: idView("org"),
      recipient_id: idView("usr").nullable().openapi({ description: "Whom the sender named; everybody of the conversation reads it." }),
      content: z.string().openapi({
        description: "As it was written, in NFC. It is no HTML: escape it where HTML is made.",
        example: "Are the tomatoes in?",
      }),
      attachments: z.array(
        z.object({
          file_id: idView("fil"),
          url: z
            .string()
            .openapi({ description: "Takes a bearer token.", example: "/api/v1/files/fil_01jd8x2y3zf4g5h6j7k8m9n0pq/content" }),
          name: z.string().openapi({ example: "crate.jpg" }),
          content_type: z.string().openapi({ example: "image/jpeg" }),
        }),
      ),
      attachment_url: z.string().nullable().openapi({ description: "The first attachment's.", example: null }),
      product_ids: z.array(idView("prd")),
      complaint_id: idView("cmp")
        .nullable()
        .openapi({ description: "The complaint that the message is about, where its sender named one." }),
      client_id: z
        .string()
        .optional()
        .openapi({ description: "The sender's own id for it, told to the sender alone.", example: "phone-7-41" }),
      timestamp: instantView,
    })
    .openapi("ChatMessage"),
)

export const messageList = listOf(messageSchema, "ChatMessageList")

const conversationView = lazily(() =>
  z
    .object({
      id: idView("cnv"),
      kind: z.enum(["link", "colleagues"]),
      link_id: idView("lnk").nullable(),
      counterpart: z
        .object({
          id: z.string().openapi({ example: "org_01jd8x2y3zf4g5h6j7k8m9n0pq" }),
          name: z.string().openapi({ example: "Harbour Hotel" }),
        })
        .openapi({ description: "The linked organization, or the colleague." }),
      may_send: z.boolean().openapi({ description: "False while the link is not approved: it can be read, not written in." }),
      last_seq: z.int().openapi({ example: 41 }),
      read_seq: z.int().openapi({ description: "How far the caller has read.", example: 38 }),
      unread_count: z.int().openapi({ example: 3 }),
      last_message: messageSchema.nullable(),
      last_at: instantView,
    })
    .openapi("Conversation"),
)

export const conversationList = listOf(conversationView, "ConversationList")

export const ticketView = lazily(() =>
  z
    .object({
      ticket: z
        .string()
        .openapi({ example: "usr_01jd8x2y3zf4g5h6j7k8m9n0pq.9f86d081884c7d659a2feaa0c55ad0152c26b46b68ffc68ff99b453c1d304134" }),
      expires_at: instantView,
      expires_in: z.int().openapi({ description: "Seconds.", example: limits.chatTicketSeconds }),
    })
    .openapi("ChatTicket"),
)

export const socketQuery = lazily(() =>
  z.strictObject({
    ticket: z.string().max(200).optional().openapi({ description: "Of `POST /chat/tickets`; good once, for 30 seconds." }),
  }),
)

export const markReadInput = lazily(() =>
  z
    .strictObject({ up_to_seq: z.int().min(0).openapi({ description: "The `seq` of the last message read.", example: 41 }) })
    .openapi("MarkConversationRead"),
)

export const readMarkView = lazily(() =>
  z
    .object({
      conversation_id: idView("cnv"),
      up_to_seq: z.int().openapi({ description: "The mark as it is now: it never goes back.", example: 41 }),
      unread_count: z.int().openapi({ example: 0 }),
    })
    .openapi("ReadMark"),
)

export const cannedReplyView = lazily(() =>
  z
    .object({
      id: idView("crp"),
      title: z.string().openapi({ example: "Out for delivery" }),
      content: z.string().openapi({ example: "Dear {{buyer_name}}, order {{order_number}} left our warehouse." }),
      placeholders: z.array(z.string()).openapi({ example: ["buyer_name", "order_number"] }),
      created_by: z.string(),
      created_at: instantView,
    })
    .openapi("CannedReply"),
)

export const cannedReplyList = listOf(cannedReplyView, "CannedReplyList")

export const createCannedReplyInput = lazily(() =>
  z
    .strictObject({
      title: nameInput.openapi({ example: "Out for delivery" }),
      content: textInput(limits.chatContentCharsMax, 1)
        .refine((content) => !hasBrokenPlaceholder(content), "A placeholder reads {{name}}: small letters, digits and underscores.")
        .refine(
          (content) => placeholdersIn(content).length <= limits.cannedReplyPlaceholdersMax,
          `At most ${limits.cannedReplyPlaceholdersMax} placeholders.`,
        )
        .openapi({ example: "Dear {{buyer_name}}, order {{order_number}} left our warehouse." }),
    })
    .openapi("CreateCannedReply"),
)

export const conversationParams = lazily(() => z.strictObject({ id: idSchema("cnv") }))
export const historyParams = lazily(() => z.strictObject({ user_id: idSchema("usr") }))
