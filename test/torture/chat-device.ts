import { z } from "zod"
import type { Client } from "./client.ts"
import type { Journal } from "./journal.ts"
import type { WireKind } from "./wires.ts"
import type { Actor } from "./world.ts"

const text = z.string()
const frame = z.union([
  z.object({ type: z.literal("ack"), client_id: text, id: text, seq: z.number(), conversation_id: text }),
  z.object({ type: z.literal("message"), id: text, seq: z.number(), conversation_id: text, content: text }),
  z.object({ type: z.literal("error"), code: text, client_id: text.optional(), conversation_id: text.optional() }),
  z.object({ type: z.literal("resumed"), conversations: z.record(text, z.number()), more: z.array(text) }),
])

export type Ack = { readonly id: string; readonly seq: number; readonly conversation_id: string }
export type Reply = { readonly ack: Ack } | { readonly error: string } | undefined
export type Said = {
  readonly client_id: string
  readonly conversation_id: string
  readonly content: string
  readonly attachment_ids: readonly string[]
}

const replyMsMax = 15_000

/** What one socket brought of each conversation since it resumed. */
type Heard = { readonly seqs: Set<string>; readonly last: Map<string, number>; isResumed: boolean; readonly log: SocketLog }

/** What one socket asked for and brought, as it came: messages, and acknowledgements of one's own. */
export type SocketLog = {
  readonly client: string
  readonly over: WireKind | undefined
  /** What it asked for: of each conversation, all after this place. */
  readonly after: Readonly<Record<string, number>>
  readonly frames: Array<{ readonly type: "ack" | "message"; readonly conversation: string; readonly seq: number; readonly id: string }>
  /** After how many of the frames it had all that it had asked for. */
  resumedAt: number | undefined
}

/** A person's phone: holds a socket, keeps what it heard, and where it was cut off comes back and asks for the rest. */
export class ChatDevice {
  readonly actor: Actor
  readonly #client: Client
  readonly #journal: Journal
  /** By conversation and place, the message's id. */
  readonly log = new Map<string, Map<number, string>>()
  readonly #waiting = new Map<string, Set<(reply: Reply) => void>>()
  #socket: WebSocket | undefined
  #heard: Heard | undefined
  #opening: Promise<void> | undefined
  readonly sockets: SocketLog[] = []

  constructor(actor: Actor, client: Client, journal: Journal) {
    this.actor = actor
    this.#client = client
    this.#journal = journal
  }

  /** Whether its socket brought all that it had asked for, so that whatever comes it must hear by itself. */
  get isLive(): boolean {
    return this.#heard?.isResumed === true
  }

  /** Where it is not yet, over a slow wire where one is named or it is its turn. */
  async online(named?: WireKind): Promise<void> {
    if (this.#socket !== undefined) return
    this.#opening ??= this.#open(named).finally(() => {
      this.#opening = undefined
    })
    await this.#opening
  }

  /** Without a good-bye to the conversation: what is on its way is lost. */
  cut(): void {
    const socket = this.#socket
    this.#lost(socket)
    socket?.close()
  }

  /** @returns what was said to it; undefined where nobody can know. */
  async say(said: Said, times: number): Promise<readonly Reply[]> {
    // From now on a resume asks for it, or what came to a socket that was lost before it brought anything would be missed.
    if (!this.log.has(said.conversation_id)) this.log.set(said.conversation_id, new Map())
    await this.online()
    const socket = this.#socket
    if (socket === undefined) return [undefined]
    return Promise.all(
      Array.from(
        { length: times },
        () =>
          new Promise<Reply>((resolve) => {
            const waiting = this.#waiting.get(said.client_id) ?? new Set()
            this.#waiting.set(said.client_id, waiting)
            const end = (reply: Reply): void => {
              clearTimeout(timer)
              waiting.delete(end)
              resolve(reply)
            }
            const timer = setTimeout(() => end(undefined), replyMsMax)
            waiting.add(end)
            socket.send(JSON.stringify(said))
          }),
      ),
    )
  }

  async #open(named: WireKind | undefined): Promise<void> {
    const opened = await this.#client.openSocket(this.actor, named)
    if (opened === undefined) return
    const { socket, over } = opened
    this.#journal.count("chat sockets opened")
    const after = Object.fromEntries([...this.log.keys()].map((id) => [id, this.reached(id)]))
    const log: SocketLog = { client: this.actor.client, over, after, frames: [], resumedAt: undefined }
    this.sockets.push(log)
    if (over !== undefined) this.#journal.count("chat sockets over slow wires")
    const heard: Heard = { seqs: new Set(), last: new Map(), isResumed: false, log }
    this.#socket = socket
    this.#heard = heard
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#hear(frame.safeParse(JSON.parse(String(data))).data, heard)
    })
    socket.addEventListener("close", () => this.#lost(socket))
    socket.send(JSON.stringify({ type: "resume", after }))
  }

  /** The last place up to which it has everything. */
  reached(conversation: string): number {
    const log = this.log.get(conversation)
    let seq = 0
    while (log?.has(seq + 1) === true) seq += 1
    return seq
  }

  #lost(socket: WebSocket | undefined): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    this.#heard = undefined
    for (const waiting of this.#waiting.values()) for (const end of waiting) end(undefined)
    this.#waiting.clear()
  }

  #hear(told: z.output<typeof frame> | undefined, heard: Heard): void {
    if (told === undefined) return
    switch (told.type) {
      case "ack":
        this.#keep(told)
        note(heard.log, told)
        heard.last.set(told.conversation_id, Math.max(heard.last.get(told.conversation_id) ?? 0, told.seq))
        return this.#answer(told.client_id, { ack: told })
      case "error":
        if (told.client_id !== undefined) return this.#answer(told.client_id, { error: told.code })
        // A conversation that could not be resumed is asked for by the next socket.
        return told.conversation_id === undefined ? undefined : this.cut()
      case "resumed":
        heard.isResumed = told.more.length === 0
        if (heard.isResumed) heard.log.resumedAt = heard.log.frames.length
        if (heard.isResumed) return this.#journal.count("chat sockets resumed")
        return this.#socket?.send(
          JSON.stringify({ type: "resume", after: Object.fromEntries(told.more.map((id) => [id, this.reached(id)])) }),
        )
      case "message": {
        const { conversation_id: conversation, seq } = told
        const place = `${conversation} ${seq}`
        if (heard.seqs.has(place)) this.#journal.violate(`a socket of ${this.actor.client} brought ${place} twice`)
        const last = heard.last.get(conversation) ?? 0
        if (heard.isResumed && seq < last) this.#journal.violate(`a socket of ${this.actor.client} brought ${place} after ${last}`)
        heard.seqs.add(place)
        heard.last.set(conversation, Math.max(last, seq))
        this.#journal.count("messages heard by sockets")
        note(heard.log, told)
        return this.#keep(told)
      }
    }
  }

  #keep({ conversation_id: conversation, seq, id }: Ack): void {
    const log = this.log.get(conversation) ?? new Map<number, string>()
    this.log.set(conversation, log)
    const known = log.get(seq)
    if (known !== undefined && known !== id)
      this.#journal.violate(`${this.actor.client} heard of ${known} and of ${id} at ${conversation} ${seq}`)
    log.set(seq, id)
  }

  #answer(clientId: string, reply: Reply): void {
    // One frame answers one send.
    const [first] = this.#waiting.get(clientId) ?? []
    first?.(reply)
  }
}

function note(
  { frames }: SocketLog,
  { type, conversation_id: conversation, seq, id }: Ack & Pick<SocketLog["frames"][number], "type">,
): void {
  frames.push({ type, conversation, seq, id })
}
