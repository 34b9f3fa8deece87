import { idPrefixes, isId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { formatInstant, type Instant } from "../../kernel/time.ts"

type Told = { readonly id: string; readonly type: string; readonly at: Instant; readonly data: unknown }

const encoder = new TextEncoder()
const idsShownMax = 20

const isAnyId = (value: unknown): value is string =>
  typeof value === "string" && Object.values(idPrefixes).some((prefix) => isId(prefix, value))

/** The ids among the members, which say what the event is about. */
function idsOf(data: unknown): Record<string, string> {
  if (typeof data !== "object" || data === null) return {}
  const ids = Object.entries(data).filter((entry): entry is [string, string] => isAnyId(entry[1]))
  return Object.fromEntries(ids.slice(0, idsShownMax))
}

/**
 * The body of an event's request, the same at every attempt: `{type, timestamp, data}` (Standard Webhooks). INV-WHK-8: it
 * stays under 20 kB; data that does not fit gives way to the ids in it and `url`, where the event can be read whole.
 */
export function payloadOf({ id, type, at, data }: Told, publicUrl: string): string {
  const body = (content: unknown): string => JSON.stringify({ type, timestamp: formatInstant(at), data: content })
  const whole = body(data)
  if (encoder.encode(whole).byteLength < limits.webhookPayloadBytesMax) return whole
  return body({ ...idsOf(data), event_id: id, is_truncated: true, url: `${publicUrl}/api/v1/events/${id}` })
}
