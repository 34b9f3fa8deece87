import { expect, test } from "vitest"
import * as zod from "zod"
import * as bundled from "../../../src/platform/http/zod-bundled.mjs"

const leftOut = ["core", "locales"]

test("zod as it is bundled has all that zod exports but what holds its error texts in other languages", () => {
  const kept = (names: readonly string[]) => names.filter((name) => !leftOut.includes(name)).sort()
  expect(Object.keys(bundled).sort()).toEqual(kept(Object.keys(zod)))
  expect(Object.keys(bundled.z).sort()).toEqual(kept(Object.keys(zod.z)))
})

test("and says the same of what it refuses", () => {
  const saysOf = ({ z }: Pick<typeof zod, "z">) =>
    z.strictObject({ n: z.int().max(3), s: z.string() }).safeParse({ n: 7, s: 1, x: 0 }).error?.issues
  expect(saysOf(bundled)).toEqual(saysOf(zod))
})
