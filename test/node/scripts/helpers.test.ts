import { expect, test } from "vitest"
import { literal } from "../../../scripts/lib/sql.ts"
import { namesOf } from "../../../scripts/new-domain/names.ts"
import { cronTable } from "../../../scripts/start/cron.ts"
import { isError } from "../../../scripts/start/server-log.ts"

test("a domain's name is kebab-case, and its forms follow from it", () => {
  expect(namesOf("field-sales")).toEqual({
    kebab: "field-sales",
    camel: "fieldSales",
    pascal: "FieldSales",
    snake: "field_sales",
    title: "Field sales",
    invariant: "FIELDSALES",
  })
  for (const name of ["", "Field", "field_sales", "-field", "field-", "a--b", "../up", "x".repeat(41)])
    expect(namesOf(name), name).toBeUndefined()
})

test("a text in SQL cannot end its own quotes", () => {
  expect(literal("O'Hara'; DROP TABLE users; --")).toBe("'O''Hara''; DROP TABLE users; --'")
  expect(() => literal("a\0b")).toThrow("NUL")
  expect(() => literal(0.5)).toThrow("whole number")
})

test("the terminal shows errors of the server and nothing else", () => {
  const errors = ['{"level":"error","message":"request"}', "✘ [ERROR] Build failed", "[wrangler:error] Error: boom"]
  const others = ['{"level":"info","message":"an error, told calmly"}', "[wrangler:info] Ready on http://127.0.0.1:8787", ""]
  expect([...errors, ...others].filter(isError)).toEqual(errors)
})

test("cron is ticked by the table of the environment that runs", () => {
  const toml = '[triggers]\ncrons = ["0 2 * * *"]\n[env.development.triggers]\ncrons = ["* * * * *"]\n'
  expect(cronTable("development", toml)).toEqual(["* * * * *"])
  expect(cronTable("nowhere", toml)).toEqual([])
})
