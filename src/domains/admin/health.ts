import { z } from "@hono/zod-openapi"
import { refuse } from "../../kernel/result.ts"
import { type Endpoint, publicEndpoint } from "../../platform/http/endpoint.ts"
import { reply } from "../../platform/http/reply.ts"
import { lazily } from "../../platform/http/schemas.ts"
import { parts, Readiness } from "./readiness.ts"

const notKept = { headers: { "cache-control": "no-store" } }

export const getHealth = publicEndpoint(
  {
    operationId: "getHealth",
    method: "get",
    path: "./health",
    tag: "System",
    summary: "Liveness: the Worker answers",
    access: "public",
    success: { status: 200, description: "It does.", schema: z.object({ status: z.literal("OK") }).openapi("Health") },
  },
  () => reply.ok({ status: "OK" }, notKept),
)

const checkView = lazily(() =>
  z.object({
    status: z.enum(["OK", "FAILED"]),
    duration_ms: z.number().openapi({ example: 3.2 }),
  }),
)

export const readyEndpoint = (readiness: Readiness): Endpoint =>
  publicEndpoint(
    {
      operationId: "getReadiness",
      method: "get",
      path: "./health/ready",
      tag: "System",
      summary: "Readiness: the database, the objects, the bucket and the queue answer",
      description: "Each is asked at most once in five seconds. When one fails, the problem's `checks` says which.",
      access: "public",
      success: {
        status: 200,
        description: "All of them do.",
        schema: z
          .object({
            status: z.literal("READY"),
            checks: z.object({ d1: checkView, durable_objects: checkView, r2: checkView, queue: checkView }),
          })
          .openapi("Readiness"),
      },
    },
    async (ctx) => {
      const checks = await readiness.check(ctx.env, ctx.meter, ctx.now, ctx.defer)
      const failed = parts.filter((part) => checks[part].status === "FAILED")
      if (failed.length === 0) return reply.ok({ status: "READY", checks }, notKept)
      return refuse("UNAVAILABLE", `Not answering: ${failed.join(", ")}.`, {
        extra: { checks, retryAfterSeconds: 5, headers: notKept.headers },
      })
    },
  )

export const getReadiness = readyEndpoint(new Readiness())
