import { describe, expect, test } from "vitest"
import { attempt, deliveriesOf, handOut, target, webhook } from "../../support/webhooks.ts"
import { signUp } from "../../support/world.ts"

describe("a delivery", () => {
  test("goes out", async () => {
    const world = await signUp()
    const there = await target()
    const made = await webhook(world, there.url)
    await handOut(world.org.id)
    const [first] = await deliveriesOf(world, made.id)
    await attempt(world.org.id, first?.id ?? "")
    expect(await there.received()).toEqual([])
    expect(await deliveriesOf(world, made.id)).toEqual([])
  })
})
