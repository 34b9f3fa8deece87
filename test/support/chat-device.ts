import { connect, type Device, type Frame } from "./chat.ts"

/** What one socket brought. */
type Heard = { readonly seqs: Set<number>; last: number; isResumed: boolean }

/** What a device of a user does: writes, keeps what it has, and when it is cut off comes back and asks for the rest. */
export class StubbornDevice {
  readonly #token: string
  readonly #conversation: string
  readonly #name: string
  /** Every message it has, by place. */
  readonly log = new Map<number, { readonly id: string; readonly content: string }>()
  /** Messages that a socket brought twice, or out of their order. */
  readonly faults: string[] = []
  readonly #unsent = new Map<string, string>()
  #device: Device | undefined
  #connecting: Promise<void> | undefined
  isOver = false
  cuts = 0

  constructor(name: string, token: string, conversation: string) {
    this.#name = name
    this.#token = token
    this.#conversation = conversation
  }

  get waiting(): number {
    return this.#unsent.size
  }

  /** The last place up to which it has everything. */
  get reached(): number {
    let seq = 0
    while (this.log.has(seq + 1)) seq += 1
    return seq
  }

  write(clientId: string, content: string): void {
    this.#unsent.set(clientId, content)
    void this.#online().then(() => this.#say(clientId, content))
  }

  async start(): Promise<void> {
    await this.#online()
  }

  cut(): void {
    this.cuts += 1
    // What is on its way is lost with the connection.
    if (this.#device !== undefined) this.#device.onFrame = undefined
    this.#device?.hangUp()
    this.#device = undefined
  }

  stop(): void {
    this.isOver = true
    this.#device?.hangUp()
  }

  /** Looks after itself: comes back where it was cut, says again what nobody acknowledged. */
  async tick(): Promise<void> {
    if (this.#device?.closed !== undefined) this.#device = undefined
    await this.#online()
  }

  #online(): Promise<void> {
    if (this.isOver || (this.#device !== undefined && this.#device.closed === undefined)) return Promise.resolve()
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #connect(): Promise<void> {
    for (;;) {
      try {
        const device = await connect(this.#token)
        const heard = { seqs: new Set<number>(), last: 0, isResumed: false }
        device.onFrame = (frame) => this.#hear(frame, heard)
        this.#device = device
        device.say({ type: "resume", after: { [this.#conversation]: this.reached } })
        for (const [clientId, content] of this.#unsent) this.#say(clientId, content)
        return
      } catch {
        // The object may just be dying; it is back in a moment.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

  #say(clientId: string, content: string): void {
    try {
      this.#device?.say({ client_id: clientId, conversation_id: this.#conversation, content })
    } catch {
      // It is cut off; what was not acknowledged is said again.
    }
  }

  #hear(frame: Frame, heard: Heard): void {
    if (frame.type === "ack") {
      const content = this.#unsent.get(frame.client_id)
      this.#unsent.delete(frame.client_id)
      if (content !== undefined) this.#keep(frame.seq, frame.id, content)
      return
    }
    if (frame.type === "error" && frame.client_id !== undefined) {
      const content = this.#unsent.get(frame.client_id)
      if (content !== undefined) setTimeout(() => this.#say(frame.client_id, content), 50)
      return
    }
    // A machine that is busy for longer than an inbox waits for the resume brings what is new before it.
    if (frame.type === "resumed") {
      heard.isResumed = true
      if (frame.more.length > 0) this.#device?.say({ type: "resume", after: { [this.#conversation]: this.reached } })
    }
    if (frame.type !== "message") return
    if (heard.seqs.has(frame.seq)) this.faults.push(`${this.#name}: ${frame.seq} twice`)
    if (heard.isResumed && frame.seq < heard.last) this.faults.push(`${this.#name}: ${frame.seq} after ${heard.last}`)
    heard.seqs.add(frame.seq)
    heard.last = Math.max(heard.last, frame.seq)
    this.#keep(frame.seq, frame.id, frame.content)
  }

  #keep(seq: number, id: string, content: string): void {
    const known = this.log.get(seq)
    if (known !== undefined && known.id !== id) this.faults.push(`${this.#name}: two messages at ${seq}`)
    this.log.set(seq, { id, content })
  }
}
