import { sql } from "drizzle-orm"
import { limits } from "../../kernel/limits.ts"
import { second } from "../../kernel/time.ts"
import type { AcrossDb } from "../db/tenant-db.ts"
import type { Config } from "../env.ts"
import { describeError, log } from "../log/log.ts"
import type { Mail, Mailer, Sending } from "./mailer.ts"

const resendUrl = "https://api.resend.com/emails"

/** A header's value must be one line: anything else could smuggle in further headers. */
const oneLine = (text: string): string => text.replace(/[\r\n\u0085\u2028\u2029]+/g, " ").trim()

const errorBodyCharsMax = 4_000

/**
 * Resend's HTTP API (resend.com/docs/api-reference/emails/send-email). It remembers an Idempotency-Key for 24 hours and
 * answers a repeat without sending again (resend.com/docs/dashboard/emails/idempotency-keys).
 */
export const resendMailer = (config: Config, apiKey: string, fetcher: typeof fetch = fetch): Mailer => ({
  async send({ id, to, subject, text, html, unsubscribeUrl }) {
    try {
      // One click, without a page in between (RFC 8058).
      const headers =
        unsubscribeUrl === undefined
          ? {}
          : { headers: { "List-Unsubscribe": `<${oneLine(unsubscribeUrl)}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" } }
      const response = await fetcher(resendUrl, {
        method: "POST",
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", "idempotency-key": id },
        body: JSON.stringify({ from: config.MAIL_FROM, to: [to], subject: oneLine(subject), text, html, ...headers }),
        signal: AbortSignal.timeout(limits.mailSendSeconds * second),
      })
      if (response.ok) {
        await response.body?.cancel()
        return { kind: "SENT" }
      }
      return refusalOf(response, await nameOfError(response))
    } catch (error) {
      log.warn("the mail service did not answer", { error: describeError(error) })
      return { kind: "LATER", reason: "NO_ANSWER" }
    }
  },
})

/** What a refusal means, by status and the error's name (resend.com/docs/api-reference/errors). */
function refusalOf(response: Response, name: string | undefined): Sending {
  const { status } = response
  // The key went out before with other words: a name or a template changed since. The mail is there.
  if (status === 409 && name === "invalid_idempotent_request") return { kind: "SENT" }
  const reason = name === undefined ? `HTTP_${status}` : `HTTP_${status}_${name.toUpperCase()}`
  // A wrong key or an unverified domain is the operator's to mend, and the mail can wait for it a while.
  if (status !== 400 && status !== 422) return { kind: "LATER", reason, ...retryAfter(response) }
  return { kind: "REFUSED", reason }
}

async function nameOfError(response: Response): Promise<string | undefined> {
  try {
    const body: unknown = JSON.parse((await response.text()).slice(0, errorBodyCharsMax))
    const name = typeof body === "object" && body !== null && "name" in body ? body.name : undefined
    return typeof name === "string" && /^[a-z_]{1,60}$/.test(name) ? name : undefined
  } catch {
    return undefined
  }
}

function retryAfter({ headers }: Response): { readonly afterMs?: number } {
  const seconds = headers.get("retry-after")
  return seconds !== null && /^\d{1,5}$/.test(seconds) ? { afterMs: Number(seconds) * second } : {}
}

const keptPerAddressMax = 50

/** Keeps mails as rows for `/dev/mail`, each once by its id. */
export const keepingMailer = (db: AcrossDb, now: number): Mailer => ({
  async send({ id, to, subject, text, html, token }: Mail) {
    try {
      await db.run([
        db.statement(
          sql`insert into kept_mails (id, recipient, subject, text, html, token, sent_at)
            values (${id}, ${to}, ${oneLine(subject)}, ${text}, ${html}, ${token ?? null}, ${now}) on conflict (id) do nothing`,
        ),
        db.statement(
          sql`delete from kept_mails where recipient = ${to} and id not in (select id from kept_mails where recipient = ${to} order by id desc limit ${keptPerAddressMax})`,
        ),
      ])
      return { kind: "SENT" }
    } catch (error) {
      log.warn("mail not kept", { error: describeError(error) })
      return { kind: "LATER", reason: "NOT_KEPT" }
    }
  },
})

/** In production without a mail service, mails are dropped with a warning rather than kept with their tokens at rest. */
const droppingMailer: Mailer = {
  async send(mail) {
    log.warn("mail dropped: RESEND_API_KEY is not set", { mail: mail.id })
    return { kind: "REFUSED", reason: "NO_MAIL_SERVICE" }
  },
}

export function mailerOf(config: Config, open: () => AcrossDb, now: number): Mailer {
  if (config.RESEND_API_KEY !== undefined && config.RESEND_API_KEY !== "") return resendMailer(config, config.RESEND_API_KEY)
  return config.ENVIRONMENT === "development" ? keepingMailer(open(), now) : droppingMailer
}
