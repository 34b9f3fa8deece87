import { limits } from "../../src/kernel/limits.ts"
import { within } from "../../src/kernel/within.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import { describeError, log } from "../../src/platform/log/log.ts"

const attemptsMax = 3

type RuntimeError = Error & { readonly retryable?: boolean; readonly overloaded?: boolean }

/** The object has more to do than it can; whoever asks again at once makes it worse. */
export const isOverloaded = (error: unknown): boolean => error instanceof Error && (error as RuntimeError).overloaded === true

const mayPass = (error: unknown): boolean => error instanceof Error && (error as RuntimeError).retryable === true && !isOverloaded(error)

type CallOptions = {
  readonly meter?: Meter | undefined
  /** How long an attempt is waited for; what is late may have happened, or happen still. */
  readonly msMax?: number
  /** For what may not be done twice. */
  readonly isOnce?: boolean
}

/**
 * Calls an object by name, again on a failure that the runtime calls passing, with a new stub each time: one that has
 * thrown is broken. Each attempt counts on the meter. Only for methods that may be
 * repeated, unless `isOnce`. @throws the last error, NoAnswer where the object is late.
 */
export async function callObject<O extends Rpc.DurableObjectBranded, T>(
  namespace: DurableObjectNamespace<O>,
  name: string,
  use: (stub: DurableObjectStub<O>) => Promise<T>,
  { meter, msMax = limits.objectCallMsMax, isOnce = false }: CallOptions = {},
): Promise<T> {
  const started = performance.now()
  try {
    for (let attempt = 1; ; attempt += 1) {
      meter?.add({ objectCalls: 1 })
      try {
        return await within(msMax, use(namespace.get(namespace.idFromName(name))))
      } catch (error) {
        if (isOnce || !mayPass(error) || attempt >= attemptsMax) throw error
        log.warn("object call repeated", { attempt, error: describeError(error) })
        await new Promise((resolve) => setTimeout(resolve, 20 * 2 ** attempt))
      }
    }
  } finally {
    meter?.add({ objectMs: performance.now() - started })
  }
}
