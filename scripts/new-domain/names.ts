/** The forms a domain's name takes: `field-sales`, `fieldSales`, `FieldSales`, `field_sales`, `Field sales`, and `FIELDSALES` in its invariants' names. */
export type Names = {
  readonly kebab: string
  readonly camel: string
  readonly pascal: string
  readonly snake: string
  readonly title: string
  readonly invariant: string
}

const pattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const charsMax = 40

/** The forms of a kebab-case name, or undefined when it is none. */
export function namesOf(kebab: string): Names | undefined {
  if (!pattern.test(kebab) || kebab.length > charsMax) return undefined
  const words = kebab.split("-")
  const pascal = words.map(capitalized).join("")
  return {
    kebab,
    camel: (words[0] ?? "") + words.slice(1).map(capitalized).join(""),
    pascal,
    snake: words.join("_"),
    title: capitalized(words.join(" ")),
    invariant: words.join("").replace(/\d/g, "").toUpperCase(),
  }
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
