/** HTML that is safe to show: only `html` makes it, and that escapes every text it is given. */
export class Html {
  readonly markup: string

  private constructor(markup: string) {
    this.markup = markup
  }

  static of(parts: TemplateStringsArray, values: readonly HtmlValue[]): Html {
    return new Html(parts.reduce((markup, part, index) => markup + markupOf(values[index - 1] ?? "") + part))
  }
}

type HtmlValue = string | Html | readonly Html[]

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

/** Whatever the types say: only what `html` made is markup, and what is neither that nor text is nothing. */
function markupOf(value: HtmlValue): string {
  if (typeof value === "string") return value.replace(/[&<>"']/g, (char) => escapes[char] ?? char)
  if (value instanceof Html) return value.markup
  return Array.isArray(value) ? value.map(markupOf).join("\n") : ""
}

/** The code's own words are markup; what stands in `${}` is text, unless it is Html itself. For content and quoted attributes. */
export const html = (parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html => Html.of(parts, values)
