import { limits } from "../../kernel/limits.ts"
import { errorOfStatus, type Outcome } from "./rules.ts"

/**
 * One request to somebody else's server, which may be slow, dead or hostile: it has `timeoutMs` for all of it, follows no
 * redirect, and a few hundred bytes of an answer are read at most. Never throws.
 */
export async function post(url: string, headers: Readonly<Record<string, string>>, body: string, timeoutMs: number): Promise<Outcome> {
  const started = performance.now()
  const took = (): number => Math.round(performance.now() - started)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "Waybill-Webhooks/1", ...headers },
      body,
      redirect: "manual",
      signal,
    })
    const error = errorOfStatus(response.status)
    const answer = await beginningOf(response, error === null ? 0 : limits.webhookAnswerBytesRead, signal)
    return { status: response.status, error, durationMs: took(), answer }
  } catch {
    return { status: null, error: signal.aborted ? "TIMEOUT" : "UNREACHABLE", durationMs: took(), answer: null }
  }
}

/** Up to so many bytes of the body as one line of text, and lets go of the rest. The status is known by now: nothing here fails. */
async function beginningOf({ body }: Response, bytesMax: number, signal: AbortSignal): Promise<string | null> {
  if (body === null) return null
  const reader = body.getReader()
  const isOver = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
  const decoder = new TextDecoder()
  let text = ""
  let left = bytesMax
  try {
    while (left > 0) {
      const part = await Promise.race([reader.read(), isOver])
      if (part?.value === undefined) break
      text += decoder.decode(part.value.subarray(0, left), { stream: true })
      left -= part.value.byteLength
    }
  } catch {
    // A body that breaks off says as much as it said.
  }
  reader.cancel().catch(() => undefined)
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim()
  return line === "" ? null : line
}
