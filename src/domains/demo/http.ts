import { z } from "@hono/zod-openapi"
import { type Endpoint, endpoint, publicEndpoint } from "../../platform/http/endpoint.ts"
import { reply } from "../../platform/http/reply.ts"
import { makeFirstSuperAdmin } from "../identity/index.ts"
import { foundOrganizations } from "./found-organizations.ts"
import { replayPast } from "./replay-past.ts"
import { organizationsInput, pastInput, superAdminInput } from "./schemas.ts"

const tag = "System"
const hidden = { isHidden: true, isDevelopmentOnly: true } as const

export const demoEndpoints: readonly Endpoint[] = [
  publicEndpoint(
    {
      operationId: "devMakeSuperAdmin",
      method: "post",
      path: "./dev/super-admin",
      tag,
      summary: "Make the platform's first super_admin, while it has none",
      access: "public",
      body: superAdminInput,
      success: { status: 201, schema: z.object({ id: z.string(), email: z.string() }), description: "Made." },
      errors: ["CONFLICT", "EMAIL_TAKEN"],
      ...hidden,
    },
    async (ctx, { body: { email, password, full_name: fullName } }) => {
      const user = await makeFirstSuperAdmin(ctx, { email, password, fullName })
      return reply.created({ id: user.id, email: user.email }, `/users/${user.id}`)
    },
  ),
  endpoint(
    {
      operationId: "devFoundOrganizations",
      method: "post",
      path: "./dev/organizations",
      tag,
      summary: "Found many organizations with an owner each",
      access: "platform.organization.manage",
      body: organizationsInput,
      success: {
        status: 200,
        schema: z.object({ data: z.array(z.object({ id: z.string(), slug: z.string() })) }),
        description: "In the order asked for.",
      },
      errors: ["CONFLICT", "EMAIL_TAKEN"],
      ...hidden,
    },
    async (ctx, { body }) => reply.ok({ data: (await foundOrganizations(ctx, body)).map(({ id, slug }) => ({ id, slug })) }),
  ),
  endpoint(
    {
      operationId: "devReplayPast",
      method: "post",
      path: "./dev/past",
      tag,
      summary: "Give a supplier a past: products, links and orders with their times",
      access: "platform.organization.manage",
      body: pastInput,
      success: { status: 200, schema: z.object({}), description: "The ids of what was made, and what was refused." },
      errors: ["NOT_FOUND"],
      writer: "ledger",
      ...hidden,
    },
    async (ctx, { body }) => reply.ok(await replayPast(ctx, body)),
  ),
]
