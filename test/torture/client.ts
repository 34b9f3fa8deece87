import { setTimeout as sleep } from "node:timers/promises"
import { isId, type OrganizationId, routingOf } from "../../src/kernel/ids.ts"
import { withoutSecrets } from "../../src/kernel/secrets.ts"
import type { Answer, Command, Journal } from "./journal.ts"
import type { Manner } from "./plan.ts"
import type { Actor, Organization } from "./world.ts"

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
export type Call = { readonly method: Method; readonly path: string; readonly body?: unknown; readonly key?: string }

/** More than the relay waits for D1, and D1 at its worst. */
const answerMsMax = 20_000
const retryMs = { first: 60, most: 1_000 }
/** After the faults have stopped, whoever still asks must be answered by then. */
const patienceMs = 60_000

/** Answers that leave open whether anything was done. */
const isUndecided = ({ status }: Answer): boolean => status >= 500 || status === 429 || status === 401

export class Client {
  readonly #url: string
  readonly #journal: Journal
  readonly #knowsRouting: ReadonlyMap<number, OrganizationId>
  /** When nobody gives up hope any longer: set once the faults have stopped. */
  deadline = Number.POSITIVE_INFINITY

  constructor(url: string, journal: Journal, organizations: readonly Organization[]) {
    this.#url = url
    this.#journal = journal
    this.#knowsRouting = new Map(organizations.map(({ id, routing }) => [routing, id]))
  }

  faultsStopped(): void {
    this.deadline = Date.now() + patienceMs
  }

  /** One request. Undefined when it was not answered: refused connection, reset, cut by ourselves. */
  async send(actor: Actor, { method, path, body, key }: Call, cutAfterMs?: number): Promise<Answer | undefined> {
    const headers = {
      authorization: `Bearer ${await actor.token()}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    }
    this.#journal.count("requests")
    try {
      const response = await fetch(`${this.#url}/api/v1${path}`, {
        method,
        headers,
        signal: AbortSignal.timeout(cutAfterMs === undefined ? answerMsMax : Math.round(cutAfterMs)),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const answer: Answer = {
        status: response.status,
        text: await response.text(),
        isPending: response.headers.get("waybill-projection") === "pending",
      }
      if (answer.status >= 500) this.#journal.count("answers of 5xx")
      if (answer.isPending) this.#journal.count("answers with the projection pending")
      this.#checkOwners(actor, `${method} ${path}`, answer)
      return answer
    } catch {
      return undefined
    }
  }

  /**
   * Sends a command in the given manner until somebody answers it, and writes down what was heard.
   * @returns the answer that said it was done, if one did.
   */
  async give(actor: Actor, command: Command, call: Omit<Call, "key">, manner: Manner): Promise<Answer | undefined> {
    const keyed = { ...call, key: command.key }
    let isFirst = true
    for (let waitMs = retryMs.first; ; waitMs = Math.min(waitMs * 2, retryMs.most)) {
      const sends = isFirst ? manner.sends : 1
      const cutAfterMs = isFirst ? manner.vanishesAfterMs : undefined
      if (sends > 1) this.#journal.count("racing duplicates")
      if (cutAfterMs !== undefined) this.#journal.count("clients that vanished")
      if (!isFirst) this.#journal.count("retries")
      const answers = await Promise.all(Array.from({ length: sends }, () => this.send(actor, keyed, cutAfterMs)))
      for (const answer of answers) this.hear(command, answer)
      if (answers.some((answer) => answer !== undefined && !isUndecided(answer))) return command.answer
      if (isFirst && manner.givesUp) return undefined
      if (Date.now() > this.deadline) {
        this.#journal.violate(
          `${call.method} ${call.path} (${command.key}) was not answered within ${patienceMs / 1000} s after the faults had stopped: ${answers[0]?.text ?? "no answer"}`,
        )
        return undefined
      }
      isFirst = false
      await sleep(waitMs)
    }
  }

  /** Once more, long after: whoever was told that it is done is told the same again. */
  async repeat(actor: Actor, command: Command, call: Omit<Call, "key">): Promise<void> {
    this.#journal.count("late duplicates")
    const wasDone = command.answer !== undefined
    const answer = await this.send(actor, { ...call, key: command.key })
    if (wasDone && answer !== undefined && !isUndecided(answer) && answer.status >= 300) {
      this.#journal.violate(
        `${call.method} ${call.path} (${command.key}) was done, and its repeat answered ${answer.status}: ${answer.text}`,
      )
    }
    this.hear(command, answer)
  }

  hear(command: Command, answer: Answer | undefined): void {
    if (answer === undefined || isUndecided(answer)) return command.unanswered()
    if (answer.status >= 300) {
      command.refusals += 1
      if (answer.text.includes("IDEMPOTENCY_KEY_REUSED"))
        this.#journal.violate(`${command.key}: the same request was refused as another one: ${answer.text}`)
      return
    }
    const first = command.answer
    if (first !== undefined && (first.status !== answer.status || plain(first.text) !== plain(answer.text))) {
      this.#journal.violate(
        `${command.key} was answered ${first.status} ${first.text} at first and ${answer.status} ${answer.text} for a repeat`,
      )
    }
    command.done(answer)
    this.#keepSecrets(answer)
  }

  #keepSecrets({ text }: Answer): void {
    for (const [, secret] of text.matchAll(/"(?:secret|access_token|refresh_token)":"([^"]+)"/g))
      if (secret !== undefined) this.#journal.secrets.add(secret)
  }

  /** Nothing of an organization without a link to the reader's stands in any answer, by its id or by ids that its ledger minted. */
  #checkOwners({ organization }: Actor, asked: string, { status, text }: Answer): void {
    const mayStand = (id: OrganizationId): boolean => id === organization.id || organization.partners.has(id)
    for (const [id] of text.matchAll(/\b(?:org|ord|oln|prd|lnk|whs|mov)_[0-9a-hjkmnp-tv-z]{26}\b/g)) {
      this.#journal.count("ids checked for their owner")
      const owner = isId("org", id) ? id : this.#knowsRouting.get(routingOf(id as Parameters<typeof routingOf>[0]))
      if (owner === undefined || !mayStand(owner)) {
        this.#journal.violate(
          `${asked} showed ${organization.name} (${organization.id}) ${id} of ${owner ?? "nobody"}: ${status} ${text.slice(0, 500)}`,
        )
      }
    }
  }
}

/** Without secrets, which a repeat shows as null. */
function plain(text: string): string {
  return text === "" ? "" : JSON.stringify(withoutSecrets(JSON.parse(text)))
}
