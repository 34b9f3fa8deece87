import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import type { DeliveryView, WebhookView } from "./schemas.ts"
import type { DeliveryRow, EndpointRow } from "./tables.ts"

export const toWebhookView = (row: EndpointRow): WebhookView => ({
  id: row.id,
  url: row.url,
  description: row.description,
  event_types: [...row.eventTypes],
  status: row.status,
  disabled_reason: row.disabledReason,
  failing_since: formatInstantOrNull(row.failingSince),
  previous_secret_expires_at: formatInstantOrNull(row.secrets[1]?.expiresAt ?? null),
  created_by: row.createdBy,
  created_at: formatInstant(row.createdAt),
  updated_at: formatInstant(row.updatedAt),
  version: row.version,
})

export const toDeliveryView = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  webhook_id: row.webhookId,
  event_id: row.eventId,
  event_type: row.eventType,
  status: row.status,
  failure_reason: row.failureReason,
  attempts: row.attempts.map(({ at, status, error, durationMs, answer }) => ({
    at: formatInstant(at),
    status,
    error,
    duration_ms: durationMs,
    answer,
  })),
  next_attempt_at: formatInstantOrNull(row.nextAttemptAt),
  created_at: formatInstant(row.createdAt),
  finished_at: formatInstantOrNull(row.finishedAt),
})
