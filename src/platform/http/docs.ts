import { z } from "@hono/zod-openapi"
import { sha256Hex } from "../../kernel/digest.ts"
import { refuse } from "../../kernel/result.ts"
import { minute, second } from "../../kernel/time.ts"
import type { PublicCtx } from "./context.ts"
import { type Endpoint, type HandlerResult, publicEndpoint } from "./endpoint.ts"
import { type OpenApiOptions, openApiDocument } from "./openapi.ts"

const tag = "System"

/** The document and the two readers of it. `registry` is asked late, since it holds these endpoints too. */
export function docsEndpoints(registry: () => readonly Endpoint[], options: OpenApiOptions): readonly Endpoint[] {
  let made: { readonly text: string; readonly etag: string } | undefined

  // Made at the first request and kept for the isolate's life: a start without readers does not pay for it.
  const document = async () => {
    const text = JSON.stringify(openApiDocument(registry(), options))
    return { text, etag: `"${(await sha256Hex(text)).slice(0, 32)}"` }
  }

  return [
    publicEndpoint(
      {
        operationId: "getOpenApiDocument",
        method: "get",
        path: "./openapi.json",
        tag,
        summary: "This document",
        access: "public",
        success: {
          status: 200,
          description: "OpenAPI 3.1 of every operation.",
          schema: z
            .object({ openapi: z.string(), info: z.object({ title: z.string(), version: z.string() }) })
            .openapi({ example: { openapi: "3.1.0", info: { title: "Waybill", version: "1.0.0" } } }),
        },
      },
      async () => {
        made ??= await document()
        const { text, etag } = made
        return new Response(text, { headers: { "content-type": "application/json; charset=utf-8", etag, "cache-control": cacheFor(0) } })
      },
    ),
    page("./docs", "getSwaggerUi", "Swagger UI: read and try the API", "swagger"),
    page("./redoc", "getReDoc", "ReDoc: read the API", "redoc"),
    publicEndpoint(
      {
        operationId: "getDocsAsset",
        method: "get",
        path: "./docs-assets/{folder}/{file}",
        tag,
        summary: "Scripts and styles of the documentation pages",
        access: "public",
        params: z.strictObject({ folder: z.string().regex(assetName), file: z.string().regex(assetName) }),
        success: { status: 200, description: "The file.", contentType: "application/octet-stream", schema: z.string() },
        errors: ["NOT_FOUND"],
        isHidden: true,
      },
      (ctx, { params }) => asset(ctx, `${params.folder}/${params.file}`, 60 * minute),
    ),
  ]
}

const assetName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

const page = (path: "./docs" | "./redoc", operationId: string, summary: string, name: string): Endpoint =>
  publicEndpoint(
    {
      operationId,
      method: "get",
      path,
      tag,
      summary,
      access: "public",
      success: {
        status: 200,
        description: "The page. It loads nothing from elsewhere.",
        contentType: "text/html",
        schema: z.string().openapi({ example: "<!doctype html>…" }),
      },
      errors: ["NOT_FOUND"],
    },
    (ctx) => asset(ctx, name, 5 * minute),
  )

const cacheFor = (ms: number): string => (ms === 0 ? "no-cache" : `public, max-age=${ms / second}`)

const redirectsMax = 3

/** A file of the self-hosted readers. The assets binding moves `x.html` to `x`; that is followed here, not by the client. */
async function asset({ env }: PublicCtx, name: string, cacheMs: number): Promise<HandlerResult> {
  let url = new URL(`/docs-assets/${name}`, "https://assets.invalid")
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const response = await env.ASSETS.fetch(new Request(url, { redirect: "manual" }))
    const location = response.headers.get("location")
    if (response.status === 200) {
      const headers = new Headers({ "cache-control": cacheFor(cacheMs) })
      for (const kept of ["content-type", "etag"]) {
        const value = response.headers.get(kept)
        if (value !== null) headers.set(kept, value)
      }
      return new Response(response.body, { headers })
    }
    await response.body?.cancel()
    if (location === null) break
    url = new URL(location, url)
  }
  return refuse("NOT_FOUND", "There is no such file; `npm start` prepares the documentation's assets.")
}
