/** Milliseconds since the epoch, UTC. */
export type Instant = number

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** RFC 3339 in UTC with milliseconds. */
export const formatInstant = (at: Instant): string => new Date(at).toISOString()

export const formatInstantOrNull = (at: Instant | null): string | null => (at === null ? null : formatInstant(at))

const formats = new Map<string, Intl.DateTimeFormat>()

/** The calendar day at an instant in an IANA time zone, `2026-11-21`. @throws for a zone that is none: input is checked before. */
export function localDate(at: Instant, timeZone: string): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    // sv-SE writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" })
    formats.set(timeZone, format)
  }
  return format.format(at)
}
