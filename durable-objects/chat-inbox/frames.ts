import { z } from "@hono/zod-openapi"
import { cleanText } from "../../src/domains/chat/rules.ts"
import type { ErrorCode } from "../../src/kernel/errors.ts"
import { type Id, type IdPrefix, isId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { err, ok, type Result } from "../../src/kernel/result.ts"

const id = <P extends IdPrefix>(prefix: P) =>
  z
    .string()
    .refine((text): text is Id<P> => isId(prefix, text), { error: `Must be an id that starts with ${prefix}_.` })
    .transform((text) => text as Id<P>)

/** `null` says as much as leaving it out: seed clients send `attachment_url: null`. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined)

function makeSchemas() {
  const clientId = z
    .string()
    .regex(/^[\x21-\x7e]+$/, "Must be printable ASCII without spaces.")
    .max(limits.chatClientIdCharsMax)
  const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
  const message = z
    .strictObject({
      type: z.literal("message").default("message"),
      client_id: maybe(clientId),
      recipient_id: maybe(id("usr")),
      conversation_id: maybe(id("cnv")),
      content: maybe(z.string().max(limits.chatContentCharsMax).transform(cleanText)),
      attachment_ids: maybe(z.array(id("fil")).max(limits.chatAttachmentsMax)),
      attachment_url: maybe(z.string().max(2_000)),
      complaint_id: maybe(id("cmp")),
      product_ids: maybe(z.array(id("prd")).max(limits.chatProductsMax)),
    })
    .refine((frame) => (frame.recipient_id === undefined) !== (frame.conversation_id === undefined), {
      error: "Name one of recipient_id and conversation_id.",
    })
    .refine(
      (frame) =>
        (frame.content ?? "").trim() !== "" ||
        (frame.attachment_ids ?? []).length > 0 ||
        frame.attachment_url !== undefined ||
        (frame.product_ids ?? []).length > 0,
      { error: "A message holds text, an attachment or a product.", path: ["content"] },
    )
  const resume = z.strictObject({
    type: z.literal("resume"),
    after: z.record(id("cnv"), seq).refine((after) => Object.keys(after).length <= limits.chatResumeConversationsMax, {
      error: `At most ${limits.chatResumeConversationsMax} conversations at once.`,
    }),
  })
  const read = z.strictObject({ type: z.literal("read"), conversation_id: id("cnv"), up_to_seq: seq })
  const typing = z.strictObject({ type: z.literal("typing"), conversation_id: id("cnv") })
  const ping = z.strictObject({ type: z.literal("ping") })
  return { clientId, frames: { message, resume, read, typing, ping } }
}

type Schemas = ReturnType<typeof makeSchemas>
let made: Schemas | undefined

/** Made by the first frame: the Worker's own isolates start without them. */
const schemasOnce = (): Schemas => (made ??= makeSchemas())

type Frames = Schemas["frames"]
export type MessageFrame = z.output<Frames["message"]>
export type ResumeFrame = z.output<Frames["resume"]>
export type ReadFrame = z.output<Frames["read"]>
export type TypingFrame = z.output<Frames["typing"]>
export type ClientFrame = z.output<Frames[keyof Frames]>

type FrameFault = { readonly code: ErrorCode; readonly message: string; readonly clientId: string | undefined }

/** A frame as it came, read within the limits. It says nothing of who sent it: that the socket knows. */
export function parseFrame(data: string | ArrayBuffer): Result<ClientFrame, FrameFault> {
  if (typeof data !== "string") return fault("MALFORMED_JSON", "Frames are JSON texts.")
  // A character is at most three bytes, so most frames need no encoding to be counted.
  if (data.length > limits.chatFrameBytesMax || (data.length * 3 > limits.chatFrameBytesMax && byteLength(data) > limits.chatFrameBytesMax))
    return fault("PAYLOAD_TOO_LARGE", `A frame has at most ${limits.chatFrameBytesMax} bytes.`)
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return fault("MALFORMED_JSON", "The frame does not parse as JSON.")
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return fault("VALIDATION_FAILED", "A frame is a JSON object.")
  const { type = "message", client_id } = value as { type?: unknown; client_id?: unknown }
  const schemas = schemasOnce()
  const frames: Readonly<Record<string, z.ZodType<ClientFrame>>> = schemas.frames
  const schema = typeof type === "string" && Object.hasOwn(frames, type) ? frames[type] : undefined
  const parsed = schema?.safeParse(value)
  if (parsed?.success === true) return ok(parsed.data)
  const named = schemas.clientId.safeParse(client_id).data
  if (parsed === undefined) return fault("VALIDATION_FAILED", `A frame's type is one of ${Object.keys(frames).join(", ")}.`, named)
  const [issue] = parsed.error.issues
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".").slice(0, 100)}: `
  return fault("VALIDATION_FAILED", `${where}${(issue?.message ?? "The frame is not valid.").slice(0, 200)}`, named)
}

const byteLength = (text: string): number => new TextEncoder().encode(text).byteLength

const fault = (code: ErrorCode, message: string, named?: string): Result<never, FrameFault> => err({ code, message, clientId: named })
