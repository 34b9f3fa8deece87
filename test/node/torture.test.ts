import { expect, test } from "vitest"
import { bin, run } from "../../scripts/lib/run.ts"
import { blowsOf, digestOf, stepsOf } from "../torture/plan.ts"
import { torture } from "../torture/torture.ts"
import { cast } from "../torture/world.ts"

const seconds = 20
const aMinute = 60_000

test("a short run kills the server at least once and breaks no guarantee", { timeout: 5 * aMinute }, async () => {
  const said: string[] = []
  const report = await torture({ seed: 2026, seconds, say: (line) => void said.push(line) })
  expect(report.violation, said.join("\n")).toBeNull()
  expect(report.did["kills and restarts"]).toBeGreaterThanOrEqual(1)
  for (const what of [
    "objects evicted at rest",
    "volleys",
    "edits against a rival",
    "chat sockets resumed",
    "uploads cut off in the middle",
  ])
    expect(report.did[what], what).toBeGreaterThan(0)
  for (const kind of [
    "place order",
    "move link",
    "create user",
    "assign roles",
    "close organization",
    "write in chat",
    "upload file",
  ] as const)
    expect(report.commands[kind]?.acknowledged, kind).toBeGreaterThan(0)
  expect(report.verified.map(({ name }) => name)).toContain("no password, token or API key in the server's log")
})

test("a seed is a plan: the same one again gives the same operations, faults and kills", () => {
  const durationMs = aMinute
  expect(digestOf(7, durationMs, cast)).toBe(digestOf(7, durationMs, cast))
  expect(digestOf(8, durationMs, cast)).not.toBe(digestOf(7, durationMs, cast))
  const [first, second] = [stepsOf(7, "b0", "buyer"), stepsOf(7, "b0", "buyer")]
  expect(Array.from({ length: 100 }, () => first.next().value)).toEqual(Array.from({ length: 100 }, () => second.next().value))
})

test("every run of two seconds or more has a kill", () => {
  for (const duration of [2, 5, 20, 60]) {
    for (let seed = 0; seed < 50; seed += 1)
      expect(blowsOf(seed, duration * 1_000).filter(({ kind }) => kind === "kill").length, `${duration} s, seed ${seed}`).toBeGreaterThan(0)
  }
})

test("the command line says what is wrong with it in one line", async () => {
  const script = (...args: string[]) => run(bin("node"), ["--no-warnings", "scripts/torture.ts", ...args])
  expect(await script("--help")).toMatchObject({ code: 0, output: expect.stringContaining("--seed=N") })
  for (const args of [["--sed=1"], ["--seed=x"], ["--seconds=0"], ["--minutes=1", "--seconds=1"]]) {
    const { code, output } = await script(...args)
    expect({ code, lines: output.trim().split("\n").length }, args.join(" ")).toEqual({ code: 2, lines: 1 })
  }
})
