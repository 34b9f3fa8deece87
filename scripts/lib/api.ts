import { setTimeout as sleep } from "node:timers/promises"
import { fail } from "./fail.mjs"

const attemptsMax = 4
const returnMsMax = 60_000
const returnPollMs = 500

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

export type CallOptions = {
  readonly token?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer, with its JSON body reached by paths such as `items.0.name`. */
export class Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown

  constructor(status: number, headers: Headers, body: unknown) {
    this.status = status
    this.headers = headers
    this.body = body
  }

  /** What stands at the path, or undefined. */
  at(path: string): unknown {
    let value = this.body
    for (const name of path.split(".")) {
      if (typeof value !== "object" || value === null) return undefined
      value = Object.entries(value).find(([key]) => key === name)?.[1]
    }
    return value
  }

  text(path: string): string {
    const value = this.at(path)
    return typeof value === "string" ? value : ""
  }

  number(path: string): number {
    const value = this.at(path)
    return typeof value === "number" ? value : Number.NaN
  }

  /** The members of a list, each as an answer of its own. */
  list(path: string): Answer[] {
    const value = this.at(path)
    return Array.isArray(value) ? value.map((item) => new Answer(this.status, this.headers, item)) : []
  }
}

/** A client of one Waybill server. A server that does not answer at all ends the script with one line. */
export class Api {
  readonly base: string
  #hasAnswered = false

  constructor(base: string) {
    this.base = base.replace(/\/+$/, "")
  }

  get = (path: string, options: CallOptions = {}): Promise<Answer> => this.call("GET", path, options)
  post = (path: string, options: CallOptions = {}): Promise<Answer> => this.call("POST", path, options)
  put = (path: string, options: CallOptions = {}): Promise<Answer> => this.call("PUT", path, options)
  patch = (path: string, options: CallOptions = {}): Promise<Answer> => this.call("PATCH", path, options)

  /** The bytes as the body, as they are. */
  upload(
    path: string,
    {
      token,
      bytes,
      contentType = "application/octet-stream",
    }: { readonly token: string; readonly bytes: Uint8Array<ArrayBuffer>; readonly contentType?: string },
  ): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, "content-type": contentType }
    return this.#send(path, { method: "POST", headers, body: bytes })
  }

  /** One call, the path under /api/v1 unless it starts with a dot (`./dev/mail`). */
  async call(method: Method, path: string, { token, body, headers = {} }: CallOptions): Promise<Answer> {
    const request = {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    return this.#send(path, request)
  }

  async #send(path: string, request: RequestInit): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#attempt(path, request)
      if (answer instanceof Answer) return answer
      const isOver = attempt >= attemptsMax || !(await this.#comesBack())
      if (isOver) return fail(`no server answers at ${this.base} (${answer}); npm start runs one, --base=URL names another`)
    }
  }

  /** The answer, or why there was none of the Worker itself. */
  async #attempt(path: string, request: RequestInit): Promise<Answer | string> {
    try {
      const response = await fetch(this.base + (path.startsWith("./") ? path.slice(1) : `/api/v1${path}`), request)
      const text = await response.text()
      this.#hasAnswered = true
      // Waybill's own errors are JSON: this is wrangler's proxy, which lost its connection before the request got there.
      const isJson = (response.headers.get("content-type") ?? "").includes("json")
      if (response.status >= 500 && !isJson) return `${response.status} of its proxy`
      return new Answer(response.status, response.headers, parsed(text))
    } catch (error) {
      return reasonOf(error)
    }
  }

  /** A server that was there and is not: npm start starts it again. */
  async #comesBack(): Promise<boolean> {
    const deadline = Date.now() + returnMsMax
    while (this.#hasAnswered && Date.now() < deadline) {
      await sleep(returnPollMs)
      if ((await this.#attempt("./health", {})) instanceof Answer) return true
    }
    return false
  }

  /** A call that must succeed: throws one line, with what the server said, when it does not. */
  async must(method: Method, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.call(method, path, options)
    if (answer.status >= 300)
      throw new Error(`${method} ${path} was answered ${answer.status} ${answer.text("code")} ${answer.text("detail")}`.trim())
    return answer
  }
}

function parsed(text: string): unknown {
  if (text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message
}

/** `--base` as a URL. */
export function baseUrl(text: string | undefined): string {
  const url = URL.parse(text ?? "")
  if (url === null || !/^https?:$/.test(url.protocol)) return fail("--base must be an http or https URL, such as http://127.0.0.1:8787", 2)
  return url.href
}
