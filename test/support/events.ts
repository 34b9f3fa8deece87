import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { type EventId, newId, type OrganizationId } from "../../src/kernel/ids.ts"
import type { Permission } from "../../src/platform/auth/permissions.ts"
import { keepLetter } from "../../src/platform/events/dead-letters.ts"
import { events } from "../../src/platform/events/tables.ts"
import worker from "../../src/worker.ts"
import { dbOf } from "./tenant-db.ts"

type Given = { readonly type?: string; readonly permission?: Permission; readonly data?: unknown; readonly at?: number }

/** Events as a module commits them, and nobody is told. */
export async function happen(orgId: OrganizationId, count: number, given: Given | ((index: number) => Given) = {}): Promise<EventId[]> {
  const db = dbOf(orgId)
  const rows = Array.from({ length: count }, (_, index) => {
    const {
      type = "order.accepted",
      permission = "orders.order.read",
      data = { n: index },
      at = Date.now(),
    } = typeof given === "function" ? given(index) : given
    return { id: newId("evt", at), type, permission, data, at, actorId: null }
  })
  for (let from = 0; from < rows.length; from += 100) await db.run(rows.slice(from, from + 100).map((row) => db.insert(events, row)))
  return rows.map(({ id }) => id)
}

/** A message that was given up, as the dead-letter queue's consumer keeps it. */
export async function letter(body: unknown, firstSeenAt = Date.now()): Promise<string> {
  const id = newId("dlt", firstSeenAt)
  const { sql, params } = keepLetter({ id, source: id, queue: "waybill-events", body, attempts: 6, error: null, firstSeenAt })
  await env.DB.prepare(sql)
    .bind(...params)
    .run()
  return id
}

type Frame = { readonly id: string | undefined; readonly event: string | undefined; readonly data: string | undefined }

/** A reader of Server-Sent Events, as a browser is one: it knows the last id it was given. */
export class StreamReader {
  readonly response: Response
  readonly frames: Frame[] = []
  comments = ""
  isOver = false
  lastId: string | undefined
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #reading: Promise<void>

  constructor(response: Response) {
    if (response.body === null) throw new Error("a stream has a body")
    this.response = response
    this.#reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>
    this.#reading = this.#read()
  }

  /** Frames of events, as their JSON says. */
  // oxlint-disable-next-line typescript/no-explicit-any -- an event's data is whatever its type says; each test asserts what it relies on.
  get events(): any[] {
    return this.frames.flatMap(({ data }) => (data === undefined ? [] : [JSON.parse(data)]))
  }

  /** Resolves when it holds, or after `ms` without it. */
  async until(holds: () => boolean, ms = 3_000): Promise<void> {
    const end = Date.now() + ms
    while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  async close(): Promise<void> {
    await this.#reader.cancel()
    await this.#reading
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    let text = ""
    for (;;) {
      const { value, done } = await this.#reader.read()
      if (done) break
      text += decoder.decode(value, { stream: true })
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        this.#take(text.slice(0, end))
        text = text.slice(end + 2)
      }
    }
    this.isOver = true
  }

  #take(block: string): void {
    const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]))
    if (fields.has("id")) this.lastId = fields.get("id")
    if (fields.has("data")) this.frames.push({ id: fields.get("id"), event: fields.get("event"), data: fields.get("data") })
    else this.comments += `${block}\n`
  }
}

/** Opens the stream of whoever the token is. */
export async function openStream(
  token: string,
  { lastId, query = "" }: { readonly lastId?: string | undefined; readonly query?: string } = {},
): Promise<Response> {
  return worker.fetch(
    new Request(`http://api.waybill.test/api/v1/events${query}`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: "text/event-stream",
        ...(lastId === undefined ? {} : { "last-event-id": lastId }),
      },
    }),
    env,
    createExecutionContext(),
  )
}

export async function listen(
  token: string,
  options: { readonly lastId?: string | undefined; readonly query?: string } = {},
): Promise<StreamReader> {
  const response = await openStream(token, options)
  if (response.status !== 200) throw new Error(`stream: ${response.status} ${await response.text()}`)
  return new StreamReader(response)
}
