/** How a property stands in its column: as it is, true and false as 1 and 0, or as JSON text. */
type FormOf<Value> = Value extends boolean ? "flag" : Value extends string | number | null ? "value" : "json"

/** Every property of a row, so that one that is forgotten does not compile; `quantityStepMilli` stands in `quantity_step_milli`. */
type Forms<Row> = { readonly [Property in keyof Row]-?: FormOf<Row[Property]> }

type Column = { readonly property: string; readonly name: string; readonly form: "value" | "flag" | "json" }

/**
 * One table of the ledger: its rows as facts, and back. `fact` adds to a row what the ledger knows from elsewhere.
 * It decides nothing, and every write belongs to its caller's transaction.
 */
export class LedgerTable<Row extends object, Fact extends Row = Row> {
  readonly #sql: SqlStorage
  readonly #name: string
  readonly #columns: readonly Column[]
  readonly #keyNames: readonly string[]
  readonly #fact: (row: Row) => Fact
  readonly #insert: string
  readonly #save: string

  constructor(
    sql: SqlStorage,
    table: {
      readonly name: string
      readonly key: ReadonlyArray<keyof Row & string>
      readonly forms: Forms<Row>
      readonly fact: (row: Row) => Fact
    },
  ) {
    this.#sql = sql
    this.#name = table.name
    this.#fact = table.fact
    this.#keyNames = table.key.map(columnName)
    this.#columns = Object.entries<Column["form"]>(table.forms).map(([property, form]) => ({ property, name: columnName(property), form }))
    const names = this.#columns.map(({ name }) => name)
    const updates = names.filter((name) => !this.#keyNames.includes(name)).map((name) => `${name} = excluded.${name}`)
    this.#insert = `INSERT INTO ${this.#name} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`
    this.#save = `${this.#insert} ON CONFLICT (${this.#keyNames.join(", ")}) DO UPDATE SET ${updates.join(", ")}`
  }

  /** The one under this key, its parts in the key's order. */
  find(...key: string[]): Fact | undefined {
    return this.where(this.#keyNames.map((name) => `${this.#name}.${name} = ?`).join(" AND "), ...key)[0]
  }

  where(condition: string, ...params: SqlStorageValue[]): Fact[] {
    return this.rows(`WHERE ${condition}`, ...params)
  }

  /** All that the rest of the statement leaves of the table: joins, conditions, order. */
  rows(rest = "", ...params: SqlStorageValue[]): Fact[] {
    return this.#sql
      .exec<Record<string, SqlStorageValue>>(`SELECT ${this.#name}.* FROM ${this.#name} ${rest}`, ...params)
      .toArray()
      .map((record) => this.#fact(this.#decode(record)))
  }

  insert(row: Row): void {
    this.#sql.exec(this.#insert, ...this.#columns.map((column) => encoded(column, row)))
  }

  /** Inserts it, or overwrites the one of its key. */
  save(row: Row): void {
    this.#sql.exec(this.#save, ...this.#columns.map((column) => encoded(column, row)))
  }

  /** Overwrites these properties alone. */
  update(row: Row, properties: ReadonlyArray<keyof Row & string>): void {
    const columns = (names: readonly string[]) => this.#columns.filter(({ property }) => names.includes(property))
    const changed = columns(properties)
    const key = this.#columns.filter(({ name }) => this.#keyNames.includes(name))
    const assign = (separator: string, list: readonly Column[]) => list.map(({ name }) => `${name} = ?`).join(separator)
    this.#sql.exec(
      `UPDATE ${this.#name} SET ${assign(", ", changed)} WHERE ${assign(" AND ", key)}`,
      ...[...changed, ...key].map((column) => encoded(column, row)),
    )
  }

  // Walks over everything name a row by its key's parts with spaces between: rebuild, reconcile and the outbox.

  byKey(key: string): Fact | undefined {
    return this.find(...key.split(" "))
  }

  keysAfter(after: string, limit: number): string[] {
    const names = this.#keyNames.join(", ")
    const parts = after.split(" ")
    return this.#sql
      .exec<{ key: string }>(
        `SELECT ${this.#keyNames.join(" || ' ' || ")} AS key FROM ${this.#name}
         WHERE (${names}) > (${this.#keyNames.map(() => "?").join(", ")}) ORDER BY ${names} LIMIT ?`,
        ...this.#keyNames.map((_, index) => parts[index] ?? ""),
        limit,
      )
      .toArray()
      .map(({ key }) => key)
  }

  #decode(record: Record<string, SqlStorageValue>): Row {
    return Object.fromEntries(this.#columns.map((column) => [column.property, decoded(column, record)])) as Row
  }
}

const columnName = (property: string): string => property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function encoded({ property, form }: Column, row: object): SqlStorageValue {
  const value = (row as Record<string, unknown>)[property]
  if (form === "json") return JSON.stringify(value)
  return form === "flag" ? Number(value) : (value as SqlStorageValue)
}

function decoded({ name, form }: Column, record: Record<string, SqlStorageValue>): unknown {
  const value = record[name]
  if (form === "json") return JSON.parse(value as string)
  return form === "flag" ? value === 1 : value
}
