import { request as httpRequest } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { isId, type OrganizationId, platformOrganizationId, routingOf } from "../../src/kernel/ids.ts"
import { withoutSecrets } from "../../src/kernel/secrets.ts"
import type { Answer, Command, Journal } from "./journal.ts"
import type { Manner } from "./plan.ts"
import type { SlowWires } from "./slow-wires.ts"
import type { WireKind } from "./wires.ts"
import type { Organization, Sender } from "./world.ts"

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
export type Call = {
  readonly method: Method
  readonly path: string
  readonly body?: unknown
  /** A file's bytes, in place of a body of JSON. */
  readonly bytes?: Uint8Array
  readonly key?: string
  readonly ifMatch?: string
}
export type OpenSocket = { readonly socket: WebSocket; readonly over: WireKind | undefined }

/** More than the relay waits for D1, and D1 at its worst. */
const answerMsMax = 20_000
const retryMs = { first: 60, most: 1_000 }
/** After the faults have stopped, whoever still asks must be answered by then. */
const patienceMs = 60_000

const problem = z.object({ code: z.string() })
const ticketBody = z.object({ ticket: z.string() })
const keptMails = z.object({ data: z.array(z.object({ token: z.string().optional() })) })

/** Answers that leave open whether anything was done. */
const isUndecided = ({ status }: Answer): boolean => status >= 500 || status === 429 || status === 401

/** A refusal that the ledger does not keep: the same request may be done later. */
const mayPass = (answer: Answer | undefined): boolean =>
  answer?.status === 409 && problem.safeParse(JSON.parse(answer.text)).data?.code === "STOCK_INSUFFICIENT"

export class Client {
  readonly #url: string
  readonly #wires: SlowWires
  readonly #journal: Journal
  readonly #knowsRouting: ReadonlyMap<number, OrganizationId>
  /** When nobody gives up hope any longer: while there are faults, never. */
  deadline = Date.now() + patienceMs

  constructor(url: string, wires: SlowWires, journal: Journal, organizations: readonly Organization[]) {
    this.#url = url
    this.#wires = wires
    this.#journal = journal
    this.#knowsRouting = new Map(organizations.map(({ id, routing }) => [routing, id]))
  }

  faultsBegin(): void {
    this.deadline = Number.POSITIVE_INFINITY
    this.#wires.areUsed = true
  }

  faultsStopped(): void {
    this.deadline = Date.now() + patienceMs
    this.#wires.areUsed = false
  }

  /**
   * One request, over a slow wire where one is named or it is its turn. Undefined when it was not answered: refused
   * connection, reset, cut by ourselves, or without a credential to send.
   */
  async send(sender: Sender, call: Call, cutAfterMs?: number, named?: WireKind): Promise<Answer | undefined> {
    try {
      const { text: token, askedAt: tokenAskedAt } = await sender.credential()
      const sentAt = Date.now()
      this.#journal.count("requests")
      const { method, path, body, bytes, key, ifMatch } = call
      if (bytes !== undefined && cutAfterMs !== undefined) {
        await this.#sendHalf(call, bytes, token, cutAfterMs)
        return undefined
      }
      if (bytes !== undefined && key !== undefined) this.#journal.wholeUploads.add(key)
      const over = named ?? this.#wires.next("requests")
      if (over !== undefined) this.#journal.count("requests over slow wires")
      const response = await fetch(`${over === undefined ? this.#url : this.#wires.urlOf(over)}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(key === undefined ? {} : { "idempotency-key": key }),
          ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
          // A wire of its own for each.
          ...(over === undefined ? {} : { connection: "close" }),
        },
        signal: AbortSignal.timeout(cutAfterMs === undefined ? answerMsMax : Math.round(cutAfterMs)),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(bytes === undefined ? {} : over === undefined || bytes.byteLength % 2 === 0 ? { body: bytes } : streamed(bytes)),
      })
      const answer: Answer = {
        status: response.status,
        text: await response.text(),
        isPending: response.headers.get("waybill-projection") === "pending",
        etag: response.headers.get("etag"),
        sentAt,
        heardAt: Date.now(),
        tokenAskedAt,
      }
      if (answer.status >= 500) this.#journal.count("answers of 5xx")
      if (answer.status === 401) sender.credentialRefused()
      if (answer.isPending) this.#journal.count("answers with the projection pending")
      this.#checkOwners(sender, `${call.method} ${call.path}`, answer)
      return answer
    } catch {
      return undefined
    }
  }

  /** The first half of a file, and then nobody is there any more. Half of them say beforehand how long it was to be. */
  async #sendHalf({ path, key = "" }: Call, bytes: Uint8Array, token: string, cutAfterMs: number): Promise<void> {
    this.#journal.count("uploads cut off in the middle")
    const request = httpRequest(`${this.#url}/api/v1${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "idempotency-key": key,
        ...(bytes.byteLength % 2 === 0 ? { "content-length": bytes.byteLength } : {}),
      },
    })
    // It ends with an error: that is what it is for.
    request.on("error", () => undefined)
    request.write(bytes.subarray(0, bytes.byteLength / 2))
    await sleep(cutAfterMs)
    request.destroy()
  }

  /** A new ticket's socket, over a slow wire where one is named or it is its turn. Undefined when there is none to be had right now. */
  async openSocket(sender: Sender, named?: WireKind): Promise<OpenSocket | undefined> {
    const answer = await this.send(sender, { method: "POST", path: "/chat/tickets" })
    if (answer?.status !== 201) return undefined
    const { ticket } = ticketBody.parse(JSON.parse(answer.text))
    this.#journal.secrets.add(ticket)
    const over = named ?? this.#wires.next("sockets")
    const url = over === undefined ? this.#url : this.#wires.urlOf(over)
    const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/chat/ws?ticket=${encodeURIComponent(ticket)}`)
    return new Promise((resolve) => {
      socket.addEventListener("open", () => resolve({ socket, over }), { once: true })
      for (const end of ["error", "close"] as const) socket.addEventListener(end, () => resolve(undefined), { once: true })
    })
  }

  /** Without a credential: what anybody may ask, in the name of who will hold the answer. */
  sendOpenly(organization: Organization, call: Call): Promise<Answer | undefined> {
    const askedAt = Date.now()
    return this.send({ organization, credential: async () => ({ text: "none", askedAt }), credentialRefused: () => undefined }, call)
  }

  /** The one-time token in the newest mail to an address, as development keeps it; undefined where there is none. */
  async tokenMailedTo(address: string): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.#url}/dev/mail?to=${encodeURIComponent(address)}`, { signal: AbortSignal.timeout(answerMsMax) })
      if (!response.ok) return undefined
      return keptMails.parse(await response.json()).data[0]?.token
    } catch {
      return undefined
    }
  }

  /**
   * Sends a command in the given manner until somebody answers it, and writes down what was heard.
   * @returns the answer that said it was done, if one did.
   */
  async give(sender: Sender, command: Command, call: Omit<Call, "key">, manner: Manner): Promise<Answer | undefined> {
    const keyed = { ...call, key: command.key }
    let isFirst = true
    for (let waitMs = retryMs.first; ; waitMs = Math.min(waitMs * 2, retryMs.most)) {
      const sends = isFirst ? manner.sends : 1
      const cutAfterMs = isFirst ? manner.vanishesAfterMs : undefined
      if (sends > 1) this.#journal.count("racing duplicates")
      if (cutAfterMs !== undefined) this.#journal.count("clients that vanished")
      if (!isFirst) this.#journal.count("retries")
      const answers = await Promise.all(
        Array.from({ length: sends }, () => this.send(sender, keyed, cutAfterMs, isFirst ? manner.over : undefined)),
      )
      // They race: who was refused what may pass may have come before who was done, whichever is heard first.
      for (const answer of answers.toSorted((one, other) => Number(mayPass(other)) - Number(mayPass(one))))
        this.hear(sender, command, call, answer)
      const insists = isFirst && manner.againAfterMs !== undefined
      if (!insists && answers.some((answer) => answer !== undefined && !isUndecided(answer))) return command.answer
      if (isFirst && manner.givesUp) return undefined
      if (Date.now() > this.deadline) {
        this.#journal.violate(
          `${call.method} ${call.path} (${command.key}) was not answered within ${patienceMs / 1000} s after the faults had stopped: ${answers[0]?.text ?? "no answer"}`,
        )
        return undefined
      }
      isFirst = false
      await sleep(insists ? (manner.againAfterMs ?? 0) : waitMs)
    }
  }

  /** Once more, long after: whoever was told that it is done is told the same again. */
  async repeat(sender: Sender, command: Command, call: Omit<Call, "key">): Promise<void> {
    this.#journal.count("late duplicates")
    this.hear(sender, command, call, await this.send(sender, { ...call, key: command.key }))
  }

  hear({ organization }: Sender, command: Command, call: Omit<Call, "key">, answer: Answer | undefined): void {
    if (answer === undefined || isUndecided(answer)) return command.unanswered()
    const first = command.answer
    if (answer.status >= 300) {
      const code = problem.safeParse(JSON.parse(answer.text)).data?.code ?? ""
      command.refused(code)
      if (code === "IDEMPOTENCY_KEY_REUSED")
        this.#journal.violate(`${command.key}: the same request was refused as another one: ${answer.text}`)
      // What its people may is asked first, of repeats too.
      const isClosed = organization.isLodger && code === "ORGANIZATION_DEACTIVATED"
      if (first !== undefined && !isClosed)
        this.#journal.violate(
          `${call.method} ${call.path} (${command.key}) was done, and its repeat answered ${answer.status}: ${answer.text}`,
        )
      return
    }
    if (first !== undefined && (first.status !== answer.status || plain(first.text) !== plain(answer.text))) {
      this.#journal.violate(
        `${command.key} was answered ${first.status} ${first.text} at first and ${answer.status} ${answer.text} for a repeat`,
      )
    }
    command.done(answer)
    this.#keepSecrets(answer)
  }

  #keepSecrets({ text }: Answer): void {
    for (const [, secret, signature] of text.matchAll(
      /"(?:secret|access_token|refresh_token|ticket)":"([^"]+)"|[?&]signature=([0-9a-f]{64})/g,
    ))
      this.#journal.secrets.add(secret ?? signature ?? "")
  }

  /** Nothing of an organization without a link to the reader's stands in any answer, by its id or by ids that its ledger minted. */
  #checkOwners({ organization }: Sender, asked: string, { status, text }: Answer): void {
    // By the platform is what a ledger does by itself, such as calling off an order whose buyer did not answer.
    const mayStand = (id: OrganizationId): boolean =>
      id === organization.id || id === platformOrganizationId || organization.partners.has(id)
    for (const [id] of text.matchAll(/\b(?:org|ord|oln|prd|lnk|whs|mov|lot|unt|bcp)_[0-9a-hjkmnp-tv-z]{26}\b/g)) {
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

/** Without saying how long it is. */
const streamed = (bytes: Uint8Array) => ({ body: new Blob([bytes.slice()]).stream(), duplex: "half" }) as const

/** Without secrets, which a repeat shows as null. */
function plain(text: string): string {
  return text === "" ? "" : JSON.stringify(withoutSecrets(JSON.parse(text)))
}
