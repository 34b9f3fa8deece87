import { describe, expect, test, vi } from "vitest"
import { RefusalError } from "../../src/kernel/result.ts"
import { HashingGate } from "../../src/platform/auth/hashing-gate.ts"

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const never = (): Promise<never> => new Promise(() => undefined)
const alive = (): void => undefined

describe("the gate in front of hashing", () => {
  test("lets one in at a time, in the order of their coming, with a pause between", async () => {
    const gate = new HashingGate()
    const order: number[] = []
    let inside = 0
    let leftAt = 0
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        gate.run(async () => {
          inside += 1
          expect(inside).toBe(1)
          expect(Date.now() - leftAt).toBeGreaterThanOrEqual(9)
          order.push(index)
          await sleep(5)
          leftAt = Date.now()
          inside -= 1
        }, alive),
      ),
    )
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test("is open again after work that failed", async () => {
    const gate = new HashingGate()
    await expect(gate.run(() => Promise.reject(new Error("no")), alive)).rejects.toThrow("no")
    expect(await gate.run(async () => "yes", alive)).toBe("yes")
  })

  test("refuses beyond its queue, and takes those who come once it is shorter", async () => {
    const gate = new HashingGate()
    const settled = await Promise.allSettled(Array.from({ length: 30 }, () => gate.run(() => sleep(1), alive)))
    const refused = settled.filter(({ status }) => status === "rejected")
    expect(refused).toHaveLength(30 - 17)
    for (const one of refused) expect((one as PromiseRejectedResult).reason).toBeInstanceOf(RefusalError)
    expect(await gate.run(async () => "yes", alive)).toBe("yes")
  })

  test("is not shut by a request that died in its turn", async () => {
    let now = 1_000
    const gate = new HashingGate(() => now)
    void gate.run(never, alive)
    await sleep(1)
    const next = gate.run(async () => "in", alive)
    expect(await Promise.race([next, sleep(50)])).toBeUndefined()
    now += 2_001
    expect(await next).toBe("in")
  })

  test("is not shut by a request that died in the queue, and one that only seemed dead still gets its turn", async () => {
    let now = 1_000
    const gate = new HashingGate(() => now)
    let finish: () => void = alive
    const first = gate.run(() => new Promise<void>((resolve) => void (finish = resolve)), alive)
    await sleep(1)
    // Its timer never fires, like that of a request whose client has hung up.
    const timer = vi.spyOn(globalThis, "setTimeout").mockImplementationOnce(() => 0 as unknown as ReturnType<typeof setTimeout>)
    void gate.run(async () => "dead", alive)
    await sleep(0)
    timer.mockRestore()
    const third = gate.run(async () => "third", alive)
    finish()
    await first
    expect(await Promise.race([third, sleep(50)])).toBeUndefined()
    now += 2_001
    expect(await third).toBe("third")
  })
})
