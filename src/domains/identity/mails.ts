import { limits } from "../../kernel/limits.ts"
import type { Mail } from "../../platform/mail/mailer.ts"

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => escapes[char] ?? char)

type Letter = { readonly to: string; readonly subject: string; readonly paragraphs: readonly string[]; readonly token: string }

/** The token stands in the text and never in a link: what stands in a URL ends up in logs and histories. */
const mailOf = ({ to, subject, paragraphs, token }: Letter): Mail => ({
  to,
  subject,
  text: [...paragraphs, token].join("\n\n"),
  html: [...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`), `<p><code>${escapeHtml(token)}</code></p>`].join("\n"),
  token,
})

export const resetMail = (publicUrl: string, to: string, token: string): Mail =>
  mailOf({
    to,
    subject: "Set a new password",
    paragraphs: [
      "Somebody, probably you, asked to set a new password for this address. If it was not you, do nothing.",
      `Send the token below with the new password to ${publicUrl}/api/v1/auth/reset-password within ${limits.resetTokenMinutes} minutes. It works once.`,
    ],
    token,
  })

export const invitationMail = (publicUrl: string, to: string, organizationName: string, token: string): Mail =>
  mailOf({
    to,
    subject: `Join ${organizationName} on Waybill`,
    paragraphs: [
      `You are invited to join ${organizationName} on Waybill.`,
      `Send the token below as invitation_token, with a password of your choice, to ${publicUrl}/api/v1/auth/register within ${limits.invitationDays} days. It works once.`,
    ],
    token,
  })
