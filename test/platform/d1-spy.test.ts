import { env } from "cloudflare:workers"
import { eq, sql } from "drizzle-orm"
import { afterAll, expect, test } from "vitest"
import { users } from "../../src/domains/identity/tables.ts"
import { newId } from "../../src/kernel/ids.ts"
import { Executor } from "../../src/platform/db/executor.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { prepared } from "../../src/platform/db/statements.ts"
import { acrossTenants, TenantDb } from "../../src/platform/db/tenant-db.ts"
import { D1Spy, strays } from "../support/d1-spy.ts"

const spy = new D1Spy()
afterAll(() => spy[Symbol.dispose]())

const orgId = newId("org", Date.now())
const db = new TenantDb(new Executor(env, new Meter()), orgId)

test("every statement is heard with its tables, and what a handle makes binds its organization", async () => {
  await db.many(users)
  await db.run([db.delete(users, eq(users.email, "nobody@example.test"))])
  const heard = spy.take()
  expect(heard).toHaveLength(2)
  expect(heard.map(({ tables }) => tables)).toEqual([["users"], ["users"]])
  expect(strays(heard, orgId)).toEqual([])
  expect(strays(heard, newId("org", Date.now()))).toHaveLength(2)
  expect(spy.take()).toEqual([])
})

test("a statement that forgets its organization is found, also beside one that does not", async () => {
  await db.query(
    () => sql`select count(*) from users`,
    (own) => sql`select count(*) from users where org_id = ${own}`,
    () => sql`select rowid from products_fts where products_fts match 'org : x'`,
  )
  expect(strays(spy.take(), orgId).map(({ sql: text }) => text)).toEqual([
    "select count(*) from users",
    "select rowid from products_fts where products_fts match 'org : x'",
  ])
})

test("an escape is heard with its reason and is no stray; the platform's own tables are nobody's", async () => {
  await acrossTenants(env, new Meter(), "cron deletes what has expired").query(sql`select count(*) from users`)
  await db.query(() => sql`select count(*) from organizations where name = 'users'`)
  const heard = spy.take()
  expect(heard.map(({ reason, tables }) => [reason, tables])).toEqual([
    ["cron deletes what has expired", ["users"]],
    [undefined, []],
  ])
  expect(strays(heard, orgId)).toEqual([])
})

test("a query whose text is made once is bound anew for each organization, and keeps nothing of the last one's values", async () => {
  const other = new TenantDb(new Executor(env, new Meter()), newId("org", Date.now()))
  const asked = prepared<{ orgId: string; name: string }>(
    (slot) => sql`select count(*) from users where org_id = ${slot("orgId")} and email = ${slot("name")} and email <> ${"fixed"}`,
  )
  await db.query((own) => asked({ orgId: own, name: "a" }))
  await other.query((own) => asked({ orgId: own, name: "b" }))
  await db.byId(users, "usr_1")
  await other.byId(users, "usr_2")
  const heard = spy.take()
  expect(heard.map(({ params }) => params)).toEqual([
    [orgId, "a", "fixed"],
    [other.orgId, "b", "fixed"],
    [orgId, "usr_1"],
    [other.orgId, "usr_2"],
  ])
  expect(strays(heard.slice(0, 1), orgId)).toEqual([])
  expect(strays(heard.slice(2, 3), orgId)).toEqual([])
})
