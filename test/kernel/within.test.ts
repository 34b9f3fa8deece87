import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { answeredWithin, NoAnswer, within } from "../../src/kernel/within.ts"

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }))
afterEach(() => void vi.useRealTimers())

describe("a time limit", () => {
  test("gives what came in time, a failure too, and leaves no timer behind", async () => {
    expect(await within(1_000, Promise.resolve(7))).toBe(7)
    expect(await within(1_000, Promise.resolve(undefined))).toBeUndefined()
    expect(await answeredWithin(1_000, Promise.resolve(7))).toBe(7)
    await expect(within(1_000, Promise.reject(new Error("no")))).rejects.toThrow("no")
    await expect(answeredWithin(1_000, Promise.reject(new Error("no")))).rejects.toThrow("no")
    expect(vi.getTimerCount()).toBe(0)
  })

  test("is over when it is over, and what comes later, a failure too, is nobody's", async () => {
    const work = Promise.withResolvers<number>()
    const both = Promise.allSettled([within(1_000, work.promise), answeredWithin(1_000, work.promise)])
    vi.advanceTimersByTime(1_000)
    expect(await both).toEqual([
      { status: "rejected", reason: new NoAnswer("no answer within 1000 ms") },
      { status: "fulfilled", value: undefined },
    ])
    work.reject(new Error("too late"))
    await Promise.resolve()
    expect(vi.getTimerCount()).toBe(0)
  })
})
