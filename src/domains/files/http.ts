import { withoutUndefined } from "../../kernel/without-undefined.ts"
import { type Endpoint, endpoint, signableEndpoint, uploadEndpoint } from "../../platform/http/endpoint.ts"
import { parseInput } from "../../platform/http/input.ts"
import { reply } from "../../platform/http/reply.ts"
import { deleteEndpoint } from "../../platform/http/verbs.ts"
import { deleteFile } from "./delete-file.ts"
import { findFile, findSigned } from "./find-file.ts"
import type { FilePurpose } from "./rules.ts"
import { bytesView, contentQuery, fileParams, fileQuery, fileView, uploadFacts, uploadQuery } from "./schemas.ts"
import { assertHasThumbnails, serveFile } from "./serve-file.ts"
import { uploadFile } from "./upload-file.ts"
import { fileEtag, toFileView } from "./views.ts"

const tag = "Files"

/** What a file may belong to, and what lets one see that; the handler asks which it is. */
const readers = [
  "files.file.upload",
  "catalog.product.read",
  "chat.message.read",
  "complaints.complaint.read",
  "organizations.kyb.submit",
  "platform.kyb.decide",
] as const

const whoSees =
  "Who may see a file follows from what it belongs to: a product's image whoever sees the product, a message's attachment whoever reads the conversation, a complaint's evidence whoever reads the complaint, a document of the verification whoever submits it and the platform. A file that belongs to nothing yet is seen by its uploader alone."

export const fileEndpoints: readonly Endpoint[] = [
  uploadEndpoint(
    {
      operationId: "uploadFile",
      method: "post",
      path: "/files",
      tag,
      summary: "Upload a file",
      description:
        "Send the bytes as the body, with purpose and name in the query; or a form with purpose, name and then file. The type is found in the content: PNG, JPEG, WebP, GIF, PDF or UTF-8 text, as the purpose allows; whatever the name or the Content-Type say. What nothing refers to within a day is deleted.",
      access: "files.file.upload",
      query: uploadQuery,
      bodyType: "stream",
      success: { status: 201, schema: fileView, description: "The file." },
      errors: ["QUOTA_EXCEEDED", "UNSUPPORTED_MEDIA_TYPE"],
    },
    async (ctx, { query, upload }) => {
      if (upload === undefined) throw new Error("a stream was promised")
      const said = withoutUndefined(query)
      const named = upload.filename === undefined || upload.filename === "" ? {} : { name: upload.filename }
      const facts = parseInput("query", uploadFacts, { ...named, ...upload.fields, ...said }) as { purpose: FilePurpose; name?: string }
      const row = await uploadFile(ctx, { purpose: facts.purpose, name: facts.name, upload })
      return reply.created(await toFileView(ctx, row), `/files/${row.id}`, { etag: fileEtag(ctx) })
    },
  ),
  endpoint(
    {
      operationId: "getFile",
      method: "get",
      path: "/files/{id}",
      tag,
      summary: "What a file is, with a URL to get it by",
      description: `With width the URL shows a thumbnail. It needs no token and lasts 15 to 30 minutes. ${whoSees}`,
      access: readers,
      params: fileParams,
      query: fileQuery,
      success: { status: 200, schema: fileView, description: "The file." },
    },
    async (ctx, { params, query: { width } }) => {
      const row = await findFile(ctx, params.id)
      assertHasThumbnails(row, width)
      return reply.ok(await toFileView(ctx, row, width), { etag: fileEtag(ctx, width) })
    },
  ),
  signableEndpoint(
    {
      operationId: "getFileContent",
      method: "get",
      path: "/files/{id}/content",
      tag,
      summary: "The bytes of a file, or a thumbnail of an image",
      description: `By the signed URL of the file's \`url\`, or by token. Answers Range (206, one range), If-Range and If-None-Match. Images are shown, anything else is for saving. ${whoSees}`,
      access: readers,
      isSignable: true,
      servesUploads: true,
      params: fileParams,
      query: contentQuery,
      success: { status: 200, schema: bytesView, description: "The bytes.", contentType: "application/octet-stream" },
      errors: ["RANGE_NOT_SATISFIABLE"],
    },
    async (ctx, { params, query }) => {
      const row = ctx.actor === undefined ? await findSigned(ctx, params.id) : await findFile(ctx, params.id)
      return serveFile(ctx, row, query)
    },
  ),
  deleteEndpoint(
    {
      operationId: "deleteFile",
      path: "/files/{id}",
      tag,
      summary: "Delete a file that nothing refers to",
      description:
        "Its uploader may, and whoever manages files. One that a product, a message, a complaint or the verification refers to stays.",
      access: ["files.file.upload", "files.file.manage"],
      params: fileParams,
      success: { description: "Deleted." },
      errors: ["INVALID_TRANSITION"],
    },
    (ctx, { params }) => deleteFile(ctx, params.id),
  ),
]
