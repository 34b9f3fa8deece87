import { type SQL, sql } from "drizzle-orm"
import type { Instant } from "../../kernel/time.ts"

type Taking = {
  readonly table: string
  /** The columns of its primary key. */
  readonly key: readonly string[]
  /** One that holds `due_at` in order, of what `where` says. */
  readonly index: string
  readonly where: SQL
  readonly now: Instant
  readonly rowsMax: number
  /** Moves `due_at` ahead, so that nobody else takes the rows meanwhile and rows that nothing helps hold up no others. */
  readonly set: SQL
  readonly returning: SQL
}

/** Takes rows whose time has come, those that wait longest first, in the one statement that reads them: of many who take at once each gets others. */
export function takeDue({ table, key, index, where, now, rowsMax, set, returning }: Taking): SQL {
  const columns = sql.join(
    key.map((name) => sql.identifier(name)),
    sql`, `,
  )
  return sql`update ${sql.identifier(table)} set ${set} where (${columns}) in (select ${columns} from ${sql.identifier(table)}
    indexed by ${sql.identifier(index)} where ${where} and due_at <= ${now} order by due_at limit ${rowsMax}) returning ${returning}`
}
