import { parse } from "smol-toml"
import { expect, test } from "vitest"
import { errors } from "../../src/kernel/errors.ts"
import { builtInRoleNames } from "../../src/platform/auth/roles.ts"
import { variableNames } from "../../src/platform/env.ts"
import { read } from "../support/repository.ts"

const readme = read("README.md")

/** What stands as code in the rows of the tables of a section. */
function inTables(section: string): Set<string> {
  const [, text = ""] = new RegExp(`\\n## ${section}\\n([\\s\\S]*?)\\n## `).exec(readme) ?? []
  const rows = text.split("\n").filter((line) => line.startsWith("|"))
  return new Set(rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code)))
}

test("the README lists every variable, with its default", () => {
  const listed = inTables("Configuration")
  expect(variableNames.filter((name) => !listed.has(name))).toEqual([])
  const { vars } = parse(read("wrangler.toml")) as { vars: Record<string, string> }
  const rows = readme.split("\n").filter((line) => line.startsWith("| `"))
  for (const [name, value] of Object.entries(vars)) {
    const [, , said = ""] = rows.find((row) => row.startsWith(`| \`${name}\` `))?.split("|") ?? []
    expect(
      said
        .trim()
        .replace(/^empty$/, "")
        .replaceAll("`", ""),
      name,
    ).toBe(value)
  }
})

test("the README lists every binding of the deployment", () => {
  const listed = inTables("Configuration")
  const toml = read("wrangler.toml").split("[env.")[0] ?? ""
  const bindings = [...toml.matchAll(/^(?:binding|name) = "([A-Z_]+)"$/gm)].map(([, name = ""]) => name)
  expect(bindings.length).toBeGreaterThan(5)
  expect(bindings.filter((name) => !listed.has(name))).toEqual([])
})

test("the README lists every built-in role", () => {
  const listed = inTables("Roles")
  expect(builtInRoleNames.filter((name) => !listed.has(name))).toEqual([])
})

test("the README lists every error code under its status", () => {
  const [, section = ""] = /\n## Conventions\n([\s\S]*?)\n## /.exec(readme) ?? []
  const rows = section
    .split("\n")
    .map((line) => ({ status: Number(line.split("|")[1]), codes: [...line.matchAll(/`([A-Z_]+)`/g)].map(([, code = ""]) => code) }))
  const said = rows.filter(({ status }) => status >= 400).flatMap(({ status, codes }) => codes.map((code) => `${status} ${code}`))
  expect(said.toSorted()).toEqual(
    Object.entries(errors)
      .map(([code, { status }]) => `${status} ${code}`)
      .toSorted(),
  )
})

test("the README lists every command", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }
  const commands = Object.keys(scripts).filter((name) => !name.startsWith("pre"))
  const said = (name: string): boolean => new RegExp(`\\bnpm (?:run )?${name}\\b`).test(readme)
  expect(commands.filter((name) => !said(name))).toEqual([])
})
