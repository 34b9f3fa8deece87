import { runInDurableObject } from "cloudflare:test"
import { describe, expect, test } from "vitest"
import { isMigrated, migrate } from "../../../durable-objects/shared/migrate.ts"
import { schemaSteps } from "../../../durable-objects/supplier-ledger/migrations.ts"
import { adopted, organization, TestLedger } from "../../support/ledger.ts"

/**
 * Rows for the tables that each step adds, written as that step's own code would. A step that adds tables adds its
 * rows here; one that changes tables adds rows in the new form, and the older rows show that they survive.
 */
const rowsOfStep: Readonly<Record<number, string>> = {
  1: `
    INSERT INTO meta VALUES ('seq', 41), ('orders', 1);
    INSERT INTO organization VALUES (1, '{"id":"org_1","routing":7}');
    INSERT INTO locations VALUES ('whs_1', 'MAIN', 'Main warehouse', 1, 1, 1);
    INSERT INTO products VALUES ('prd_1', 'TOM', 'Tomatoes', '', 'Vegetables', 'kg', 500, 599, 'USD', 1000, 0, 1, '["fil_1"]', NULL, 10, 20, 3, 40);
    INSERT INTO products VALUES ('prd_2', 'TOM', 'Old tomatoes', 'gone', '', 'kg', 1, 0, 'JPY', 1, 5, 0, '[]', 99, 10, 99, 2, 9);
    INSERT INTO stock_levels VALUES ('prd_1', 'whs_1', 1500, 41);
    INSERT INTO stock_movements VALUES ('mov_1', 'prd_1', 'whs_1', 'IN', 2000, 'OPENING', NULL, NULL, 'usr_1', 'Olga', 10, 10, 2);
    INSERT INTO stock_movements VALUES ('mov_2', 'prd_1', 'whs_1', 'OUT', -500, 'ORDER_ACCEPTED', 'ord_1', 'oln_1', NULL, 'Olga', 20, 20, 41);
    INSERT INTO links VALUES ('lnk_1', 'org_2', 'Harbour', 'APPROVED', 'Hello', NULL, 5, 6, 2, 4);
    INSERT INTO orders VALUES ('ord_1', 'SO-00001', 'org_2', 'Valley', 'Harbour', 'ACCEPTED', 'USD', 300, '[]', '[]', 'ring', 'late payer', '2026-12-01', 15, 20, 2, 41);
    INSERT INTO commands VALUES ('command-1', 'hash', '{"ok":true}', 15);
    INSERT INTO outbox_dirty VALUES ('order', 'ord_1', 41, 40, NULL), ('product', 'prd_2', 9, 9, 'refused');
    INSERT INTO outbox_append (target, row, stuck) VALUES ('events', '[]', NULL);
    INSERT INTO due VALUES ('relay', 99);
  `,
  2: "INSERT INTO room_news VALUES ('lnk_2', 7);",
  3: `
    INSERT INTO lots VALUES ('lot_1', 'prd_1', 'L-1', '2027-01-31', 'ACTIVE', NULL, NULL, 30, 30, 1, 42);
    INSERT INTO stock_levels VALUES ('prd_1', 'whs_1', 'lot_1', 3000, 43);
    INSERT INTO stock_movements (id, product_id, location_id, type, quantity_milli, reason, order_id, order_line_id, actor_id, actor_name, effective_at,
      recorded_at, seq, to_location_id, lot_id, unit_id, unit_cost_milli, currency, reference, corrects, receives)
      VALUES ('mov_3', 'prd_1', 'whs_1', 'IN', 3000, 'RECEIPT', NULL, NULL, 'usr_1', 'Olga', 30, 30, 43, NULL, 'lot_1', NULL, 250000, 'USD', 'DN 7', NULL, NULL);
    INSERT INTO transits VALUES ('mov_3', 'prd_1', 'lot_1', 'whs_1', 500);
    INSERT INTO reservations VALUES ('rsv_1', 'prd_1', 'whs_1', 'lot_1', 1000, NULL, NULL, 'unt_1', 99, 43);
    INSERT INTO units VALUES ('unt_1', 'prd_1', 'SN-1', 'whs_1', 'lot_1', 'RESERVED', NULL, NULL, 99, '[]', 30, 31, 2, 43);
    INSERT INTO minimums VALUES ('prd_1', 'whs_1', 500, 0, NULL, 43);
    INSERT INTO costs VALUES ('prd_1', 'USD', 250000);
  `,
  4: `INSERT INTO link_terms VALUES ('lnk_1', '{"discountBasisPoints":500,"priceList":{}}', 41);`,
  5: `
    INSERT INTO products (id, sku, name, description, category, unit, quantity_step_milli, price_minor, currency, min_order_milli, min_stock_milli,
      is_active, images, archived_at, created_at, updated_at, version, seq)
      SELECT 'prd_3', 'KIT', name, description, category, unit, quantity_step_milli, price_minor, currency, min_order_milli, min_stock_milli,
      is_active, images, archived_at, created_at, updated_at, version, seq FROM products WHERE id = 'prd_1';
    UPDATE products SET identity_id = 'idn_1', color = 'WY', condition = 'N' WHERE id = 'prd_3';
    INSERT INTO bundle_components VALUES ('bcp_1', 'prd_3', 'prd_1', 2000, 'PRIMARY', 50, NULL, 1, 42);
  `,
  6: "UPDATE products SET gtin = '4006381333931' WHERE id = 'prd_1';",
  7: `
    UPDATE products SET packs = '[{"unit":"box","quantityMilli":12000}]' WHERE id = 'prd_3';
    INSERT INTO orders SELECT 'ord_2', 'SO-00002', buyer_id, supplier_name, buyer_name, 'AMENDED', currency, total_minor, lines, history,
      note, internal_note, requested_delivery_on, placed_at, updated_at, version, seq, 99 FROM orders WHERE id = 'ord_1';
  `,
  8: "INSERT INTO stock_levels VALUES ('prd_1', 'whs_1', 'lot_2', 0, 44);",
  9: "INSERT INTO stock_levels VALUES ('prd_1', 'whs_1', 'lot_3', 5, 45);",
  10: "UPDATE place_holdings SET on_hand_milli = on_hand_milli + 1, held_seq = 46;",
}

const last = schemaSteps.length

type Tables = Record<string, Array<Record<string, SqlStorageValue>>>

/** The runtime's own tables stand beside ours in sqlite_master. */
const ddl = (sql: SqlStorage): string =>
  sql
    .exec<{ sql: string }>(
      "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type DESC, name",
    )
    .toArray()
    .map((row) => `${row.sql.trim()};\n`)
    .join("\n")

function tablesOf(sql: SqlStorage): Tables {
  const names = sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .toArray()
  return Object.fromEntries(names.map(({ name }) => [name, sql.exec(`SELECT * FROM ${name} ORDER BY 1, 2`).toArray()]))
}

/** An object whose storage nobody has touched. */
const inEmptyObject = <T>(use: (storage: DurableObjectStorage) => T): Promise<T> =>
  runInDurableObject(new TestLedger(organization("Nobody")).stub, (_, { storage }) => use(storage))

/** The same storage, with every statement noted. */
function watched(sql: SqlStorage): { readonly sql: SqlStorage; readonly statements: string[]; readonly written: () => number } {
  const statements: string[] = []
  const cursors: Array<{ readonly rowsWritten: number }> = []
  const exec = (query: string, ...params: unknown[]) => {
    statements.push(query.trim())
    const cursor = sql.exec(query, ...params)
    cursors.push(cursor)
    return cursor
  }
  return {
    sql: { exec } as unknown as SqlStorage,
    statements,
    written: () => cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
  }
}

describe("the ledger's schema", () => {
  test("steps are numbered without gaps, and each has rows for the upgrade test", () => {
    expect(schemaSteps.map(({ id }) => id)).toEqual(Array.from({ length: last }, (_, index) => index + 1))
    for (const { id } of schemaSteps) expect(rowsOfStep[id], `rows of step ${id}`).toBeDefined()
  })

  test("all steps add up to the reviewed snapshot", async () => {
    const now = await inEmptyObject(({ sql }) => {
      migrate(sql, schemaSteps)
      return ddl(sql)
    })
    await expect(now).toMatchFileSnapshot("./schema.snapshot.sql")
  })

  test.each(Array.from({ length: last + 1 }, (_, steps) => steps))(
    "a ledger at step %i comes up to the last with the same schema as a new one, and keeps its rows",
    async (steps) => {
      const fresh = await inEmptyObject(({ sql }) => {
        migrate(sql, schemaSteps)
        return ddl(sql)
      })
      const upgraded = await inEmptyObject(({ sql }) => {
        for (const { id } of schemaSteps.slice(0, steps)) {
          migrate(sql, schemaSteps.slice(0, id))
          sql.exec(rowsOfStep[id] ?? "")
        }
        const before = tablesOf(sql)
        migrate(sql, schemaSteps)
        return { ddl: ddl(sql), before, after: tablesOf(sql) }
      })
      expect(upgraded.ddl).toBe(fresh)
      const { _migrations: doneBefore = [], ...rowsBefore } = upgraded.before
      const { _migrations: done = [], ...rows } = upgraded.after
      expect(done.map(({ id }) => id)).toEqual(schemaSteps.map(({ id }) => id))
      expect(done.slice(0, steps)).toEqual(doneBefore)
      for (const [table, earlier] of Object.entries(rowsBefore)) {
        expect(earlier.length, `${table} has rows to keep`).toBeGreaterThan(0)
        // What a step leaves for D1 to hear of stands beside what waited already.
        const [before, after] = [earlier, rows[table] ?? []].map((list) => list.filter(({ kind }) => kind !== "holding"))
        expect(after).toHaveLength(before?.length ?? -1)
        for (const [index, row] of before?.entries() ?? []) expect(after?.[index]).toMatchObject(row)
      }
    },
  )

  test("INV-WHS-8: a ledger from before it kept what its places hold sums it up once, and tells D1", async () => {
    const { held, told } = await inEmptyObject(({ sql }) => {
      for (const { id } of schemaSteps.slice(0, 9)) {
        migrate(sql, schemaSteps.slice(0, id))
        sql.exec(rowsOfStep[id] ?? "")
      }
      migrate(sql, schemaSteps)
      return {
        held: sql.exec("SELECT * FROM place_holdings").toArray(),
        told: sql.exec("SELECT kind, id, seq, since, stuck FROM outbox_dirty WHERE kind = 'holding'").toArray(),
      }
    })
    expect(held).toEqual([{ location_id: "whs_1", on_hand_milli: 4_505, incoming_milli: 500, held_seq: 41 }])
    expect(told).toEqual([{ kind: "holding", id: "whs_1", seq: 41, since: 41, stuck: null }])
  })

  test("a ledger that is current runs no DDL and writes nothing when it wakes", async () => {
    const seen = await inEmptyObject(({ sql }) => {
      migrate(sql, schemaSteps)
      const again = watched(sql)
      migrate(again.sql, schemaSteps)
      return { statements: again.statements, written: again.written() }
    })
    expect(seen.statements.length).toBeGreaterThan(0)
    for (const statement of seen.statements) expect(statement).toMatch(/^SELECT/)
    expect(seen.written).toBe(0)
  })

  test("the real object comes up to the last step when it is adopted, and not before", async () => {
    const ledger = new TestLedger(organization("Early"))
    expect(await runInDurableObject(ledger.stub, (_, { storage }) => isMigrated(storage.sql))).toBe(false)
    const [row] = await (await adopted()).rows<{ done: number }>("SELECT max(id) AS done FROM _migrations")
    expect(row?.done).toBe(last)
  })
})
