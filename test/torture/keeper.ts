import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { z } from "zod"
import { freePort } from "../../scripts/lib/ports.ts"
import { type BuiltServer, type Row, startBuiltServer } from "../support/server/built-server.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import { type FaultRates, isFailing, onlyThose, weathers, well } from "./faults.ts"
import type { Journal } from "./journal.ts"
import type { Blow } from "./plan.ts"
import { pick } from "./random.ts"
import type { Organization } from "./world.ts"

const wrapper = fileURLToPath(new URL("./faulty-worker.ts", import.meta.url))

const endAttemptsMax = 20
const evictionAnswer = z.object({ isEvicted: z.boolean(), held: z.number(), failed: z.number() })
export const heldCalls = "calls that waited for an eviction"

/** Of each kind of fault a run has as many at least, and its end waits so long for them. */
const faultsMin = 3
const makeUpMsMax = 120_000

type Keeping = {
  readonly seed: number
  readonly state: string
  readonly log: string
  /** By how often it was started before. */
  readonly vars: Vars
  readonly journal: Journal
}
type Vars = (starts: number) => Readonly<Record<string, string>>

/** Keeps a server on one address and state, strikes it, and sets it up again. */
export class Keeper {
  readonly url: string
  readonly #seed: number
  #starts = 0
  readonly #port: number
  readonly #state: string
  readonly #log: string
  readonly #vars: Vars
  readonly #journal: Journal
  #server: BuiltServer
  #rates: FaultRates = well
  /** What the present process has injected; a killed one takes its count along, but for what was asked of it before. */
  #injected: Readonly<Record<string, number>> = {}

  /** Calls that the present process has held back for evictions, as far as they were counted. */
  #held = 0

  private constructor(server: BuiltServer, port: number, { seed, state, log, vars, journal }: Keeping) {
    this.#seed = seed
    this.#server = server
    this.url = server.url
    this.#port = port
    this.#state = state
    this.#log = log
    this.#vars = vars
    this.#journal = journal
  }

  static async start(keeping: Keeping): Promise<Keeper> {
    const { state, log, vars } = keeping
    const port = await freePort()
    return new Keeper(await startBuiltServer({ state, port, vars: vars(0), wrapper, log }), port, keeping)
  }

  get server(): BuiltServer {
    return this.#server
  }

  /** All the blows at their times, until the last of them or until `isOver`; the first of each kind in any case. */
  async strike(
    blows: readonly Blow[],
    ledgers: readonly Organization[],
    isOver: () => boolean,
    say: (line: string) => void,
  ): Promise<void> {
    let started = Date.now()
    const due = [...blows]
    const dealt = new Set<Blow["kind"]>()
    for (let [blow] = due; blow !== undefined; [blow] = due) {
      while (Date.now() - started < blow.atMs && !isOver()) await sleep(Math.max(1, Math.min(100, blow.atMs - (Date.now() - started))))
      if (isOver()) break
      due.shift()
      dealt.add(blow.kind)
      const dealtAt = Date.now()
      await this.#deal(blow, ledgers, say)
      // The others keep their distance from a restart, however long it took.
      if (blow.kind === "kill") started += Date.now() - dealtAt
    }
    // On a busy machine blows take their time: of each kind one is dealt all the same.
    for (const blow of due) {
      if (this.#journal.violation !== undefined) return
      if (dealt.has(blow.kind)) continue
      dealt.add(blow.kind)
      await this.#deal(blow, ledgers, say)
    }
  }

  async #deal(blow: Blow, ledgers: readonly Organization[], say: (line: string) => void): Promise<void> {
    switch (blow.kind) {
      case "weather":
        await this.#set(weathers[blow.weather])
        return this.#journal.count(`spells of ${blow.weather === "calm" ? "calm" : `D1 ${blow.weather}`}`)
      case "abort": {
        const ledger = pick(ledgers, blow.victim)
        if (ledger !== undefined) await this.#ask(`/__torture/abort?routing=${ledger.routing}`)
        return this.#journal.count("objects aborted")
      }
      case "evict": {
        const ledger = pick(ledgers, blow.victim)
        return ledger === undefined ? undefined : this.#evict(ledger)
      }
      case "kill":
        say("SIGKILL")
        await this.#set(this.#rates)
        await this.#server.kill()
        await sleep(blow.downMs)
        this.#starts += 1
        this.#server = await startBuiltServer({
          state: this.#state,
          port: this.#port,
          vars: this.#vars(this.#starts),
          wrapper,
          log: this.#log,
        })
        this.#injected = {}
        this.#held = 0
        await this.#set(this.#rates)
        return this.#journal.count("kills and restarts")
    }
  }

  /** At rest: nothing is under way in the object, calls wait at its door meanwhile, and none of them may fail. */
  async #evict({ routing, name }: Organization): Promise<void> {
    const answer = await this.#ask(`/__torture/evict?routing=${routing}`)
    if (answer?.ok !== true) return
    const { isEvicted, held, failed } = evictionAnswer.parse(await answer.json())
    this.#journal.count(isEvicted ? "objects evicted at rest" : "evictions given up, since the object did not come to rest")
    this.#journal.count(heldCalls, held - this.#held)
    this.#held = held
    if (failed > 0) this.#journal.violate(`${failed} calls that had waited for an eviction (of ${name} or before it) met an error`)
  }

  /** Under load: spells of what it lacks, until the run has had a few of each kind of fault, those of others included. */
  async makeUp(isOver: () => boolean, others: { readonly lacks: (least: number) => boolean }): Promise<void> {
    const deadline = Date.now() + makeUpMsMax
    const lacking = (): FaultRates | undefined => onlyThose((name) => this.#journal.counted(name) < faultsMin)
    await this.#set(this.#rates)
    for (let rates = lacking(); !isOver() && Date.now() < deadline; rates = lacking()) {
      if (rates === undefined && !others.lacks(faultsMin)) break
      await this.#set(rates ?? well)
      await sleep(500)
    }
  }

  /** @throws when the server cannot be told so. */
  async endFaults(): Promise<void> {
    for (let attempt = 1; !(await this.#set(well)); attempt += 1) {
      if (attempt >= endAttemptsMax) throw new Error("the server does not answer, so that its faults could not be ended")
      await sleep(1_000)
    }
  }

  /** Rows of a ledger's own SQLite. */
  ledgerRows({ routing }: Organization, query: string): Promise<readonly Row[]> {
    return this.#rows(`/__torture/ledger-rows?routing=${routing}`, query)
  }

  /** Has a ledger's alarm come at once, with what time ends there due. */
  async ringAlarm({ routing }: Organization): Promise<void> {
    await this.#ask(`/__torture/alarm?routing=${routing}`)
  }

  /** The keys of all objects in the bucket. */
  async objectKeys(): Promise<readonly string[]> {
    const answer = await fetchAgain(`${this.url}/__torture/objects`)
    if (!answer.ok) throw new Error(`the bucket: ${answer.status} ${await answer.text()}`)
    return z.array(z.string()).parse(await answer.json())
  }

  /** Rows of the LedgerWatch's own SQLite. */
  watchRows(query: string): Promise<readonly Row[]> {
    return this.#rows("/__torture/watch-rows", query)
  }

  async #rows(path: string, query: string): Promise<readonly Row[]> {
    const answer = await fetchAgain(this.url + path, { method: "POST", body: query })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Row[]
  }

  /** False when the server did not answer. */
  async #set(rates: FaultRates): Promise<boolean> {
    this.#rates = rates
    // Told of before it is so, and of calm only after it is so: whoever asks must not be told of a calm too early.
    if (isFailing(rates)) this.#journal.weatherIs(true)
    const answer = await this.#ask(`/__torture/faults?seed=${this.#seed}/${this.#starts}`, { method: "PUT", body: JSON.stringify(rates) })
    if (answer === undefined) return false
    if (!isFailing(rates)) this.#journal.weatherIs(false)
    const injected = (await answer.json()) as Readonly<Record<string, number>>
    for (const [name, count] of Object.entries(injected)) {
      const more = count - (this.#injected[name] ?? 0)
      this.#journal.count(name, more)
    }
    this.#injected = injected
    return true
  }

  /** Undefined when the server did not answer. */
  async #ask(path: string, init: RequestInit = {}): Promise<Response | undefined> {
    try {
      return await fetch(this.url + path, { ...init, signal: AbortSignal.timeout(5_000) })
    } catch {
      return undefined
    }
  }
}
