import { limits } from "../../kernel/limits.ts"
import { written } from "../../platform/mail/letter.ts"
import type { Mail } from "../../platform/mail/mailer.ts"
import { phrase } from "../../platform/mail/phrase.ts"

/** Templates of the mails that carry a one-time token; those about events stand in the notifications domain. */

export const resetMail = (publicUrl: string, to: string, token: string): Omit<Mail, "id"> => ({
  to,
  token,
  ...written({
    subject: phrase`Set a new password`,
    paragraphs: [
      phrase`Somebody, probably you, asked to set a new password for this address. If it was not you, do nothing.`,
      phrase`Send the token below with the new password to ${`${publicUrl}/api/v1/auth/reset-password`} within ${String(limits.resetTokenMinutes)} minutes. It works once.`,
    ],
    token,
    footer: [phrase`You get this because a new password was asked for. Nobody of Waybill ever asks you for the token.`],
  }),
})

export const invitationMail = (publicUrl: string, to: string, organizationName: string, token: string): Omit<Mail, "id"> => ({
  to,
  token,
  ...written({
    subject: phrase`Join ${organizationName} on Waybill`,
    paragraphs: [
      phrase`You are invited to join ${organizationName} on Waybill.`,
      phrase`Send the token below as invitation_token, with a password of your choice, to ${`${publicUrl}/api/v1/auth/register`} within ${String(limits.invitationDays)} days. It works once.`,
    ],
    token,
    footer: [phrase`You get this because somebody of ${organizationName} gave your address. If you do not know them, do nothing.`],
  }),
})
