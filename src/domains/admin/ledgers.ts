import { z } from "@hono/zod-openapi"
import { rebuildLedger, reconcileLedger } from "../../../durable-objects/supplier-ledger/client.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { RefusalError } from "../../kernel/result.ts"
import { assertOnPlatform } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { endpoint } from "../../platform/http/endpoint.ts"
import { reply } from "../../platform/http/reply.ts"
import { idSchema, lazily } from "../../platform/http/schemas.ts"
import { organizationStore } from "../organizations/index.ts"

const params = lazily(() => z.strictObject({ org_id: idSchema("org") }))

const reconciliationView = lazily(() =>
  z
    .object({
      checked: z.int().openapi({ description: "Things of the ledger that were compared.", example: 1_204 }),
      differences: z.array(
        z.object({
          kind: z.string().openapi({ example: "order" }),
          id: z.string().openapi({ example: "ord_01jd8x2y3zf4g5h6j7k8m9n0pq" }),
          problem: z.enum(["MISSING", "STALE", "DIFFERENT", "EXTRA"]),
        }),
      ),
      truncated: z.boolean().openapi({ description: "There are more differences than are listed.", example: false }),
      stuck: z
        .array(z.object({ what: z.string().openapi({ example: "product prd_01jd8x2y3zf4g5h6j7k8m9n0pq" }), error: z.string() }))
        .openapi({ description: "Rows that the database refuses for good, and what it says." }),
    })
    .openapi("Reconciliation"),
)

export const reconcile = endpoint(
  {
    operationId: "reconcileLedger",
    method: "get",
    path: "/admin/ledgers/{org_id}/reconciliation",
    tag: "Admin",
    summary: "Compare a ledger with its projection in D1",
    description: "What differs is sent to D1 again, so a second call shows whether it was mended.",
    access: "platform.ledger.operate",
    params,
    success: { status: 200, description: "What was compared, and what differs.", schema: reconciliationView },
    errors: ["NOT_FOUND"],
  },
  async (ctx, { params: { org_id: orgId } }) => {
    await assertCustomer(ctx, orgId)
    return reply.ok(await reconcileLedger(ctx.env, ctx.meter, orgId))
  },
)

export const rebuild = endpoint(
  {
    operationId: "rebuildLedger",
    method: "post",
    path: "/admin/ledgers/{org_id}/rebuild",
    tag: "Admin",
    summary: "Project a ledger into D1 anew",
    description:
      "Every row is sent again under a new generation, then what the old one left is deleted; readers see no gap. It goes on after the answer.",
    access: "platform.ledger.operate",
    params,
    success: {
      status: 200,
      description: "The new generation, and how many things it sends.",
      schema: z.object({ generation: z.int().openapi({ example: 2 }), rows: z.int().openapi({ example: 1_204 }) }).openapi("Rebuild"),
    },
    errors: ["NOT_FOUND"],
  },
  async (ctx, { params: { org_id: orgId } }) => {
    await assertCustomer(ctx, orgId)
    const rebuilt = await rebuildLedger(ctx.env, ctx.meter, orgId)
    ctx.work.audit(ctx.db, { action: "platform.ledger.rebuild", entity: "organization", entityId: orgId, after: rebuilt })
    return reply.ok(rebuilt)
  },
)

/** Only ledgers of organizations that exist are addressed: any other id would name a fresh, empty object. */
async function assertCustomer(ctx: Ctx, orgId: OrganizationId): Promise<void> {
  if (ctx.orgId !== orgId) assertOnPlatform(ctx.orgId)
  if ((await organizationStore(ctx).byId(orgId)) === undefined)
    throw new RefusalError({ code: "NOT_FOUND", detail: "There is no such organization." })
}
