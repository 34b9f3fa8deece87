import { DatabaseSync } from "node:sqlite"
import { getTableName } from "drizzle-orm"
import { getTableConfig, type SQLiteColumn } from "drizzle-orm/sqlite-core"
import { describe, expect, test } from "vitest"
import { declaredTables } from "../../../src/platform/db/tables.ts"
import { filesUnder, read, root } from "../../support/repository.ts"

// Every declaration, also of tables that no endpoint reads yet.
for (const file of filesUnder("src", "tables.ts")) await import(/* @vite-ignore */ `${root}/${file}`)

const database = new DatabaseSync(":memory:")
database.exec("PRAGMA foreign_keys = ON")
for (const file of filesUnder("migrations", ".sql")) database.exec(read(file))

const rows = <T>(sql: string, ...params: string[]): T[] => database.prepare(sql).all(...params) as T[]

type Column = {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly dflt_value: string | null
  readonly pk: number
}
type IndexColumns = { readonly name: string; readonly unique: boolean; readonly isPartial: boolean; readonly columns: readonly string[] }

const migrated = rows<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").map(({ name }) => name)

/** Tables of the migrations that no domain reads through a declaration. */
const undeclared = [
  { name: /^sqlite_/, why: "SQLite's own" },
  { name: /^guards$/, why: "never holds a row: its trigger aborts the batch; written by platform/db/guards.ts" },
  { name: /^products_fts(_|$)/, why: "the full-text index, which drizzle cannot declare; kept by triggers on products" },
] as const

const columnsOf = (table: string): Column[] => rows<Column>('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', table)

const primaryKeyOf = (table: string): string[] =>
  columnsOf(table)
    .filter(({ pk }) => pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map(({ name }) => name)

/** Indexes that CREATE INDEX made; those of keys and UNIQUE columns show elsewhere. */
const indexesOf = (table: string): IndexColumns[] =>
  rows<{ name: string; unique: number; partial: number; origin: string }>(
    'SELECT name, "unique", partial, origin FROM pragma_index_list(?) ORDER BY name',
    table,
  )
    .filter(({ origin }) => origin === "c")
    .map(({ name, unique, partial }) => ({ name, unique: unique === 1, isPartial: partial === 1, columns: indexColumns(name) }))

const indexColumns = (index: string): string[] =>
  rows<{ name: string | null; coll: string }>("SELECT name, coll FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno", index).map(
    ({ name, coll }) => (coll === "BINARY" ? String(name) : `${name} collate ${coll.toLowerCase()}`),
  )

const uniqueColumnsOf = (table: string): string[] =>
  rows<{ name: string }>("SELECT name FROM pragma_index_list(?) WHERE origin = 'u'", table)
    .flatMap(({ name }) => indexColumns(name))
    .sort()

const declared = [...declaredTables].map(([name, { kind, table }]) => ({ name, kind, table, config: getTableConfig(table) }))

/** `integer` and `text` are what D1 stores; drizzle's modes (boolean, json) change only what code sees. */
const declaredColumn = (column: SQLiteColumn) => ({ name: column.name, type: column.getSQLType().toUpperCase(), notNull: column.notNull })

/** Where SQLite's own rule differs from what is written: an INTEGER PRIMARY KEY is the rowid and never null. */
const migratedColumn = ({ name, type, notnull, pk }: Column) => ({ name, type, notNull: notnull === 1 || (pk > 0 && type === "INTEGER") })

function declaredKey({ config }: (typeof declared)[number]): string[] {
  const [composite] = config.primaryKeys
  return composite === undefined
    ? config.columns.filter(({ primary }) => primary).map(({ name }) => name)
    : composite.columns.map(({ name }) => name)
}

/** A column by its name; an expression by the text that the declaration gives it. */
const declaredIndexColumn = (part: unknown): string => {
  if (typeof part === "object" && part !== null && "name" in part) return String(part.name)
  const { queryChunks } = part as { queryChunks: ReadonlyArray<{ value: readonly string[] }> }
  return queryChunks.flatMap(({ value }) => value).join("")
}

describe("tables", () => {
  test("of the migrations are all declared, and the declared all migrated", () => {
    const expected = migrated.filter((name) => !undeclared.some((one) => one.name.test(name)))
    expect(declared.map(({ name }) => name).sort()).toEqual(expected)
    for (const { name, table } of declared) expect(getTableName(table)).toBe(name)
  })

  test("leave no file behind: each is made by one migration, named for its domain", () => {
    const files = filesUnder("migrations")
    expect(files.filter((file) => !/^migrations\/\d{4}_[a-z0-9_]+\.sql$/.test(file))).toEqual([])
    const numbers = files.map((file) => Number(file.slice("migrations/".length).split("_")[0]))
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })
})

describe.each(declared.map((one) => [one.name, one] as const))("%s", (name, one) => {
  test("has the columns, types and NOT NULLs that its declaration says", () => {
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name)
    expect(columnsOf(name).map(migratedColumn).sort(byName)).toEqual(one.config.columns.map(declaredColumn).sort(byName))
    expect(columnsOf(name).filter(({ dflt_value }) => dflt_value !== null)).toEqual([])
  })

  test("has the primary key, unique columns and indexes that its declaration says", () => {
    expect(primaryKeyOf(name)).toEqual(declaredKey(one))
    expect(uniqueColumnsOf(name)).toEqual(
      one.config.columns
        .filter(({ isUnique }) => isUnique)
        .map((column) => column.name)
        .sort(),
    )
    const indexes = one.config.indexes.map(({ config }) => ({
      name: config.name,
      unique: config.unique,
      isPartial: config.where !== undefined,
      columns: config.columns.map(declaredIndexColumn),
    }))
    expect(indexesOf(name)).toEqual(indexes.sort((a, b) => a.name.localeCompare(b.name)))
  })
})

/** Keys and indexes of an organization's rows that do not start with the organization, each with what forces it. */
const exceptions: Readonly<Record<string, string>> = {
  "events primary key": "seq is commit order over the whole database: the cursor of the queue's consumer",
  "products primary key": "row is the rowid, which the full-text index refers to",
  "refresh_tokens primary key": "a refresh token names its row before anybody knows whose it is",
  "reset_tokens primary key": "a one-time token names its row before anybody knows whose it is",
  event_laggards_look_at: "the sweep walks the organizations that are behind by when they are looked at next",
  idempotency_keys_created_at: "clean-up walks all organizations by age",
  notifications_expires_at: "clean-up walks all organizations by age",
  mail_outbox_created_at: "clean-up walks all organizations by age",
  mail_outbox_due: "the sweep finds the organizations whose mails wait longest",
  reset_tokens_expires_at: "clean-up walks all organizations by age",
  invitations_expires_at: "clean-up walks all organizations by age",
  invitations_token_hash: "a one-time token finds its invitation before anybody knows whose it is",
  api_keys_secret_hash: "a key finds its organization",
  users_email: "sign-in is by address, which is unique across the platform",
  import_jobs_due: "the sweep has imports of all organizations go on by what is due",
  import_jobs_finished: "clean-up walks all organizations by age",
  complaints_due: "the clock walks complaints of all organizations by what is due",
  webhook_endpoints_sealed_by: "clean-up seals secrets anew, whosever they are, when a key goes",
  webhook_deliveries_due: "the sweep wakes what is due, of all organizations",
  files_due_at: "the sweep walks all organizations by what is due",
  files_of_products: "a buyer asks for a product's image by id; whose product it is decides whether the buyer may see it",
  users_id: "a chat message names its recipient, whose organization decides whether there is a link with it",
  products_id: "a buyer asks for a product by id; whose it is decides whether the buyer may see it",
}

describe("rows of an organization", () => {
  const owned = declared.filter(({ kind }) => kind !== "platform")

  test("name it: org_id TEXT NOT NULL", () => {
    expect(owned.length).toBeGreaterThan(10)
    for (const { name } of owned) {
      const column = columnsOf(name).find((candidate) => candidate.name === "org_id")
      expect([name, column?.type, column?.notnull]).toEqual([name, "TEXT", 1])
    }
  })

  test("are keyed and indexed by it first; every exception has its reason, and none is stale", () => {
    const used = new Set<string>()
    const astray: string[] = []
    const check = (label: string, columns: readonly string[]) => {
      if (columns[0] === "org_id") return
      if (Object.hasOwn(exceptions, label)) used.add(label)
      else astray.push(`${label} (${columns.join(", ")})`)
    }
    for (const { name } of owned) {
      check(`${name} primary key`, primaryKeyOf(name))
      for (const index of indexesOf(name)) check(index.name, index.columns)
    }
    expect(astray).toEqual([])
    expect(Object.keys(exceptions).filter((label) => !used.has(label))).toEqual([])
  })

  test("have a unique (org_id, id) where the primary key is another", () => {
    for (const { name } of owned) {
      const key = primaryKeyOf(name)
      if (key[0] === "org_id" || !columnsOf(name).some((column) => column.name === "id") || key[0] === "id") continue
      expect(
        indexesOf(name).some(({ unique, columns }) => unique && columns.join() === "org_id,id"),
        name,
      ).toBe(true)
    }
  })

  test("refer to each other with the organization in the foreign key, and to no projection at all", () => {
    const projections = new Set(
      owned.filter(({ name }) => columnsOf(name).some((column) => column.name === "generation")).map(({ name }) => name),
    )
    expect(projections.size).toBeGreaterThan(4)
    for (const { name } of declared) {
      const keys = Map.groupBy(
        rows<{ id: number; table: string; from: string }>('SELECT id, "table", "from" FROM pragma_foreign_key_list(?)', name),
        ({ id }) => id,
      )
      for (const key of keys.values()) {
        const target = key[0]?.table ?? ""
        expect(projections.has(target), `${name} → ${target}`).toBe(false)
        expect(projections.has(name), `${name} is written by a relay alone`).toBe(false)
        if (owned.some((one) => one.name === target)) expect(key.map(({ from }) => from)).toContain("org_id")
      }
    }
  })

  test("are stored by their key, without a second tree under it, unless the rowid is the key", () => {
    const withRowid = owned.filter(
      ({ name }) => !/WITHOUT ROWID/i.test(rows<{ sql: string }>("SELECT sql FROM sqlite_master WHERE name = ?", name)[0]?.sql ?? ""),
    )
    expect(withRowid.map(({ name }) => name).sort()).toEqual(["events", "products"])
  })
})

describe("the guards table", () => {
  test("takes no row, whatever the code", () => {
    expect(() => database.exec("INSERT INTO guards (code) VALUES ('LAST_OWNER')")).toThrow(/waybill guard: LAST_OWNER/)
    expect(rows("SELECT * FROM guards")).toEqual([])
  })
})
