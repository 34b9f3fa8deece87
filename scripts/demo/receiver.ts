import { createServer, type IncomingMessage, type Server } from "node:http"
import { Webhook } from "standardwebhooks"

type Delivery = { readonly isVerified: boolean; readonly text: string }
type Received = { readonly headers: Record<string, string>; readonly text: string }

const patienceMs = 20_000

/** Another company's server, which hears of events by webhook. */
export class Receiver {
  readonly url: string
  readonly #server: Server
  readonly #received: Received[] = []

  private constructor(server: Server, port: number) {
    this.#server = server
    this.url = `http://127.0.0.1:${port}/waybill`
    server.on("request", (request, response) => {
      void bodyOf(request).then((text) => {
        const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
        this.#received.push({ headers, text })
        response.writeHead(204).end()
      })
    })
  }

  static async open(): Promise<Receiver> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    return new Receiver(server, typeof address === "object" && address !== null ? address.port : 0)
  }

  /** The next delivery, and whether the secret's holder signed it. @throws Error when none comes in time. */
  async hears(secret: string): Promise<Delivery> {
    const deadline = Date.now() + patienceMs
    while (Date.now() < deadline) {
      const one = this.#received.shift()
      if (one !== undefined) return { isVerified: isSigned(secret, one), text: one.text }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`no delivery came in ${patienceMs} ms`)
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
  }
}

function isSigned(secret: string, { headers, text }: Received): boolean {
  try {
    new Webhook(secret).verify(text, headers)
    return true
  } catch {
    return false
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}
