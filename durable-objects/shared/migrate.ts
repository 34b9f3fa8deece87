/** A step of an object's schema: run once, in order, never changed after it has landed. */
export type SchemaStep = { readonly id: number; readonly name: string; readonly sql: string }

/**
 * Brings the object's SQLite up to the last step and keeps what it did in `_migrations`, since objects have
 * no `PRAGMA user_version`. Nothing is written when it is current. Call inside a transaction. @returns whether any step ran.
 */
export function migrate(sql: SqlStorage, steps: readonly SchemaStep[]): boolean {
  if (!isMigrated(sql)) sql.exec("CREATE TABLE _migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
  const { done } = sql.exec<{ done: number }>("SELECT coalesce(max(id), 0) AS done FROM _migrations").one()
  const due = steps.filter(({ id }) => id > done)
  for (const step of due) {
    sql.exec(step.sql)
    sql.exec("INSERT INTO _migrations (id, name) VALUES (?, ?)", step.id, step.name)
  }
  return due.length > 0
}

/** Whether any step has ever run here: an object that was only asked a question has no tables. */
export const isMigrated = (sql: SqlStorage): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_migrations'").toArray().length > 0
