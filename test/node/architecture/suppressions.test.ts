import { expect, test } from "vitest"
import { filesUnder, read } from "../../support/repository.ts"

// Written in two halves, or this file would find itself.
const suppression = new RegExp(`(?:oxlint|eslint)-${"disable"}|@ts-${"expect-error"}|biome-${"ignore"}|(?:istanbul|v8) ${"ignore"}`)
const withReason = /(?: -- |: |error )\S.{9,}/

test("whoever switches a rule off says why on the same line", () => {
  const files = ["src", "durable-objects", "test", "scripts"].flatMap((folder) => [
    ...filesUnder(folder, ".ts"),
    ...filesUnder(folder, ".mjs"),
  ])
  const silent = files.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line, index) => {
        const at = line.search(suppression)
        return at >= 0 && !withReason.test(line.slice(at)) ? [`${file}:${index + 1}`] : []
      }),
  )
  expect(silent).toEqual([])
})
