import { expect, test } from "vitest"
import { inRounds } from "../../src/kernel/give-way.ts"
import { heardDuring } from "../support/heard.ts"

test("others are heard between the rounds of a long piece of work, which waits for nobody before the first and behind the last", async () => {
  let rounds = 0
  const heard = await heardDuring(
    async () => {
      for await (const _round of inRounds(5)) {
        rounds += 1
        if (rounds === 4) break
      }
    },
    () => rounds,
  )
  expect(heard).toEqual([1, 2, 3])
})
