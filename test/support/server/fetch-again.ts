import { setTimeout as sleep } from "node:timers/promises"

const triesMax = 5
const firstPauseMs = 100

/** Why nobody answered: of a failed fetch its cause, since the error itself says no more than that it failed. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const code = "code" in cause ? `${String(cause.code)} ` : ""
  return `${error.message} (${code}${cause.message})`
}

/**
 * A request that does no harm when it is carried out twice, sent again where nobody answers. workerd closes a connection
 * that has been idle for five seconds, and a client that is short of processor time may send on one before it hears of
 * that. Any answer counts, errors too, and it is whole when it is handed over.
 * @throws when nobody answers five times.
 */
export async function fetchAgain(url: string | URL, init: RequestInit = {}): Promise<Response> {
  for (let count = 1, pauseMs = firstPauseMs; ; count += 1, pauseMs *= 2) {
    try {
      const answer = await fetch(url, init)
      const body = await answer.arrayBuffer()
      const { status, headers } = answer
      return new Response(body.byteLength === 0 ? null : body, { status, headers })
    } catch (error) {
      if (count >= triesMax) throw new Error(`${init.method ?? "GET"} ${new URL(url).pathname}: ${describe(error)}`, { cause: error })
      await sleep(pauseMs)
    }
  }
}
