import { formatInstant, formatInstantOrNull } from "../../kernel/time.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { eventTypes } from "../../platform/events/define-event.ts"
import { type Choices, choiceOf, isDefault } from "./rules.ts"
import type { NotificationRow } from "./tables.ts"
import { topics } from "./topics.ts"

export const toNotificationView = (row: NotificationRow) => ({
  id: row.id,
  type: row.type,
  title: row.title,
  body: row.body,
  subject: row.subjectKind === null || row.subjectId === null ? null : { kind: row.subjectKind, id: row.subjectId },
  is_read: row.readAt !== null,
  read_at: formatInstantOrNull(row.readAt),
  created_at: formatInstant(row.createdAt),
})

/** Every type that these permissions show, as it is told to whoever holds them and chose so. */
export const toPreferencesView = (choices: Choices, version: number, permissions: ReadonlySet<Permission>) => ({
  preferences: Object.entries(topics)
    .filter(([type]) => {
      const declared = eventTypes.get(type)
      return declared !== undefined && permissions.has(declared.permission)
    })
    .map(([type, topic]) => {
      const [inApp, mail] = [choiceOf(choices, type, "in_app"), choiceOf(choices, type, "mail")]
      return {
        type,
        description: topic.description,
        in_app: inApp ?? isDefault(topic, permissions, "in_app"),
        mail: mail ?? isDefault(topic, permissions, "mail"),
        offers_mail: topic.offers.includes("mail"),
        is_default: inApp === undefined && mail === undefined,
      }
    }),
  version,
})
