import { day, type Instant } from "./time.ts"

/** A calendar date, `YYYY-MM-DD`. */
export type PlainDate = string
/** A wall clock's time, `HH:MM`. */
export type WallTime = string

export const weekdays = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"] as const
export type Weekday = (typeof weekdays)[number]

const formats = new Map<string, Intl.DateTimeFormat>()
const formatsMax = 500

/** Building a formatter is dear, and a ledger has one zone. @throws RangeError for a zone that is none. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  })
  if (formats.size >= formatsMax) formats.clear()
  formats.set(timeZone, format)
  return format
}

/** What the wall clock of the zone shows, as the instant at which a clock in UTC shows the same; to the second. */
function wallClock(at: Instant, timeZone: string): Instant {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day: dayOfMonth = 1, hour = 0, minute: minutes = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, dayOfMonth, hour, minutes, second)
}

const dateOf = (wall: Instant): PlainDate => new Date(wall).toISOString().slice(0, 10)

/** The date in the zone at an instant. */
export const dateIn = (at: Instant, timeZone: string): PlainDate => dateOf(wallClock(at, timeZone))

/**
 * When the zone's wall clock shows this. Where clocks go back it shows it twice, and the first time counts; where they
 * go forward it may never show it, and the time as it would have been before the change counts.
 */
export function instantOf(date: PlainDate, time: WallTime, timeZone: string): Instant {
  const wall = Date.parse(`${date}T${time}:00Z`)
  // No zone is more than a day from UTC, and none changes twice within two days.
  const offsets = [wall - day, wall + day].map((near) => wallClock(near, timeZone) - near)
  const found = offsets.map((offset) => wall - offset).filter((at) => wallClock(at, timeZone) === wall)
  return found.length > 0 ? Math.min(...found) : wall - (offsets[0] ?? 0)
}

/** Calendar days later; a date has no zone, so that no change of clocks touches it. */
export const addDays = (date: PlainDate, days: number): PlainDate => dateOf(Date.parse(`${date}T00:00Z`) + days * day)

export const weekdayOf = (date: PlainDate): Weekday => weekdays[new Date(`${date}T00:00Z`).getUTCDay()] ?? "SUNDAY"
