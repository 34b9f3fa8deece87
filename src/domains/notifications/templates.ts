import { limits } from "../../kernel/limits.ts"
import { written } from "../../platform/mail/letter.ts"
import type { Mail } from "../../platform/mail/mailer.ts"
import { phrase, plain, shortened } from "../../platform/mail/phrase.ts"
import { Facts } from "./facts.ts"
import type { ToldTopic } from "./topic.ts"

/** What a notification shows: plain text of bounded length, and the thing that it is about. */
export type Shown = {
  readonly title: string
  readonly body: string
  readonly subject: { readonly kind: string; readonly id: string } | null
}

export function shownOf({ about, say }: ToldTopic, data: unknown): Shown {
  const facts = new Facts(data)
  const { title, lines } = say(facts)
  const id = facts.id(about.prefix, about.member)
  return {
    title: plain(title.text, limits.notificationTitleCharsMax),
    body: shortened(lines.map(({ text }) => text).join("\n"), limits.notificationBodyCharsMax),
    subject: id === undefined ? null : { kind: about.kind, id },
  }
}

type Recipient = { readonly email: string; readonly name: string }

/** Where preferences are read and set, and so where mails of any kind are turned off. */
const preferencesUrl = (publicUrl: string): string => `${publicUrl}/api/v1/notifications/preferences`

/** The mail about an event. `publicUrl` is empty where nobody trustworthy says it: then no address stands in the mail. */
export function mailOf(
  topic: ToldTopic,
  event: { readonly type: string; readonly data: unknown },
  to: Recipient,
  organizationName: string,
  publicUrl: string,
): Omit<Mail, "id"> {
  const facts = new Facts(event.data)
  const { title, lines } = topic.say(facts)
  const { path, prefix, member } = topic.about
  const id = facts.id(prefix, member)
  const link = publicUrl === "" || path === undefined || id === undefined ? {} : { link: `${publicUrl}/api/v1${path}${id}` }
  const unsubscribe = publicUrl === "" ? {} : { unsubscribeUrl: preferencesUrl(publicUrl) }
  const letter = written({
    subject: title,
    paragraphs: [phrase`Hello ${to.name},`, phrase`${title}.`],
    details: lines,
    ...link,
    footer: [
      phrase`You get this because it concerns your work at ${organizationName}.`,
      phrase`To stop mails of this kind, turn off mail for ${event.type} in your notification preferences.`,
    ],
    ...(publicUrl === "" ? {} : { footerLink: preferencesUrl(publicUrl) }),
  })
  return { to: to.email, ...letter, ...unsubscribe }
}
