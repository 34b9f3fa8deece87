import type { OrganizationId } from "../../src/kernel/ids.ts"

/** What the books must show of a command: which rows carry its key, and where. */
export const commandKinds = [
  "place order",
  "move order",
  "create product",
  "edit product",
  "archive product",
  "add component",
  "remove component",
  "record movements",
  "hold lot",
  "recall lot",
  "receive units",
  "handle unit",
  "import products",
  "import orders",
  "request link",
  "move link",
  "set terms",
  "create user",
  "invite",
  "join",
  "assign roles",
  "disable user",
  "enable user",
  "write in chat",
  "upload file",
  "open complaint",
  "create API key",
  "update organization",
  "close organization",
  "reopen organization",
] as const
export type CommandKind = (typeof commandKinds)[number]

export type Answer = {
  readonly status: number
  readonly text: string
  readonly isPending: boolean
  readonly etag: string | null
  readonly sentAt: number
  readonly heardAt: number
  /** When the sender asked for the token it sent: it says what was true no earlier than that. */
  readonly tokenAskedAt: number
}

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
  /** The thing it is about, where that existed before: an order, a link, a product, a user. */
  readonly target: string | undefined
  readonly asked: Readonly<Record<string, unknown>>
  /** No send was before this. */
  readonly openedAt = Date.now()
  #first: Answer | undefined
  #unanswered = 0
  readonly refusals: string[] = []

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
    return this.#unanswered > 0 || this.refusals.length === 0 ? "unknown" : "refused"
  }

  unanswered(): void {
    this.#unanswered += 1
  }

  refused(code: string): void {
    this.refusals.push(code)
  }

  done(answer: Answer): void {
    this.#first ??= answer
  }
}

/** An organization that the platform has deactivated: from the acknowledgement until it began to bring it back. */
export type Closure = { readonly orgId: OrganizationId; readonly closedAt: number; reopenedAt: number }

/** Everything the clients did and heard: the model that the books are held against. */
export class Journal {
  readonly commands: Command[] = []
  readonly counts = new Map<string, number>()
  readonly closures: Closure[] = []
  /** Passwords, tokens and API keys that travelled: none may stand in a log. */
  readonly secrets = new Set<string>()
  /** Uploads of which every byte was sent at least once; of the others nothing may be left. */
  readonly wholeUploads = new Set<string>()
  readonly #weather: Array<{ readonly at: number; readonly isFailing: boolean }> = []
  /** The first promise that an answer broke. */
  violation: string | undefined

  open(command: Command): Command {
    this.commands.push(command)
    return command
  }

  count(what: string, more = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + more)
  }

  counted(what: string): number {
    return this.counts.get(what) ?? 0
  }

  violate(what: string): void {
    this.violation ??= what
  }

  weatherIs(isFailing: boolean): void {
    this.#weather.push({ at: Date.now(), isFailing })
  }

  /** Whether D1 failed batches at any time between the two. */
  wasFailing(from: number, to: number): boolean {
    return this.#weather.some(({ at, isFailing }, index) => isFailing && at <= to && (this.#weather[index + 1]?.at ?? to) >= from)
  }

  /** How many commands of this kind came to this. */
  tally(kind: CommandKind, outcome: Outcome): number {
    return this.commands.filter((command) => command.kind === kind && command.outcome === outcome).length
  }
}
