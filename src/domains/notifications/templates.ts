import { limits } from "../../kernel/limits.ts"
import { written } from "../../platform/mail/letter.ts"
import type { Mail } from "../../platform/mail/mailer.ts"
import { phrase, plain, shortened } from "../../platform/mail/phrase.ts"
import { Facts } from "./facts.ts"
import type { ToldTopic } from "./topic.ts"

/** What a notification shows: plain text of bounded length, and the thing that it is about. */
type Shown = {
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

/** The mail about an event. `publicUrl` is empty where nobody trustworthy says it: then no address stands in the mail, and `unsubscribeUrl` is none. */
export function mailOf(
  topic: ToldTopic,
  event: { readonly type: string; readonly data: unknown },
  to: Recipient,
  organizationName: string,
  publicUrl: string,
  unsubscribeUrl: string | undefined,
): Omit<Mail, "id"> {
  const facts = new Facts(event.data)
  const { title, lines } = topic.say(facts)
  const { path, prefix, member } = topic.about
  const id = facts.id(prefix, member)
  const link = publicUrl === "" || path === undefined || id === undefined ? {} : { link: `${publicUrl}/api/v1${path}${id}` }
  const letter = written({
    subject: title,
    paragraphs: [phrase`Hello ${to.name},`, phrase`${title}.`],
    details: lines,
    ...link,
    footer: [
      phrase`You get this because it concerns your work at ${organizationName}.`,
      unsubscribeUrl === undefined
        ? phrase`To stop mails of this kind, turn off mail for ${event.type} in your notification preferences.`
        : phrase`To stop mails of this kind, turn off mail for ${event.type} in your notification preferences, or here:`,
    ],
    ...(unsubscribeUrl === undefined ? {} : { footerLink: unsubscribeUrl }),
  })
  return { to: to.email, ...letter, ...(unsubscribeUrl === undefined ? {} : { unsubscribeUrl }) }
}
