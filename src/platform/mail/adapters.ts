import { sql } from "drizzle-orm"
import { newId } from "../../kernel/ids.ts"
import type { AcrossDb } from "../db/tenant-db.ts"
import type { Config } from "../env.ts"
import { keptMails } from "../events/tables.ts"
import { describeError, log } from "../log/log.ts"
import type { Mail, Mailer } from "./mailer.ts"

const resendUrl = "https://api.resend.com/emails"

/** A header's value must be one line: anything else could smuggle in further headers. */
const oneLine = (text: string): string => text.replace(/[\r\n\u0085\u2028\u2029]+/g, " ").trim()

/** Resend's HTTP API (resend.com/docs/api-reference/emails/send-email). */
export const resendMailer = (config: Config, apiKey: string, fetcher: typeof fetch = fetch): Mailer => ({
  async send(mail) {
    try {
      const response = await fetcher(resendUrl, {
        method: "POST",
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        body: JSON.stringify({ from: config.MAIL_FROM, to: [mail.to], subject: oneLine(mail.subject), text: mail.text, html: mail.html }),
      })
      if (!response.ok) log.error("mail refused", { status: response.status })
      await response.body?.cancel()
    } catch (error) {
      log.error("mail not sent", { error: describeError(error) })
    }
  },
})

const keptPerAddressMax = 50

/** Keeps mails as rows for `/dev/mail`. */
export const keepingMailer = (db: AcrossDb, now: number): Mailer => ({
  async send(mail: Mail) {
    try {
      await db.run([
        db.insert(keptMails, {
          id: newId("mal", now),
          recipient: mail.to,
          subject: oneLine(mail.subject),
          text: mail.text,
          html: mail.html,
          token: mail.token ?? null,
          sentAt: now,
        }),
        db.statement(
          sql`delete from kept_mails where recipient = ${mail.to} and id not in (select id from kept_mails where recipient = ${mail.to} order by id desc limit ${keptPerAddressMax})`,
        ),
      ])
    } catch (error) {
      log.error("mail not kept", { error: describeError(error) })
    }
  },
})

/** In production without a mail service, mails are dropped with a warning rather than kept with their tokens at rest. */
const droppingMailer: Mailer = {
  async send(mail) {
    log.warn("mail dropped: RESEND_API_KEY is not set", { subject: oneLine(mail.subject) })
  },
}

export function mailerOf(config: Config, open: () => AcrossDb, now: number): Mailer {
  if (config.RESEND_API_KEY !== undefined && config.RESEND_API_KEY !== "") return resendMailer(config, config.RESEND_API_KEY)
  return config.ENVIRONMENT === "development" ? keepingMailer(open(), now) : droppingMailer
}
