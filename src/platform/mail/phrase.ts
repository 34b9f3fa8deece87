import { limits } from "../../kernel/limits.ts"
import { type Html, html } from "./html.ts"

/** Something said, as plain text on one line and as HTML: made from one source, so that the two parts of a mail cannot differ. */
export type Phrase = { readonly text: string; readonly html: Html }

/** Line breaks and other control characters. */
const controls = /[\p{Cc}\p{Zl}\p{Zp}]+/gu
/** What turns the direction of text, or takes no room: with these a name can pretend to be something else. */
const invisible = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu

/** Cut to so many characters, none of them halved. */
export function shortened(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const kept = text.slice(0, charsMax - 1)
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`
}

/** Somebody's own words as one line of bounded length. */
export const plain = (text: string, charsMax: number = limits.mailValueCharsMax): string =>
  shortened(
    // Cut first: what follows must not be made to work on megabytes.
    text
      .slice(0, charsMax * 4)
      .toWellFormed()
      .replace(controls, " ")
      .replace(invisible, "")
      .replace(/\s+/g, " ")
      .trim(),
    charsMax,
  )

const said = (value: string | Phrase): Phrase => {
  if (typeof value !== "string") return value
  const text = plain(value)
  // Isolated: a name from right to left leaves the words around it where they are.
  return { text, html: html`<bdi>${text}</bdi>` }
}

/** The code's own words with somebody else's in `${}`: those are made plain, bounded, and in HTML escaped and isolated. */
export function phrase(parts: TemplateStringsArray, ...values: ReadonlyArray<string | Phrase>): Phrase {
  const spoken = values.map(said)
  return {
    text: parts.reduce((text, part, index) => text + (spoken[index - 1]?.text ?? "") + part),
    html: parts.reduce<Html>((markup, part, index) => html`${markup}${spoken[index - 1]?.html ?? ""}${part}`, html``),
  }
}
