import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { Webhook } from "standardwebhooks"
import type { Journal } from "./journal.ts"
import { Random } from "./random.ts"

/** A request that came to a webhook's address. */
export type Heard = {
  readonly id: string
  readonly body: string
  /** By the secret that was shown when the webhook was made, and by the time of its arrival. */
  readonly isSigned: boolean
  readonly at: number
  readonly answer: "2xx" | "410" | "trouble"
}

type Mood = "well" | "late" | "error" | "hang up" | "silence"
/** Of ten seconds' silence there may be little: it holds up the queue. */
const moods: Readonly<Record<Mood, number>> = { well: 60, late: 10, error: 20, "hang up": 9, silence: 1 }
const silencesMax = 3
/** Little may be delivered before the load ends: it stays moody until it has made as much trouble. */
const troublesMin = 12
const lateMs = { least: 50, most: 1_500 }

/** Other companies' servers, which hear of events by webhooks: moody while the load lasts, well after it. */
export class Receiver {
  readonly #url: string
  readonly #server: Server
  readonly #journal: Journal
  readonly #random: Random
  readonly #secrets = new Map<string, string>()
  readonly #heard = new Map<string, Heard[]>()
  readonly #gone = new Set<string>()
  #isMoody = false
  #silences = 0
  #troubles = 0

  private constructor(server: Server, seed: number, journal: Journal) {
    this.#server = server
    this.#journal = journal
    this.#random = new Random(`${seed}`).fork("receiver")
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on("request", (request, response) => void this.#hear(request, response).catch(() => response.destroy()))
  }

  static async open(seed: number, journal: Journal): Promise<Receiver> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    return new Receiver(server, seed, journal)
  }

  /** Where a webhook of this name is sent to. One that is gone answers 410 whatever comes. */
  addressOf(name: string, { isGone }: { readonly isGone: boolean }): string {
    if (isGone) this.#gone.add(name)
    return `${this.#url}/${name}`
  }

  /** Until it knows the secret, it takes nothing. */
  learn(name: string, secret: string): void {
    this.#secrets.set(name, secret)
  }

  /** Once told to be well it is so, after the trouble that it owes. */
  beMoody(isMoody: boolean): void {
    this.#isMoody = isMoody
  }

  heardAt(name: string): readonly Heard[] {
    return this.#heard.get(name) ?? []
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request)
    const name = (request.url ?? "").slice(1)
    const secret = this.#secrets.get(name)
    if (secret === undefined) return void response.writeHead(503).end()
    const isGone = this.#gone.has(name)
    const mood = isGone ? "well" : this.#mood()
    const isTaken = mood === "well" || mood === "late"
    this.#journal.count(isGone ? "deliveries to webhooks that are gone" : isTaken ? "deliveries taken" : `deliveries met by ${mood}`)
    const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]))
    const heard = this.#heard.get(name) ?? []
    this.#heard.set(name, heard)
    heard.push({
      id: headers["webhook-id"] ?? "",
      body,
      isSigned: isSigned(secret, body, headers),
      at: Date.now(),
      answer: isGone ? "410" : isTaken ? "2xx" : "trouble",
    })
    switch (mood) {
      case "late":
        await sleep(this.#random.between(lateMs.least, lateMs.most))
        return void response.writeHead(204).end()
      case "well":
        return void response.writeHead(isGone ? 410 : 204).end()
      case "error":
        return void response.writeHead(500).end("out of order")
      case "hang up":
        return void request.socket.destroy()
      case "silence":
        return undefined
    }
  }

  #mood(): Mood {
    if (!this.#isMoody && this.#troubles >= troublesMin) return "well"
    const mood = this.#random.weighted(moods)
    if (mood !== "well" && mood !== "late") this.#troubles += 1
    if (mood === "silence") this.#silences += 1
    return mood === "silence" && this.#silences > silencesMax ? "error" : mood
  }
}

function isSigned(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers)
    return true
  } catch {
    return false
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ""
  for await (const part of request.setEncoding("utf8")) text += String(part)
  return text
}
