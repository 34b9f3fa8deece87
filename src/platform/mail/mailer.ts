import type { Statement } from "../db/executor.ts"

export type Mail = {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** The one-time token that the mail carries, for `/dev/mail`; never sent or logged apart from the text. */
  readonly token?: string
}

/**
 * The way mail leaves. Adapters: Resend's HTTP API where a key is configured, otherwise rows that
 * `/dev/mail` shows in development and nobody sees in production.
 */
export type Mailer = {
  /** Never throws: a mail that cannot go out is logged, and what caused it stands. */
  send(mail: Mail): Promise<void>
}

export type MailKeeper = { run(statements: readonly Statement[]): Promise<unknown> }
