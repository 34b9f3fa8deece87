import { newId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import { log } from "../log/log.ts"
import type { Mail, Mailer } from "./mailer.ts"

/**
 * Sends a mail at once and keeps nothing of it: for those that carry a one-time token, which must not lie anywhere in
 * plain text. Tried twice under one id; what still does not go is logged, and whoever waits for it asks again. Never throws.
 */
export async function post({ mailer, now }: { readonly mailer: Mailer; readonly now: Instant }, letter: Omit<Mail, "id">): Promise<void> {
  const mail = { ...letter, id: newId("mal", now) }
  let sending = await mailer.send(mail)
  if (sending.kind === "LATER") sending = await mailer.send(mail)
  if (sending.kind !== "SENT") log.error("mail not sent", { mail: mail.id, reason: sending.reason })
}
