import type { Api } from "../lib/api.ts"
import type { Person } from "./cast.ts"

type Heard = { readonly id: string; readonly type: string; readonly data: unknown }

const patienceMs = 5_000

/** Server-sent events (WHATWG HTML, section 9.2) of an organization, read as they come. */
export class Feed {
  readonly #abort: AbortController
  readonly #reader: ReadableStreamDefaultReader<string>
  #text = ""

  private constructor(abort: AbortController, reader: ReadableStreamDefaultReader<string>) {
    this.#abort = abort
    this.#reader = reader
  }

  static async open(api: Api, { token }: Person, lastEventId?: string): Promise<Feed> {
    const abort = new AbortController()
    const response = await fetch(`${api.base}/api/v1/events`, {
      signal: abort.signal,
      headers: {
        accept: "text/event-stream",
        authorization: `Bearer ${token}`,
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      },
    })
    if (!response.ok || response.body === null) throw new Error(`the live feed was answered ${response.status}`)
    return new Feed(abort, response.body.pipeThrough(new TextDecoderStream()).getReader())
  }

  /** The next event that fits; those before it are let go. @throws Error when none comes in time. */
  async hears(fits: (type: string, data: unknown) => boolean): Promise<Heard> {
    const timer = setTimeout(() => this.#abort.abort(new Error(`no event came in ${patienceMs} ms`)), patienceMs)
    try {
      for (;;) {
        const event = await this.#next()
        if (fits(event.type, event.data)) return event
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined)
    this.#abort.abort()
  }

  async #next(): Promise<Heard> {
    for (;;) {
      const end = this.#text.indexOf("\n\n")
      if (end === -1) {
        const { value, done } = await this.#reader.read()
        if (done) throw new Error("the live feed ended")
        this.#text += value
        continue
      }
      const fields = new Map(this.#text.slice(0, end).split("\n").map(fieldOf))
      this.#text = this.#text.slice(end + 2)
      const data = fields.get("data")
      if (data !== undefined)
        return { id: fields.get("id") ?? "", type: fields.get("event") ?? "message", data: JSON.parse(data) as unknown }
    }
  }
}

const fieldOf = (line: string): [string, string] => {
  const colon = line.indexOf(":")
  return colon === -1 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")]
}
