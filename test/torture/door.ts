import type { Bindings } from "../../src/platform/env.ts"

/**
 * The door before each ledger, through which the Worker's calls go. While it is shut, calls wait outside: so does the
 * edge hold them back while it moves an object to another machine, and a client may notice nothing but the time.
 */
const shut = new Set<string>()
const aborts = new Map<string, number>()
/** `held`: calls that waited outside. `failed`: those of them that an error met although nobody aborted the object again. */
export const doors = { held: 0, failed: 0 }

const lookAgainMs = 5
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const shutDoor = (id: string): void => void shut.add(id)
export const openDoor = (id: string): void => void shut.delete(id)
export const noteAbort = (id: string): void => void aborts.set(id, (aborts.get(id) ?? 0) + 1)

type Method = (...args: unknown[]) => Promise<unknown>

const known = new WeakMap<Bindings, Bindings>()

/** The bindings with a door before each ledger; the same ones for the same, since the Worker keeps what it derives from them. */
export function withDoors(bindings: Bindings): Bindings {
  const found = known.get(bindings)
  if (found !== undefined) return found
  const { SUPPLIER_LEDGER: ledgers } = bindings
  const namespace = {
    idFromName: (name: string) => ledgers.idFromName(name),
    get: (id: DurableObjectId) => behindDoor(ledgers, id),
  } as unknown as Bindings["SUPPLIER_LEDGER"]
  const guarded: Bindings = { ...bindings, SUPPLIER_LEDGER: namespace }
  known.set(bindings, guarded)
  return guarded
}

const behindDoor = (ledgers: Bindings["SUPPLIER_LEDGER"], id: DurableObjectId): object =>
  new Proxy(
    {},
    {
      get:
        (_, method) =>
        async (...args: unknown[]) => {
          const isHeld = shut.has(id.toString())
          // Not a promise that another request keeps: the runtime takes a request that waits for nothing of its own for hung.
          while (shut.has(id.toString())) await sleep(lookAgainMs)
          const before = aborts.get(id.toString())
          if (isHeld) doors.held += 1
          const stub = ledgers.get(id) as unknown as Readonly<Record<string, Method>>
          try {
            // Called on the stub itself: its `apply` would be a method of the object, too.
            return await stub[String(method)]?.(...args)
          } catch (error) {
            if (isHeld && method === "execute" && aborts.get(id.toString()) === before) doors.failed += 1
            throw error
          }
        },
    },
  )
