import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { TestProject } from "vitest/node"

/** How the target answers one request. The last step of a script stays. */
export type Step = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly delayMs?: number
  /** hang: no answer, and the connection breaks when the script is set anew. drip: headers, then a byte now and then without end. flood: a body without end. reset: the connection breaks. */
  readonly trouble?: "hang" | "drip" | "flood" | "reset"
}

export type Received = { readonly headers: Readonly<Record<string, string>>; readonly body: string; readonly answered: number | null }

declare module "vitest" {
  interface ProvidedContext {
    readonly webhookServer: string
  }
}

/**
 * A real HTTP server beside the tests of the Worker, somebody's webhook target: `POST /hook/KEY` does what
 * `PUT /script/KEY` said, `GET /received/KEY` tells what came. Vitest starts it before the tests and ends it after them.
 */
export default async function startWebhookServer({ provide }: TestProject): Promise<() => Promise<void>> {
  const scripts = new Map<string, Step[]>()
  const received = new Map<string, Received[]>()
  const hanging = new Map<string, ServerResponse[]>()
  const server = createServer((request, response) => {
    void answer(request, response)
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, verb = "", key = ""] = (request.url ?? "").split("/")
    let body = ""
    for await (const part of request.setEncoding("utf8")) body += part
    if (verb === "script") {
      scripts.set(key, JSON.parse(body) as Step[])
      for (const one of hanging.get(key) ?? []) one.socket?.destroy()
      hanging.delete(key)
      response.end()
      return
    }
    if (verb === "received") {
      response.end(JSON.stringify(received.get(key) ?? []))
      return
    }
    const script = scripts.get(key) ?? []
    const step = (script.length > 1 ? script.shift() : script[0]) ?? {}
    const answered = step.trouble === "hang" || step.trouble === "reset" ? null : (step.status ?? 200)
    const headers = request.headers as Record<string, string>
    received.set(key, [...(received.get(key) ?? []), { headers, body, answered }])
    if (step.trouble === "hang") hanging.set(key, [...(hanging.get(key) ?? []), response])
    setTimeout(() => play(step, response), step.delayMs ?? 0)
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  provide("webhookServer", `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

function play({ status = 200, headers = {}, body = "", trouble }: Step, response: ServerResponse): void {
  if (trouble === "hang") return
  if (trouble === "reset") {
    response.socket?.resetAndDestroy()
    return
  }
  response.writeHead(status, headers)
  if (trouble === undefined) {
    response.end(body)
    return
  }
  const chunk = trouble === "flood" ? "x".repeat(65_536) : "x"
  const timer = setInterval(() => response.write(chunk), trouble === "flood" ? 1 : 50)
  response.on("close", () => clearInterval(timer)).on("error", () => clearInterval(timer))
}
