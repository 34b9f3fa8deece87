import type { Id } from "../../kernel/ids.ts"

export type MailId = Id<"mal">

export type Mail = {
  /** Names the mail to the service that sends it: of two with one id, one goes out. */
  readonly id: MailId
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** The one-time token that the mail carries, for `/dev/mail`; never sent or logged apart from the text. */
  readonly token?: string
  /** Where mails of this kind are turned off by a bare POST, for the List-Unsubscribe header. */
  readonly unsubscribeUrl?: string
}

/** What became of a mail. Reasons are short codes without anybody's data. */
export type Sending =
  | { readonly kind: "SENT" }
  /** The service was down, busy or did not answer: the mail may even have gone, and the same id later makes no second one. */
  | { readonly kind: "LATER"; readonly reason: string; readonly afterMs?: number }
  /** It will never go as it is. */
  | { readonly kind: "REFUSED"; readonly reason: string }

/**
 * The way mail leaves. Adapters: Resend's HTTP API where a key is configured, otherwise rows that
 * `/dev/mail` shows in development and nobody sees in production.
 */
export type Mailer = {
  /** Never throws. */
  send(mail: Mail): Promise<Sending>
}
