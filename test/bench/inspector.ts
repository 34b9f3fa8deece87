import { setTimeout as sleep } from "node:timers/promises"
import { answeredWithin } from "../../src/kernel/within.ts"

/** What of a V8 .cpuprofile is read here (Chrome DevTools Protocol, Profiler.Profile). */
export type CpuProfile = {
  readonly nodes: readonly ProfileNode[]
  readonly samples?: readonly number[]
  /** Microseconds. */
  readonly timeDeltas?: readonly number[]
}

export type ProfileNode = {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url?: string; readonly lineNumber?: number }
  readonly children?: readonly number[]
}

/** workerd's inspector on the Worker's own isolate, which also runs its objects. */
export type Inspector = {
  /** MiB that are in use after a full collection: what the Worker holds on to. */
  readonly heapMiB: () => Promise<number>
  /** The same with what lies beside the heap: the bytes of buffers, and of the runtime's own objects for the Worker. */
  readonly heldMiB: () => Promise<number>
  /** What the thread did while the work ran. */
  readonly profile: (work: () => Promise<unknown>) => Promise<CpuProfile>
  readonly close: () => void
}

type Target = { readonly id: string; readonly webSocketDebuggerUrl: string }
type Answer = { readonly id?: number; readonly result?: unknown; readonly error?: { readonly message: string } }

/** Bytes (Chrome DevTools Protocol, Runtime.getHeapUsage). */
type HeapUsage = { readonly usedSize: number; readonly embedderHeapUsedSize: number; readonly backingStorageSize: number }

const MiB = 1024 * 1024
const attemptsMax = 50
const attemptMs = 100
const sampleMicroseconds = 200

/** @throws when the inspector does not show the Worker within five seconds. */
export const inspectorOf = async (port: number, worker = "waybill"): Promise<Inspector> => inspect(await targetOf(port, worker))

/** The isolates of the local platform that a request, its statements, its events and its rate limit pass through, the Worker's not among them. */
const platformTargets = /^(d1|queues|ratelimit):/

/** An isolate answers once it has something to do: what sleeps holds meanwhile what it held. */
const awakeMsMax = 3_000

/** The heaps of the local platform beside the Worker's own. */
export type PlatformHeaps = {
  /** MiB in use after a full collection, of all of them together; of one that sleeps as it was when it last answered. */
  readonly heapMiB: () => Promise<number>
  readonly close: () => void
}

export async function platformHeapsOf(port: number): Promise<PlatformHeaps> {
  const inspectors = await Promise.all((await targetsOf(port)).filter(({ id }) => platformTargets.test(id)).map(inspect))
  const known = new Map<Inspector, number>()
  const asked = new Set<Inspector>()
  const ask = async (inspector: Inspector): Promise<void> => {
    if (asked.has(inspector)) return
    asked.add(inspector)
    known.set(inspector, await inspector.heapMiB())
    asked.delete(inspector)
  }
  return {
    heapMiB: async () => {
      await answeredWithin(awakeMsMax, Promise.all(inspectors.map(ask)))
      return [...known.values()].reduce((sum, mib) => sum + mib, 0)
    },
    close: () => {
      for (const inspector of inspectors) inspector.close()
    },
  }
}

async function inspect({ webSocketDebuggerUrl }: Target): Promise<Inspector> {
  const socket = new WebSocket(webSocketDebuggerUrl)
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true })
    socket.addEventListener("error", () => reject(new Error("workerd's inspector refused")), { once: true })
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  let last = 0
  const call = async (method: string, params: object = {}): Promise<unknown> => {
    const id = (last += 1)
    const answer = await new Promise<Answer>((resolve) => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, method, params }))
    })
    waiting.delete(id)
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result
  }
  const usage = async (): Promise<HeapUsage> => {
    await call("HeapProfiler.collectGarbage")
    return (await call("Runtime.getHeapUsage")) as HeapUsage
  }
  return {
    heapMiB: async () => (await usage()).usedSize / MiB,
    heldMiB: async () => {
      const { usedSize, embedderHeapUsedSize, backingStorageSize } = await usage()
      return (usedSize + embedderHeapUsedSize + backingStorageSize) / MiB
    },
    profile: async (work) => {
      await call("Profiler.enable")
      await call("Profiler.setSamplingInterval", { interval: sampleMicroseconds })
      await call("Profiler.start")
      await work()
      const { profile } = (await call("Profiler.stop")) as { profile: CpuProfile }
      return profile
    },
    close: () => socket.close(),
  }
}

const targetsOf = (port: number): Promise<readonly Target[]> =>
  fetch(`http://127.0.0.1:${port}/json`)
    .then(async (answer) => (await answer.json()) as Target[])
    .catch(() => [])

async function targetOf(port: number, worker: string): Promise<Target> {
  for (let attempt = 1; ; attempt += 1) {
    const found = (await targetsOf(port)).find(({ id }) => id.endsWith(`:${worker}`))
    if (found !== undefined) return found
    if (attempt >= attemptsMax) throw new Error("workerd's inspector does not show the Worker")
    await sleep(attemptMs)
  }
}
