import { z } from "@hono/zod-openapi"
import { limits } from "../../kernel/limits.ts"
import { thumbnailWidths } from "../../platform/files/thumbnail.ts"
import { idParams, idView, instantView, lazily, textInput } from "../../platform/http/schemas.ts"
import { filePurposes } from "./rules.ts"

export const fileParams = idParams("fil")

/** A name and no path; nor one that reads otherwise than it is written. */
export const fileNameInput = textInput(limits.fileNameCharsMax, 1)
  .refine((name) => !/[/\\]/.test(name) && name !== "." && name !== "..", "Must be a file's name, without any path.")
  .refine(
    (name) => !/[\n\t\u0085\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(name),
    "Must be one line, written in one direction.",
  )
  .openapi({ example: "delivery-note.pdf" })

const purposeInput = z.enum(filePurposes)

export const uploadQuery = lazily(() =>
  z.strictObject({
    purpose: purposeInput.optional().openapi({
      description: "What the file is for; it says which types and sizes are taken. A form may say it instead.",
      example: "complaint_evidence",
    }),
    name: fileNameInput.optional().openapi({
      description: "What to call it when it is downloaded. A form may say it instead.",
      example: "delivery-note.pdf",
    }),
  }),
)

/** What an upload says of itself, from the query or the fields of a form. */
export const uploadFacts = lazily(() => z.strictObject({ purpose: purposeInput, name: fileNameInput.optional() }))
export const imageFacts = lazily(() => z.strictObject({ name: fileNameInput.optional() }))

const widthInput = z
  .preprocess(
    (given) => (typeof given === "string" && /^\d{1,5}$/.test(given) ? Number(given) : given),
    z.literal([...thumbnailWidths], { error: `Must be one of ${thumbnailWidths.join(", ")}.` }),
  )
  .optional()
  .openapi({
    type: "integer",
    enum: [...thumbnailWidths],
    description: "A thumbnail at most this wide, as WebP; of images other than GIF.",
    example: 320,
  })

export const fileQuery = lazily(() => z.strictObject({ width: widthInput }))

export const contentQuery = lazily(() =>
  z.strictObject({
    width: widthInput,
    org: z.string().max(64).optional().openapi({ description: "Part of a signed URL." }),
    expires: z.string().max(16).optional().openapi({ description: "Part of a signed URL." }),
    signature: z.string().max(128).optional().openapi({ description: "Part of a signed URL; it stands in place of a token." }),
  }),
)

export const fileView = lazily(() =>
  z
    .object({
      id: idView("fil"),
      purpose: z.enum(filePurposes),
      name: z.string(),
      content_type: z.string(),
      size_bytes: z.int(),
      sha256: z.string(),
      url: z.string(),
      url_expires_at: instantView,
      created_at: instantView,
    })
    .openapi("File", {
      example: {
        id: "fil_01jd8x2y3zf4g5h6j7k8m9n0pq",
        purpose: "complaint_evidence",
        name: "delivery-note.pdf",
        content_type: "application/pdf",
        size_bytes: 48_213,
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        url: "https://api.waybill.example/api/v1/files/fil_01jd8x2y3zf4g5h6j7k8m9n0pq/content?org=org_01jd8x2y3zf4g5h6j7k8m9n0pq&expires=1769853600&signature=2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        url_expires_at: "2026-01-31T10:00:00.000Z",
        created_at: "2026-01-31T09:30:00.000Z",
      },
    }),
)
export type FileView = z.output<typeof fileView>

export const bytesView = z.string().openapi({ type: "string", format: "binary", example: "%PDF-1.7 …" })
