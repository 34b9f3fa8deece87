/** A literal for SQLite, for statements that go through wrangler, which binds no parameters. */
export function literal(value: string | number): string {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Error(`${value} is no whole number`)
    return String(value)
  }
  if (value.includes("\0")) throw new Error("a text holds a NUL character")
  return `'${value.replaceAll("'", "''")}'`
}
