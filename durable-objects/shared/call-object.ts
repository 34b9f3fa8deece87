import { limits } from "../../src/kernel/limits.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import { within } from "./within.ts"

const attemptsMax = 3

type RuntimeError = Error & { readonly retryable?: boolean; readonly overloaded?: boolean }

/**
 * Calls an object by name, again on a failure that the runtime calls passing, with a new stub each time: one that has
 * thrown is broken. Only for methods that may be repeated. @throws the last error.
 */
export async function callObject<Rpc, T>(
  namespace: DurableObjectNamespace,
  name: string,
  use: (stub: Rpc) => Promise<T>,
  meter?: Meter,
): Promise<T> {
  const started = performance.now()
  try {
    for (let attempt = 1; ; attempt += 1) {
      meter?.add({ objectCalls: 1 })
      try {
        return await within(limits.chatCallMsMax, use(namespace.get(namespace.idFromName(name)) as unknown as Rpc))
      } catch (error) {
        const { retryable = false, overloaded = false } = error as RuntimeError
        if (overloaded || !retryable || attempt >= attemptsMax) throw error
        log.warn("object call repeated", { attempt, error: describeError(error) })
        await new Promise((resolve) => setTimeout(resolve, 20 * 2 ** attempt))
      }
    }
  } finally {
    meter?.add({ objectMs: performance.now() - started })
  }
}
