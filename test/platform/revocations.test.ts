import { describe, expect, test } from "vitest"
import { limits } from "../../src/kernel/limits.ts"
import { second } from "../../src/kernel/time.ts"
import { RevocationList } from "../../src/platform/auth/revocations.ts"
import type { AcrossDb } from "../../src/platform/db/tenant-db.ts"

const start = 1_800_000_000_000
const period = limits.revocationPollSeconds * second

type Answer = () => Promise<{ seq: number; subject: string; notBefore: number }[]>

/** A database that answers what each load is to get, and counts how often it is asked. */
function database(answer: Answer) {
  const asked: number[] = []
  const db = {
    many: async () => {
      asked.push(asked.length)
      return answer()
    },
  } as unknown as AcrossDb
  return { asked, open: () => db }
}

const never: Answer = () => new Promise(() => undefined)
const nothing: Answer = async () => []
const soon: Answer = () => new Promise((resolve) => setTimeout(() => resolve([]), 20))
const broken: Answer = async () => {
  throw new Error("D1 is away")
}

/** A list that was read at `start`, and what its next loads get. */
async function listThen(answer: Answer) {
  const list = new RevocationList()
  await list.refresh(database(nothing).open, start, () => undefined)
  const { asked, open } = database(answer)
  const kept: Promise<unknown>[] = []
  return { list, asked, kept, ask: (now: number) => list.refresh(open, now, (work) => void kept.push(work)) }
}

describe("the list of revocations", () => {
  test("asks nobody for the first half of its time", async () => {
    const { ask, asked } = await listThen(broken)
    expect(await ask(start + period / 2 - 1)).toBe("fresh")
    expect(asked).toEqual([])
  })

  test("is renewed once in the second half, and nobody waits for it", async () => {
    const { ask, asked, kept } = await listThen(never)
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(start + period - 1)))).toEqual(Array(20).fill("fresh"))
    expect(asked).toHaveLength(1)
    expect(kept, "kept alive beyond the request").toHaveLength(1)
  })

  test("is read once for all who come after its time", async () => {
    const { ask, asked } = await listThen(soon)
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(start + period)))).toEqual(Array(20).fill("fresh"))
    expect(asked).toHaveLength(1)
  })

  test("does not depend on a request that died while it read it", async () => {
    const answers = [never, nothing]
    const { ask, asked } = await listThen(() => (answers.shift() ?? nothing)())
    const died = ask(start + period)
    expect(await ask(start + period)).toBe("fresh")
    expect(asked).toHaveLength(2)
    void died
  })

  test("goes on for a minute on what it has while the database fails, and asks it not at every request", async () => {
    const { ask, asked } = await listThen(broken)
    expect(await ask(start + period)).toBe("stale")
    expect(await ask(start + period + 1)).toBe("stale")
    expect(asked).toHaveLength(1)
    expect(await ask(start + limits.revocationStaleSecondsMax * second)).toBe("stale")
    expect(await ask(start + limits.revocationStaleSecondsMax * second + 1_000)).toBe("unknown")
    expect(asked.length).toBeGreaterThan(1)
  })

  test("knows what was revoked once it was read", async () => {
    const { ask, list } = await listThen(async () => [{ seq: 1, subject: "usr_a", notBefore: start + 5 }])
    await ask(start + period)
    expect(list.isRevoked(["usr_a"], start + 5)).toBe(true)
    expect(list.isRevoked(["usr_a"], start + 6)).toBe(false)
  })
})
