import { z } from "@hono/zod-openapi"
import { desc, eq } from "drizzle-orm"
import { limits } from "../../kernel/limits.ts"
import { formatInstant } from "../../kernel/time.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import { keptMails } from "../../platform/events/tables.ts"
import type { PublicCtx } from "../../platform/http/context.ts"
import { emailInput, instantView, lazily } from "../../platform/http/schemas.ts"

export const devMailQuery = lazily(() => z.strictObject({ to: emailInput }))
export const devMailList = lazily(() =>
  z.object({
    data: z.array(
      z.object({
        to: z.string(),
        subject: z.string(),
        text: z.string(),
        html: z.string(),
        token: z.string().optional(),
        sent_at: instantView,
      }),
    ),
  }),
)

/** Mails kept for an address, newest first; in development alone. */
export async function readKeptMails(ctx: PublicCtx, to: string) {
  const db = acrossTenants(ctx.env, ctx.meter, "kept mails belong to nobody and are read in development alone")
  const rows = await db.many(keptMails, { where: eq(keptMails.recipient, to), orderBy: [desc(keptMails.id)], limit: limits.pageSizeMax })
  return {
    data: rows.map((row) => ({
      to: row.recipient,
      subject: row.subject,
      text: row.text,
      html: row.html,
      ...(row.token === null ? {} : { token: row.token }),
      sent_at: formatInstant(row.sentAt),
    })),
  }
}
