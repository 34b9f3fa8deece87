import type { Api } from "../lib/api.ts"
import type { Person } from "./cast.ts"

type Frame = Readonly<Record<string, unknown>>

const patienceMs = 5_000

/** One device on the chat: what it has heard, and what it waits for. */
export class Phone {
  readonly #socket: WebSocket
  readonly #heard: Frame[] = []
  #wake: () => void = () => undefined
  #closed: { readonly code: number } | undefined

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener("message", ({ data }) => {
      if (data === "pong") return
      this.#heard.push(JSON.parse(String(data)) as Frame)
      this.#wake()
    })
    socket.addEventListener("close", ({ code }) => {
      this.#closed = { code }
      this.#wake()
    })
  }

  /** With a one-time ticket, as a browser would. */
  static async open(api: Api, person: Person): Promise<Phone> {
    const ticket = (await api.must("POST", "/chat/tickets", { token: person.token })).text("ticket")
    return Phone.withTicket(api, ticket)
  }

  /** @throws Error when the server does not take the ticket. */
  static async withTicket(api: Api, ticket: string): Promise<Phone> {
    const socket = new WebSocket(`${api.base.replace(/^http/, "ws")}/api/v1/chat/ws?ticket=${encodeURIComponent(ticket)}`)
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true })
      socket.addEventListener("error", () => reject(new Error("the socket was refused")), { once: true })
    })
    return new Phone(socket)
  }

  send(frame: Frame): void {
    this.#socket.send(JSON.stringify(frame))
  }

  /** The first frame not taken yet that fits, waited for. @throws Error when none comes in time. */
  async hears(fits: (frame: Frame) => boolean): Promise<Frame> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      const index = this.#heard.findIndex(fits)
      const [frame] = index === -1 ? [] : this.#heard.splice(index, 1)
      if (frame !== undefined) return frame
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`nothing came in ${patienceMs} ms; heard: ${JSON.stringify(this.#heard)}`)
      await this.#woken(left)
    }
  }

  /** The code it was closed with. */
  async hangsUp(): Promise<void> {
    this.#socket.close(1000)
    while (this.#closed === undefined) await this.#woken(patienceMs)
  }

  async #woken(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

export const isMessage =
  (content: string) =>
  (frame: Frame): boolean =>
    frame["type"] === "message" && frame["content"] === content

export const isAck =
  (clientId: string) =>
  (frame: Frame): boolean =>
    frame["type"] === "ack" && frame["client_id"] === clientId

export const isError = (frame: Frame): boolean => frame["type"] === "error"
