import { setTimeout as sleep } from "node:timers/promises"
import { type Manner, type Step, stepsOf, type Volley } from "./plan.ts"
import { plays } from "./steps/index.ts"
import type { Given, Scene } from "./steps/scene.ts"
import type { Actor } from "./world.ts"

type Repeat = Given & { readonly atStep: number }

/** Between the repeats of a volley: enough for one to be there before the next. */
const volleyGapMs = 40

/** The people and services at work: each goes through its own steps, one after another, until the run is over. */
export class Workload {
  readonly #scene: Scene
  #isOver = false

  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** No new steps; what is under way is still asked for until it is answered. */
  stop(): void {
    this.#isOver = true
  }

  async run(seed: number): Promise<void> {
    const { world, journal } = this.#scene
    await Promise.all(
      world.actors.map(async (actor) => {
        try {
          await this.#work(actor, stepsOf(seed, actor.client, actor.part))
        } catch (error) {
          // An answer of another shape than the API promises ends the run like any other broken promise.
          journal.violate(`${actor.client} could not go on: ${error instanceof Error ? error.message : String(error)}`)
        }
      }),
    )
  }

  async #work(actor: Actor, steps: Generator<Step, never>): Promise<void> {
    const { journal, client } = this.#scene
    const repeats: Repeat[] = []
    for (let count = 0; !this.#isOver && journal.violation === undefined; count += 1) {
      const step = steps.next().value
      await sleep(step.pauseMs)
      const due = repeats.findIndex(({ atStep }) => atStep <= count)
      const [repeat] = due < 0 ? [] : repeats.splice(due, 1)
      if (repeat !== undefined) await client.repeat(repeat.sender, repeat.command, repeat.call)
      if (step.volley !== undefined) {
        await this.#fire(actor, step.volley, [step, ...step.volley.ranks.slice(1).map(() => steps.next().value)])
        continue
      }
      const given = await this.#take(actor, step)
      if (given !== undefined && step.manner.repeatsAfterSteps !== undefined && !step.manner.givesUp)
        repeats.push({ ...given, atStep: count + step.manner.repeatsAfterSteps })
    }
  }

  #take(actor: Actor, step: Step): Promise<Given | undefined> {
    this.#scene.journal.count("steps")
    return plays[step.operation](this.#scene, actor, step)
  }

  /** All at once, without waiting for an answer; then each again, in another order than the first time. */
  async #fire(actor: Actor, { ranks, cutsAfterMs }: Volley, steps: readonly Step[]): Promise<void> {
    const { journal } = this.#scene
    const latestCutMs = Math.max(...cutsAfterMs)
    const given = await Promise.all(
      steps.map((step, index) => {
        const cutAfterMs = cutsAfterMs[index] ?? latestCutMs
        // Counted from its own cut, so that the repeats come by rank whichever answer was cut first.
        const againAfterMs = latestCutMs - cutAfterMs + ((ranks[index] ?? 0) + 1) * volleyGapMs
        const manner: Manner = { vanishesAfterMs: cutAfterMs, givesUp: false, sends: 1, repeatsAfterSteps: undefined, againAfterMs }
        return this.#take(actor, { ...step, manner })
      }),
    )
    const commands = given.filter((one) => one !== undefined).length
    if (commands < 2) return
    journal.count("volleys")
    journal.count("commands repeated in another order than they were sent", commands)
  }
}
