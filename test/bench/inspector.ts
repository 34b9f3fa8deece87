import { setTimeout as sleep } from "node:timers/promises"

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
export async function inspectorOf(port: number, worker = "waybill"): Promise<Inspector> {
  const socket = new WebSocket((await targetOf(port, worker)).webSocketDebuggerUrl)
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

async function targetOf(port: number, worker: string): Promise<Target> {
  for (let attempt = 1; ; attempt += 1) {
    const targets = await fetch(`http://127.0.0.1:${port}/json`)
      .then(async (answer) => (await answer.json()) as Target[])
      .catch((): Target[] => [])
    const found = targets.find(({ id }) => id.endsWith(`:${worker}`))
    if (found !== undefined) return found
    if (attempt >= attemptsMax) throw new Error("workerd's inspector does not show the Worker")
    await sleep(attemptMs)
  }
}
