import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import worker from "../../src/worker.ts"
import { api, type World } from "./world.ts"

// oxlint-disable-next-line typescript/no-explicit-any -- a frame is whatever the server says; each test asserts what it relies on.
export type Frame = any

const base = "http://api.waybill.test/api/v1/chat/ws"

type OpenOptions = {
  readonly ticket?: string
  readonly token?: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The answer to opening a socket, with the socket where there is one. */
export async function open({ ticket, token, query, headers = {} }: OpenOptions): Promise<Response> {
  const search = query ?? (ticket === undefined ? "" : `?ticket=${ticket}`)
  return worker.fetch(
    new Request(base + search, {
      headers: {
        upgrade: "websocket",
        ...(token === undefined ? {} : { "sec-websocket-protocol": `waybill.v1, bearer.${token}` }),
        ...headers,
      },
    }),
    env,
    createExecutionContext(),
  )
}

/** A socket that remembers what it heard. */
export class Device {
  readonly socket: WebSocket
  readonly heard: Frame[] = []
  closed: { readonly code: number; readonly reason: string } | undefined
  onFrame: ((frame: Frame) => void) | undefined
  #wake: Array<() => void> = []

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.accept()
    socket.addEventListener("message", ({ data }) => {
      const frame: Frame = JSON.parse(String(data))
      this.heard.push(frame)
      this.onFrame?.(frame)
      this.#notify()
    })
    const close = (code: number, reason: string) => {
      this.closed ??= { code, reason }
      this.#notify()
    }
    socket.addEventListener("close", ({ code, reason }) => close(code, reason))
    socket.addEventListener("error", () => close(1006, "error"))
  }

  say(frame: unknown): void {
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame))
  }

  /** The first frame heard so far, or to come, that fits. @throws after `ms`. */
  async hear(what: string, fits: (frame: Frame) => boolean, ms = 25_000): Promise<Frame> {
    const deadline = Date.now() + ms
    for (;;) {
      const found = this.heard.find(fits)
      if (found !== undefined) return found
      await this.#next(deadline, what)
    }
  }

  async ack(clientId: string): Promise<Frame> {
    return this.hear(
      `the acknowledgement of ${clientId}`,
      (frame) => (frame.type === "ack" || frame.type === "error") && frame.client_id === clientId,
    )
  }

  async closing(ms = 25_000): Promise<{ readonly code: number; readonly reason: string }> {
    const deadline = Date.now() + ms
    for (;;) {
      if (this.closed !== undefined) return this.closed
      await this.#next(deadline, "the close")
    }
  }

  of(type: string): Frame[] {
    return this.heard.filter((frame) => frame.type === type)
  }

  hangUp(): void {
    try {
      this.socket.close(1000, "bye")
    } catch {
      // It is closed already.
    }
  }

  async #next(deadline: number, what: string): Promise<void> {
    if (Date.now() > deadline)
      throw new Error(`not heard: ${what}; heard ${JSON.stringify(this.heard.slice(-5))}, closed ${JSON.stringify(this.closed)}`)
    await new Promise<void>((resolve) => {
      this.#wake.push(resolve)
      setTimeout(resolve, 50)
    })
  }

  #notify(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}

export async function connect(token: string): Promise<Device> {
  const response = await open({ token })
  if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`)
  return new Device(response.webSocket)
}

export const conversationOf = (linkId: string): string => `cnv_${linkId.slice(4)}`

/** An approved link between two organizations. */
export async function link(supplier: World, buyer: World): Promise<string> {
  const asked = await api("POST", "/links/request", { token: buyer.token, body: { supplier_id: supplier.org.id } })
  if (asked.status !== 201) throw new Error(`link: ${asked.status} ${JSON.stringify(asked.body)}`)
  await setLink(supplier, asked.body.id, "APPROVED")
  return asked.body.id
}

export async function setLink(by: World, linkId: string, status: string): Promise<void> {
  const { status: got, body } = await api("PUT", `/links/${linkId}/status`, { token: by.token, body: { status } })
  if (got !== 200) throw new Error(`link status: ${got} ${JSON.stringify(body)}`)
}
