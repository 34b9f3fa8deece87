import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { root } from "../../scripts/lib/paths.mjs"
import { type Books, readBooks } from "./books.ts"
import type { ChatDevice } from "./chat-device.ts"
import { readImports } from "./imports.ts"
import { commandKinds, Journal, type Outcome } from "./journal.ts"
import { heldCalls, Keeper } from "./keeper.ts"
import { blowsOf, digestOf } from "./plan.ts"
import { spreadPoison } from "./poison.ts"
import { password, prepare, signingKey } from "./prepare.ts"
import { Receiver } from "./receiver.ts"
import { settle } from "./settle.ts"
import { SlowWires } from "./slow-wires.ts"
import { answeredOf, standStill } from "./standstill.ts"
import { readTrade, settleTrade } from "./trade.ts"
import { type Guarantee, verify } from "./verify.ts"
import { poisonDeliveries, readHooks } from "./webhooks.ts"
import { Workload } from "./workload.ts"
import { cast } from "./world.ts"
import { readWorths } from "./worths.ts"

export type TortureOptions = {
  readonly seed: number
  readonly seconds: number
  readonly say: (line: string) => void
  /** Is handed the books once they are verified, and the journal they were held against. */
  readonly onBooks?: (books: Books, journal: Journal) => void
}

export type TortureReport = {
  readonly seed: number
  /** Equal for equal plans: same operations, faults and kills. */
  readonly plan: string
  readonly seconds: number
  readonly did: Readonly<Record<string, number>>
  readonly commands: Readonly<Record<string, Readonly<Record<Outcome, number>>>>
  readonly verified: readonly Guarantee[]
  readonly violation: string | null
  /** Where the state and the server's log were left, when something is to be looked into. */
  readonly kept: string | null
}

const progressMs = 5_000
/** How long buyers may think about what is offered instead, by turns with each start of the server: seven seconds, or beyond the run. */
const answerHours = ["0.002", "24"] as const
/** From this long a run on, ledgers must drain by themselves; a shorter one asks them to. */
const patientFromSeconds = 30

/** One run: a world, load and blows for the given time, then the books. Never throws for a broken promise; that is in the report. */
export async function torture({ seed, seconds, say, onBooks }: TortureOptions): Promise<TortureReport> {
  const journal = new Journal()
  const folder = join(root, ".build", "torture", `${seed}-${process.pid}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const log = join(folder, "server.log")
  const durationMs = seconds * 1_000
  const plan = digestOf(seed, durationMs, cast)
  say(`seed ${seed}, plan ${plan}: ${cast.length} clients, ${seconds} s`)

  const vars = (starts: number) => ({
    JWT_KEYS: `${signingKey.kid}:${signingKey.secret}`,
    ORDER_AMENDMENT_HOURS: answerHours[starts % answerHours.length] ?? "24",
  })
  const keeper = await Keeper.start({ seed, state: join(folder, "state"), log, vars, journal })
  const receiver = await Receiver.open(seed, journal)
  const wires = await SlowWires.open(seed, keeper.url, journal)
  let verified: readonly Guarantee[] = []
  const devices: ChatDevice[] = []
  try {
    const scene = await prepare(keeper, journal, seed, receiver, wires)
    const { world, client } = scene
    devices.push(...scene.devices.values())
    const workload = new Workload(scene)
    await spreadPoison(keeper)
    await poisonDeliveries(keeper)
    receiver.beMoody(true)
    client.faultsBegin()
    say(
      `${world.suppliers.length} suppliers, ${world.buyers.length} buyers, ${journal.tally("create product", "acknowledged")} products, ${journal.tally("move link", "acknowledged")} links; the load begins`,
    )

    const started = Date.now()
    const clock = (): string => `${((Date.now() - started) / 1_000).toFixed(0).padStart(4)} s`
    const progress = setInterval(() => say(`${clock()}  ${summary(journal)}`), progressMs)
    const ends = sleep(durationMs, undefined, { ref: false })
    const working = workload.run(seed)
    const striking = keeper.strike(
      blowsOf(seed, durationMs),
      world.suppliers,
      () => journal.violation !== undefined || Date.now() - started > durationMs,
      (line) => say(`${clock()}  ${line}`),
    )
    await Promise.race([ends, working])
    await striking
    await keeper.makeUp(() => journal.violation !== undefined, wires)
    workload.stop()
    await keeper.endFaults()
    receiver.beMoody(false)
    client.faultsStopped()
    await working
    clearInterval(progress)
    say(`${clock()}  the faults have stopped and every client has its answer; ${summary(journal)}`)

    const standstill = journal.violation === undefined ? await standStill(scene) : undefined
    if (standstill !== undefined)
      say(`${clock()}  ${standstill.held} wires stood still, and ${answeredOf(standstill)} others were answered meanwhile`)
    if (journal.violation === undefined) {
      const isPatient = seconds >= patientFromSeconds
      verified = await settle({ keeper, scene, isPatient, say })
      await settleTrade(scene, keeper, { isPatient, say })
    }
    if (journal.violation === undefined && standstill !== undefined) {
      const books = {
        ...(await readBooks(keeper, world)),
        ...(await readTrade(scene, keeper)),
        ...(await readHooks(scene, keeper)),
        ...(await readImports(scene, keeper)),
        worths: await readWorths(scene),
        ...standstill,
        sockets: devices.flatMap(({ sockets }) => sockets),
      }
      countPromises(books, journal)
      const verdict = verify(books, journal)
      onBooks?.(books, journal)
      const evictions = { name: "an eviction at rest is noticed by nobody who waits for it", checked: journal.counted(heldCalls) }
      verified = [...verdict.held, ...verified, evictions]
      if (verdict.violation !== undefined) journal.violate(verdict.violation)
    }
  } finally {
    for (const device of devices) device.cut()
    wires.close()
    await receiver.close()
    await keeper.server.stop()
  }
  journal.secrets.add(password).add(signingKey.secret)
  const leaked = leakedSecrets(log, journal.secrets)
  if (leaked !== undefined) journal.violate(leaked)
  else
    verified = [
      ...verified,
      { name: "no password, token, key, ticket, signature or webhook secret in the server's log", checked: journal.secrets.size },
    ]

  if (journal.violation === undefined) rmSync(folder, { recursive: true, force: true })
  return {
    seed,
    plan,
    seconds,
    did: Object.fromEntries([...journal.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    commands: commandsOf(journal),
    verified,
    violation: journal.violation ?? null,
    kept: journal.violation === undefined ? null : folder,
  }
}

/** What came of promises: some end by themselves, which no client is told of. */
function countPromises({ ledgers }: Books, journal: Journal): void {
  const steps = ledgers.flatMap(({ orders }) => orders.flatMap(({ history }) => history))
  journal.count("orders offered otherwise than placed", steps.filter(({ to }) => to === "AMENDED").length)
  journal.count("offers that buyers took", steps.filter(({ from, to }) => from === "AMENDED" && to === "ACCEPTED").length)
  journal.count("offers whose time ran out", steps.filter(({ from, by }) => from === "AMENDED" && by.id === null).length)
  const deeds = ledgers.flatMap(({ units }) => units.flatMap(({ history }) => history))
  journal.count("reservations of units whose time ran out", deeds.filter(({ reason }) => reason === "EXPIRED").length)
}

function leakedSecrets(log: string, secrets: ReadonlySet<string>): string | undefined {
  const text = readFileSync(log, "utf8")
  for (const secret of secrets)
    if (secret !== "" && text.includes(secret)) return `the server's log holds a secret that begins with ${secret.slice(0, 6)}`
  return undefined
}

const commandsOf = (journal: Journal): TortureReport["commands"] =>
  Object.fromEntries(
    commandKinds.map((kind) => [
      kind,
      {
        acknowledged: journal.tally(kind, "acknowledged"),
        refused: journal.tally(kind, "refused"),
        unknown: journal.tally(kind, "unknown"),
      },
    ]),
  )

function summary(journal: Journal): string {
  const count = (what: string): number => journal.counted(what)
  return [
    `${journal.tally("place order", "acknowledged")} orders`,
    `${journal.tally("move order", "acknowledged")} moves`,
    `${count("requests")} requests`,
    `${count("answers of 5xx")} of 5xx`,
    `${count("retries")} retries`,
    `${count("objects aborted")} objects aborted`,
    `${count("kills and restarts")} kills`,
  ].join(", ")
}
