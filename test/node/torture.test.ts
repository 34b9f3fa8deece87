import { expect, test } from "vitest"
import { bin, run } from "../../scripts/lib/run.ts"
import type { Books } from "../torture/books.ts"
import { Turns, weathers, well } from "../torture/faults.ts"
import type { Journal } from "../torture/journal.ts"
import { mutations } from "../torture/mutations.ts"
import { blowsOf, digestOf, stepsOf } from "../torture/plan.ts"
import { Random } from "../torture/random.ts"
import { torture } from "../torture/torture.ts"
import { checkNames, verify } from "../torture/verify.ts"
import { turns, wireNames } from "../torture/wires.ts"
import { cast } from "../torture/world.ts"

const seconds = 20
const aMinute = 60_000

test("a short run kills the server at least once and breaks no guarantee; each lie in its books is found", {
  timeout: 15 * aMinute,
}, async () => {
  const said: string[] = []
  let missed: readonly string[] | undefined
  const onBooks = (books: Books, journal: Journal): void => {
    missed = mutations
      .filter(({ of, tell }) => !verify(tell(books, journal), journal).violation?.startsWith(`${of}: `))
      .map(({ lie }) => lie)
  }
  const report = await torture({ seed: 2026, seconds, say: (line) => void said.push(line), onBooks })
  expect(report.violation, said.join("\n")).toBeNull()
  expect(missed, "lies that no check found").toEqual([])
  expect(report.did["kills and restarts"]).toBeGreaterThanOrEqual(1)
  for (const what of [
    "objects evicted at rest",
    "volleys",
    "edits against a rival",
    "chat sockets resumed",
    "uploads cut off in the middle",
    "deliveries taken",
    "deliveries to webhooks that are gone",
    "calls with tokens that were over",
    "imports looked at while they ran",
    ...[...turns.requests, ...turns.sockets, "halfSent" as const, "halfRead" as const].map((kind) => wireNames[kind]),
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
    "record movements",
    "hold lot",
    "recall lot",
    "add component",
    "remove component",
    "set terms",
    "receive units",
    "handle unit",
    "import products",
    "import orders",
  ] as const)
    expect(report.commands[kind]?.acknowledged, kind).toBeGreaterThan(0)
  expect(report.verified.map(({ name }) => name)).toContain(
    "no password, token, key, ticket, signature or webhook secret in the server's log",
  )
})

/** Checks of which no lie can be told, each with the reason. */
const withoutLie: Readonly<Record<string, string>> = {}

test("every check has a lie to find", () => {
  const lied = new Set(mutations.map(({ of }) => of))
  expect(checkNames.filter((name) => !lied.has(name))).toEqual(Object.keys(withoutLie))
  expect(
    [...lied].filter((name) => !checkNames.includes(name)),
    "lies of no check",
  ).toEqual([])
  const lies = mutations.map(({ of, lie }) => `${of}: ${lie}`)
  expect(new Set(lies).size, "lies of one name").toBe(lies.length)
})

test("a seed is a plan: the same one again gives the same operations, faults and kills", () => {
  const durationMs = aMinute
  expect(digestOf(7, durationMs, cast)).toBe(digestOf(7, durationMs, cast))
  expect(digestOf(8, durationMs, cast)).not.toBe(digestOf(7, durationMs, cast))
  const [first, second] = [stepsOf(7, "b0", "buyer"), stepsOf(7, "b0", "buyer")]
  expect(Array.from({ length: 100 }, () => first.next().value)).toEqual(Array.from({ length: 100 }, () => second.next().value))
})

test("fates come as often as their rates say, in any short stretch, and the same ones for the same seed", () => {
  const rates = { ...well, twiceAtOnce: 0.25, twiceInTurn: 0.25, unheard: 0.25 }
  const fatesOf = (seed: number, count: number) => {
    const turns = new Turns<"twiceAtOnce" | "twiceInTurn" | "unheard">(new Random(`${seed}`))
    return Array.from({ length: count }, () => turns.next(rates, "twiceAtOnce", "twiceInTurn", "unheard"))
  }
  for (let seed = 0; seed < 100; seed += 1) {
    const fates = fatesOf(seed, 10)
    expect(fatesOf(seed, 10)).toEqual(fates)
    for (const fate of ["twiceAtOnce", "twiceInTurn", "unheard", undefined] as const)
      expect(fates.filter((one) => one === fate).length, `${fate}, seed ${seed}: ${fates.join()}`).toBeGreaterThanOrEqual(1)
  }
  const everyTime = new Turns<"refuse">(new Random("outage"))
  expect(Array.from({ length: 5 }, () => everyTime.next({ ...well, refuse: 1 }, "refuse"))).toEqual(Array(5).fill("refuse"))
  expect(everyTime.next(well, "refuse")).toBeUndefined()
})

test("a run of any length has a spell of each weather", () => {
  for (const duration of [2, 10, 20, 60]) {
    for (let seed = 0; seed < 50; seed += 1) {
      const spells = blowsOf(seed, duration * 1_000).flatMap((blow) => (blow.kind === "weather" ? [blow.weather] : []))
      expect(new Set(spells), `${duration} s, seed ${seed}`).toEqual(new Set(Object.keys(weathers)))
    }
  }
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
