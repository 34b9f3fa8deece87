import { describe, expect, test } from "vitest"
import { bin, run } from "../../scripts/lib/run.ts"
import { distanceOf } from "../bench/edge.ts"
import { activeMs } from "../bench/footprint.ts"
import { atLeast, below, goalTable } from "../bench/goals.ts"
import { importGoal, importTable, waitsOf } from "../bench/import.ts"
import { percentile, together } from "../bench/measure.ts"
import { spread, svgOf } from "../bench/plot.ts"
import { averageCost, costOf, type Result, resultTable } from "../bench/report.ts"
import { flatGoal, isFlat } from "../bench/scale.ts"
import { fillsOf } from "../bench/scale-world.ts"
import { memoryOf, type Sample, slopePerMinute } from "../bench/soak.ts"
import { Wallet } from "../bench/wallet.ts"

describe("what a request cost", () => {
  test("is read off Server-Timing, in singular and plural", () => {
    const many = 'd1;desc="2 trips, 51 read, 3 written";dur=1.0, do;desc="2 calls";dur=0.1, total;dur=4.0'
    expect(costOf(many)).toEqual({ d1Trips: 2, rowsRead: 51, rowsWritten: 3, objectCalls: 2 })
    const one = 'd1;desc="1 trip, 1 read, 0 written";dur=1.0, do;desc="1 call";dur=0.1, total;dur=4.0'
    expect(costOf(one)).toEqual({ d1Trips: 1, rowsRead: 1, rowsWritten: 0, objectCalls: 1 })
    expect(costOf(null)).toEqual({ d1Trips: 0, rowsRead: 0, rowsWritten: 0, objectCalls: 0 })
    expect(averageCost([costOf(one), costOf(one), costOf(many)])).toMatchObject({ d1Trips: 1, rowsRead: 18, objectCalls: 1 })
  })

  test("comes to the client's distance, each call's and each trip's", () => {
    const cost = { d1Trips: 2, rowsRead: 9, rowsWritten: 9, objectCalls: 1 }
    expect(distanceOf(cost, { d1Ms: 40, objectMs: 25, clientMs: 20 })).toBe(125)
  })
})

describe("measurements", () => {
  test("of several turns are as if they had been one", () => {
    const volley = (durationsMs: readonly number[]) => ({ durationsMs, seconds: 1, cpuMs: 10, failed: { 500: 1 } })
    expect(together([volley([4, 1, 2]), volley([3])])).toEqual({
      requests: 4,
      requestsPerSecond: 2,
      p50Ms: 2,
      p99Ms: 4,
      cpuMsPerRequest: 5,
      failures: 2,
      failed: { 500: 2 },
    })
    expect(together([])).toMatchObject({ requests: 0, requestsPerSecond: 0, p99Ms: 0 })
    const whole = { durationsMs: [2_000], count: 1_000, seconds: 2, cpuMs: 500, failed: {} }
    expect(together([whole, whole])).toMatchObject({ requests: 2_000, requestsPerSecond: 500, p50Ms: 2_000, cpuMsPerRequest: 0.5 })
    expect([0.01, 0.5, 0.99].map((share) => percentile([1, 2, 3, 4], share))).toEqual([1, 2, 4])
  })

  test("of memory leave the warm-up out of the slope", () => {
    const grown: Sample[] = Array.from({ length: 61 }, (_, index) => ({
      atSeconds: index * 5,
      rssMiB: 100 + Math.min(index, 20) * 10,
      heapMiB: 30,
      platformMiB: index,
    }))
    expect(memoryOf(grown)).toMatchObject({
      process: { startMiB: 100, minMiB: 100, maxMiB: 300, endMiB: 300, slopeMiBPerMinute: 0 },
      heap: { startMiB: 30, endMiB: 30, slopeMiBPerMinute: 0 },
      platform: { startMiB: 0, endMiB: 60, slopeMiBPerMinute: expect.closeTo(12) as number },
    })
    expect(slopePerMinute(grown.slice(0, 20), "rssMiB")).toBeCloseTo(120)
    expect(slopePerMinute(grown.slice(0, 1), "rssMiB")).toBeNaN()
  })

  test("of a start count what was not idle", () => {
    const node = (id: number, functionName: string) => ({ id, callFrame: { functionName } })
    const nodes = [node(1, "(root)"), node(2, "(idle)"), node(3, "(garbage collector)"), node(4, "createApp")]
    expect(activeMs({ nodes, samples: [2, 4, 3, 2], timeDeltas: [5_000, 20_000, 1_500, 9_000] })).toBe(21.5)
    expect(activeMs({ nodes })).toBe(0)
  })
})

describe("goals", () => {
  test("are met or not, and never by a number that could not be had", () => {
    const goals = [below("a", 1, 2, "ms"), below("b", 2, 2, "ms"), below("c", Number.NaN, 2, "ms"), atLeast("d", 0.7, 0.7)]
    expect(goals.map(({ isMet }) => isMet)).toEqual([true, false, false, true])
    expect(goalTable(goals).split("\n")).toHaveLength(goals.length + 2)
  })

  test("of an import are not met by one that lost rows, and its table says how long others waited", () => {
    const [alone, beside] = [waitsOf([3, 1, 2]), waitsOf([9, 40, 10])]
    expect([alone, beside]).toEqual([
      { orders: 3, medianMs: 2, maxMs: 3 },
      { orders: 3, medianMs: 10, maxMs: 40 },
    ])
    const measured = { rows: 10_000, seconds: 50, alone, beside }
    expect([importGoal(measured).isMet, importGoal({ ...measured, seconds: Number.NaN }).isMet]).toEqual([true, false])
    expect(importTable(measured).split("\n")).toHaveLength(4)
    expect(importTable(measured)).toContain("200 rows/s")
  })

  test("of scale name the reads that grow", () => {
    const line = (scenario: string, ...rows: number[]) => ({
      scenario,
      points: rows.map((rowsRead, index) => ({ size: 10 ** index, rowsRead, d1Trips: 1, p50Ms: 3 })),
    })
    expect(isFlat(line("less", 54, 52, 52))).toBe(true)
    expect(flatGoal([line("flat", 2, 2, 2), line("growing", 2, 2, 3)])).toMatchObject({
      isMet: false,
      what: expect.stringContaining("growing"),
    })
  })
})

test("the table has a cell for each of its columns", () => {
  const measured = { requests: 1, requestsPerSecond: 1, p50Ms: 1, p99Ms: 1, cpuMsPerRequest: 1, failures: 0, failed: {} }
  const cost = { d1Trips: 1, rowsRead: 1, rowsWritten: 0, objectCalls: 0 }
  const result: Result = { scenario: "a | b", what: "", api: measured, floor: measured, ratio: 1, ratioByTurn: [1], ...cost }
  const [head = "", rule = "", row = ""] = resultTable([{ ...result, scenario: "one" }]).split("\n")
  expect(row.split("|").length).toBe(head.split("|").length)
  expect([rule.length, row.length]).toEqual([head.length, head.length])
})

describe("the plot", () => {
  const panel = {
    title: "rows <read>",
    reference: "in proportion",
    series: [
      { name: "supplier's & buyer's", points: [1, 10, 100].map((x) => ({ x, y: 51 })) },
      { name: "growing", points: [1, 10, 100].map((x) => ({ x, y: x })) },
    ],
  }

  test("is an SVG of numbers, with its text escaped and the same every time", () => {
    const svg = svgOf([panel, panel])
    expect(svg).toBe(svgOf([panel, panel]))
    expect(svg.match(/<polyline/g)).toHaveLength(4)
    expect(svg).toContain("rows &lt;read&gt;")
    expect(svg).toContain("supplier's &amp; buyer's")
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  test("draws a single value, too", () => {
    expect(svgOf([{ ...panel, series: [{ name: "one", points: [{ x: 1, y: 1 }] }] }])).not.toMatch(/NaN|Infinity|undefined/)
  })

  test("keeps labels a gap apart, in order, within bounds, and where they want to be if there is room", () => {
    expect(spread([10, 50, 90], 15, 0, 100)).toEqual([10, 50, 90])
    expect(spread([50, 50, 50], 15, 0, 100)).toEqual([35, 50, 65])
    expect(spread([99, 100, 100], 15, 0, 100)).toEqual([70, 85, 100])
  })
})

test("no two fills of a growing world are the same, and a world is grown with what a whole one is made of", () => {
  const [whole, first, rest] = [fillsOf(0, 10), fillsOf(0, 1), fillsOf(1, 10)]
  expect(new Set([...first, ...rest].map(({ sql }) => sql)).size).toBe(first.length + rest.length)
  const kinds = (fills: ReturnType<typeof fillsOf>) => new Set(fills.map(({ what }) => what))
  expect(kinds([...first, ...rest])).toEqual(kinds(whole))
})

test("tokens are each organization's own", async () => {
  const wallet = new Wallet([{ kid: "test", secret: "a-key-for-this-test-alone-00000000000000" }])
  const [first, second] = [await wallet.add("org_a"), await wallet.add("org_b")]
  expect([wallet.of("org_a"), wallet.of("org_b")]).toEqual([first, second])
  expect(first).not.toBe(second)
  expect(() => wallet.of("org_c")).toThrow("no token")
})

test("the command line says what is wrong with it in one line", async () => {
  const script = (...args: string[]) => run(bin("node"), ["--no-warnings", "scripts/bench.ts", ...args])
  expect(await script("--help")).toMatchObject({ code: 0, output: expect.stringContaining("--soak[=MINUTES]") })
  const wrong = [
    ["--sok"],
    ["--seconds=x"],
    ["--soak=0"],
    ["--soak", "--edge"],
    ["--only=nothing"],
    ["--d1-ms=40"],
    ["--edge", "--d1-ms=-1"],
  ]
  const answers = await Promise.all(wrong.map((args) => script(...args)))
  for (const [index, { code, output }] of answers.entries())
    expect({ code, lines: output.trim().split("\n").length }, wrong[index]?.join(" ")).toEqual({ code: 2, lines: 1 })
})
