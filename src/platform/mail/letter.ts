import { limits } from "../../kernel/limits.ts"
import { type Html, html } from "./html.ts"
import type { Mail } from "./mailer.ts"
import { type Phrase, plain } from "./phrase.ts"

/** What a mail says, before it is put into its two parts. */
type Letter = {
  readonly subject: Phrase
  readonly paragraphs: readonly Phrase[]
  /** Short lines that stand together. */
  readonly details?: readonly Phrase[]
  /** Shown alone on a line, to be copied. It stands in the text and never in a link: what stands in a URL ends up in logs and histories. */
  readonly token?: string
  /** An address of our own, shown as it is. */
  readonly link?: string
  /** Why this came and how it stops. */
  readonly footer: readonly Phrase[]
  readonly footerLink?: string
}

const isOurs = (url: string | undefined): url is string => url !== undefined && /^https?:\/\//.test(url)

const paragraph = ({ html: words }: Phrase): Html => html`<p>${words}</p>`

const line = ({ html: words }: Phrase, index: number): Html => (index === 0 ? words : html`<br>${words}`)

const anchor = (url: string): Html => html`<p><a href="${url}">${url}</a></p>`

/**
 * The letter as subject, text and HTML. The HTML needs no style sheet to be read, asks for nothing from elsewhere, and
 * says the same as the text.
 */
export function written({
  subject,
  paragraphs,
  details = [],
  token,
  link,
  footer,
  footerLink,
}: Letter): Pick<Mail, "subject" | "text" | "html"> {
  const title = plain(subject.text, limits.mailSubjectCharsMax)
  const text = [
    ...paragraphs.map((part) => part.text),
    ...(details.length === 0 ? [] : [details.map((part) => part.text).join("\n")]),
    ...(token === undefined ? [] : [token]),
    ...(isOurs(link) ? [link] : []),
    // The line by which mail programs know a signature (RFC 3676, section 4.3).
    ["-- ", ...footer.map((part) => part.text), ...(isOurs(footerLink) ? [footerLink] : [])].join("\n"),
  ].join("\n\n")
  const page = html`<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
</head>
<body style="margin:0;padding:24px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5">
<main style="max-width:36em;margin:0 auto;overflow-wrap:anywhere">
<h1 style="font-size:20px;line-height:1.3">${subject.html}</h1>
${paragraphs.map(paragraph)}
${details.length === 0 ? "" : html`<p>${details.map(line)}</p>`}
${token === undefined ? "" : html`<p><code style="font-size:16px">${token}</code></p>`}
${isOurs(link) ? anchor(link) : ""}
<hr style="border:0;border-top:1px solid #999;margin:24px 0">
<footer style="font-size:14px">
${footer.map(paragraph)}
${isOurs(footerLink) ? anchor(footerLink) : ""}
</footer>
</main>
</body>
</html>
`
  return { subject: title, text: `${text}\n`, html: page.markup }
}
