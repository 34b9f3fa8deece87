import { and, eq, sql } from "drizzle-orm"
import type { NotificationId, UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard } from "../../platform/db/guards.ts"
import { decodeRow } from "../../platform/db/statements.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type Choices, expiryOf } from "./rules.ts"
import type { Self } from "./self.ts"
import { type NotificationRow, notificationPreferences, notifications, type PreferencesRow } from "./tables.ts"

type Page = { readonly isUnreadOnly: boolean; readonly after: NotificationId | undefined; readonly rowsMax: number }

/** A person's own notifications. Every statement binds the organization and the person. */
export const notificationStore = ({ home: db, userId }: Self) => ({
  byId: (id: NotificationId): Promise<NotificationRow | undefined> =>
    db.one(notifications, and(eq(notifications.userId, userId), eq(notifications.id, id))),

  /** Newest first, with how many are unread, counted up to `unreadCountMax`. One trip: the rows returned, and those counted. */
  async page({ isUnreadOnly, after, rowsMax }: Page): Promise<{ readonly rows: NotificationRow[]; readonly unreadCount: number }> {
    const [rows = [], [count] = []] = await db.query(
      (orgId) => sql`select * from notifications ${isUnreadOnly ? sql`indexed by notifications_unread` : sql``}
        where org_id = ${orgId} and user_id = ${userId} ${isUnreadOnly ? sql`and read_at is null` : sql``}
        ${after === undefined ? sql`` : sql`and id < ${after}`} order by id desc limit ${rowsMax}`,
      (orgId) => sql`select count(*) as n from (select 1 from notifications indexed by notifications_unread
        where org_id = ${orgId} and user_id = ${userId} and read_at is null limit ${limits.unreadCountMax})`,
    )
    return { rows: rows.map((row) => decodeRow(notifications, row)), unreadCount: Number(count?.["n"] ?? 0) }
  },

  /** Ids of the newest unread ones. */
  async unread(rowsMax: number): Promise<readonly NotificationId[]> {
    const [rows = []] = await db.query(
      (orgId) => sql`select id from notifications indexed by notifications_unread
        where org_id = ${orgId} and user_id = ${userId} and read_at is null order by id desc limit ${rowsMax}`,
    )
    return rows.map((row) => String(row["id"]) as NotificationId)
  },

  /** Marks those as read that are not yet: who read first stays. */
  markRead: (ids: readonly NotificationId[], now: Instant): Statement =>
    db.statement(
      (orgId) => sql`update notifications set read_at = ${now}, expires_at = min(expires_at, ${expiryOf(now, now)})
        where org_id = ${orgId} and user_id = ${userId} and read_at is null
        and id in (select value from json_each(${JSON.stringify(ids)}))`,
    ),

  preferences: (): Promise<PreferencesRow | undefined> => db.one(notificationPreferences, eq(notificationPreferences.userId, userId)),

  /** Adds the choice to have no mail of a type, whatever else was chosen or is being chosen. */
  turnMailOff: (type: string, now: Instant): Statement => {
    const choices = JSON.stringify({ [type]: { mail: false } })
    return db.statement(
      (orgId) => sql`insert into notification_preferences (org_id, user_id, choices, version, updated_at)
        values (${orgId}, ${userId}, ${choices}, 1, ${now}) on conflict (org_id, user_id) do update
        set choices = json_patch(choices, excluded.choices), version = version + 1, updated_at = excluded.updated_at`,
    )
  },

  /** Replaces what was chosen, as long as it is what was read. */
  savePreferences: (choices: Choices, readVersion: number, now: Instant): readonly Statement[] => [
    guard(
      "VERSION_MISMATCH",
      sql`coalesce((select version from notification_preferences where org_id = ${db.orgId} and user_id = ${userId}), 0) = ${readVersion}`,
    ),
    db.statement(
      (orgId) => sql`insert into notification_preferences (org_id, user_id, choices, version, updated_at)
        values (${orgId}, ${userId}, ${JSON.stringify(choices)}, ${readVersion + 1}, ${now})
        on conflict (org_id, user_id) do update set choices = excluded.choices, version = excluded.version, updated_at = excluded.updated_at`,
    ),
  ],
})

/** What these people chose, by their id. */
export async function choicesOf(db: TenantDb, people: ReadonlyArray<{ readonly id: UserId }>): Promise<ReadonlyMap<UserId, Choices>> {
  const rows = await db.many(notificationPreferences, {
    where: sql`user_id in (select value from json_each(${JSON.stringify(people.map(({ id }) => id))}))`,
  })
  return new Map(rows.map(({ userId, choices }) => [userId, choices]))
}
