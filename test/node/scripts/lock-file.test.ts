import { expect, test } from "vitest"
import { read } from "../../support/repository.ts"

type Entry = { readonly resolved?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }

const { packages } = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, Entry>> }

test("the lock file holds the optional packages of every machine, without which npm ci refuses it", () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`]),
  )
  expect(missing).toEqual([])
})

test("the lock file names no registry", () => {
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
})
