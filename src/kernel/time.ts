/** Milliseconds since the epoch, UTC. */
export type Instant = number

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** RFC 3339 in UTC with milliseconds. */
export const formatInstant = (at: Instant): string => new Date(at).toISOString()

export const formatInstantOrNull = (at: Instant | null): string | null => (at === null ? null : formatInstant(at))
