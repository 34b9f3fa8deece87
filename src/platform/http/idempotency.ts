import { and, eq, lte } from "drizzle-orm"
import { hmacHex, sha256Hex, toHex } from "../../kernel/digest.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { withoutSecrets } from "../../kernel/secrets.ts"
import { hour, type Instant } from "../../kernel/time.ts"
import type { Statement } from "../db/executor.ts"
import type { TenantDb } from "../db/tenant-db.ts"
import { idempotencyKeys } from "../events/tables.ts"
import type { Command } from "./context.ts"
import { invalidAt } from "./input.ts"
import type { Reply } from "./reply.ts"
import type { Upload } from "./upload.ts"

type Principal = { readonly orgId: string; readonly id: string }

/** The command behind a mutation; see `Command`. @throws RefusalError VALIDATION_FAILED for a key that is no key. */
export async function commandOf(request: Request, principal: Principal, path: string, body: Uint8Array, secret: string): Promise<Command> {
  const key = request.headers.get("idempotency-key")
  if (key === null) return { id: toHex(crypto.getRandomValues(new Uint8Array(32))), requestHash: "", hasKey: false }
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > limits.idempotencyKeyCharsMax) {
    throw invalidAt(
      "/header/Idempotency-Key",
      `An Idempotency-Key is 1 to ${limits.idempotencyKeyCharsMax} printable ASCII characters without spaces.`,
    )
  }
  const id = await sha256Hex(JSON.stringify([principal.orgId, principal.id, request.method, path, key]))
  return { id, requestHash: await hmacHex(secret, labelled(body)), hasKey: true }
}

/** The hash of a request whose body was a stream: of what was sent, so that a form's fresh boundary makes no other request of it. */
export const streamHash = (secret: string, query: Readonly<Record<string, string>>, upload: Upload, sha256: string): Promise<string> =>
  hmacHex(secret, labelled(new TextEncoder().encode(JSON.stringify([query, upload.fields, upload.filename ?? null, sha256]))))

const label = new TextEncoder().encode("waybill idempotency\0")

/**
 * The secret also signs access tokens, and a body is whatever its sender likes, the two first parts of a token
 * included: without the label, the hash that is kept of it would be that token's signature.
 */
function labelled(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(label.byteLength + body.byteLength)
  bytes.set(label)
  bytes.set(body, label.byteLength)
  return bytes
}

/** The answer kept for this command, if it was carried out before; the repeat's `upload` is read to its end. @throws RefusalError IDEMPOTENCY_KEY_REUSED for another request under the key. */
export async function keptReply(db: TenantDb, command: Command, now: Instant, upload?: Upload): Promise<Reply | undefined> {
  const kept = await db.byId(idempotencyKeys, command.id)
  if (kept === undefined || kept.createdAt <= now - limits.idempotencyHoursKept * hour) return undefined
  // Whether a stream is the same again is known at its end alone; this sets the command's hash.
  await upload?.finish()
  if (kept.requestHash !== command.requestHash) {
    throw new RefusalError({ code: "IDEMPOTENCY_KEY_REUSED", detail: "This Idempotency-Key belongs to an earlier, different request." })
  }
  return { status: kept.status as Reply["status"], headers: kept.headers, ...(kept.body === null ? {} : { body: kept.body }) }
}

/** The statements that keep an answer, without its secrets; an expired one under the same key makes way. */
export function keepReply(db: TenantDb, command: Command, reply: Reply, now: Instant): Statement[] {
  return [
    db.delete(
      idempotencyKeys,
      and(eq(idempotencyKeys.id, command.id), lte(idempotencyKeys.createdAt, now - limits.idempotencyHoursKept * hour)),
    ),
    db.insert(idempotencyKeys, {
      id: command.id,
      requestHash: command.requestHash,
      status: reply.status,
      headers: { ...reply.headers },
      body: reply.body === undefined ? null : withoutSecrets(reply.body),
      createdAt: now,
    }),
  ]
}
