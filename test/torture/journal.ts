import type { OrganizationId } from "../../src/kernel/ids.ts"

/** What the books must show of a command: which rows carry its key, and where. */
export type CommandKind =
  | "place order"
  | "move order"
  | "create product"
  | "edit product"
  | "archive product"
  | "request link"
  | "move link"
  | "create API key"
  | "update organization"

export type Answer = { readonly status: number; readonly text: string; readonly isPending: boolean }

/**
 * `acknowledged`: some send was answered with success. `refused`: every send was answered, none with success.
 * `unknown`: some send was never answered, so that it may be carried out or not, but only as a whole.
 */
export type Outcome = "acknowledged" | "refused" | "unknown"

/** A mutation under one Idempotency-Key, with all that clients heard of it. */
export class Command {
  readonly key: string
  readonly kind: CommandKind
  readonly orgId: OrganizationId
  /** The thing it is about, where that existed before: an order, a link, a product. */
  readonly target: string | undefined
  readonly asked: Readonly<Record<string, unknown>>
  #first: Answer | undefined
  #unanswered = 0
  refusals = 0

  constructor(given: {
    key: string
    kind: CommandKind
    orgId: OrganizationId
    target?: string | undefined
    asked: Readonly<Record<string, unknown>>
  }) {
    this.key = given.key
    this.kind = given.kind
    this.orgId = given.orgId
    this.target = given.target
    this.asked = given.asked
  }

  /** The first answer that said it was done. */
  get answer(): Answer | undefined {
    return this.#first
  }

  get outcome(): Outcome {
    if (this.#first !== undefined) return "acknowledged"
    return this.#unanswered > 0 || this.refusals === 0 ? "unknown" : "refused"
  }

  unanswered(): void {
    this.#unanswered += 1
  }

  done(answer: Answer): void {
    this.#first ??= answer
  }
}

/** Everything the clients did and heard: the model that the books are held against. */
export class Journal {
  readonly commands: Command[] = []
  readonly counts = new Map<string, number>()
  /** Passwords, tokens and API keys that travelled: none may stand in a log. */
  readonly secrets = new Set<string>()
  /** The first promise that an answer broke. */
  violation: string | undefined

  open(command: Command): Command {
    this.commands.push(command)
    return command
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  violate(what: string): void {
    this.violation ??= what
  }

  /** How many commands of this kind came to this. */
  tally(kind: CommandKind, outcome: Outcome): number {
    return this.commands.filter((command) => command.kind === kind && command.outcome === outcome).length
  }
}
