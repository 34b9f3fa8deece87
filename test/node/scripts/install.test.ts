import { describe, expect, test } from "vitest"
import { installedFits } from "../../../scripts/lib/packages.mjs"

const lock = {
  packages: {
    "": {},
    "node_modules/hono": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/workerd-windows": { version: "1.0.0", integrity: "sha512-b", optional: true },
  },
}
const hono = { "node_modules/hono": { version: "1.0.0", integrity: "sha512-a" } }

describe("what is installed fits the lock file", () => {
  test("without the optional packages of other machines", () => {
    expect(installedFits(lock, { packages: hono })).toBe(true)
  })

  test("but not with a package missing, of another version or of other contents", () => {
    expect(installedFits(lock, { packages: {} })).toBe(false)
    expect(installedFits(lock, { packages: { "node_modules/hono": { version: "1.0.1", integrity: "sha512-a" } } })).toBe(false)
    expect(installedFits(lock, { packages: { "node_modules/hono": { version: "1.0.0", integrity: "sha512-z" } } })).toBe(false)
  })
})
