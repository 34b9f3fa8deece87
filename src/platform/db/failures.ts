/** D1's own words for what another try may well mend: no answer, no room, a database that starts anew. */
const passing =
  /network connection lost|overloaded|timed? ?out|exceeded timeout|too many requests|reset|internal error|transient|no answer/i

/** SQLite's codes for trouble that is not the statement's. A missing table or column is a migration still on its way. */
const passingCode = /SQLITE_(BUSY|LOCKED|FULL|NOMEM|IOERR|INTERRUPT)|no such (table|column)/

/**
 * Whether a failure is the database's for the moment, so that the same again may succeed. Anything else (a refused row,
 * a faulty statement, a bug) is the fault of what was asked.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { message } = error
  if (passingCode.test(message)) return true
  if (/SQLITE_[A-Z]+|D1_TYPE_ERROR/.test(message)) return false
  return message.startsWith("D1_") || (error.name === "Error" && passing.test(message))
}
