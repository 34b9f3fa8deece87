import type { Bindings } from "../../src/platform/env.ts"
import { aroundDatabase, aroundObjects } from "./bindings.ts"

/** Round trips in milliseconds: from wherever code runs to D1, and from the Worker to an object. */
export type Distance = { readonly d1Ms: number; readonly objectMs: number }

export const nowhere: Distance = { d1Ms: 0, objectMs: 0 }

/** The variables that tell the Worker and its objects how far away things are. */
export const distanceVars = ({ d1Ms, objectMs }: Distance): Record<string, string> => ({
  BENCH_D1_MS: String(d1Ms),
  BENCH_OBJECT_MS: String(objectMs),
})

type Told = { readonly BENCH_D1_MS?: string; readonly BENCH_OBJECT_MS?: string }

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Half the distance on the way there, half on the way back. */
async function across<T>(ms: number, go: () => Promise<T>): Promise<T> {
  await wait(ms / 2)
  try {
    return await go()
  } finally {
    await wait(ms / 2)
  }
}

const isNamespace = (binding: unknown): binding is DurableObjectNamespace =>
  typeof binding === "object" && binding !== null && "idFromName" in binding

/** The same for each environment, since the Worker keeps what it has parsed of one. */
const known = new WeakMap<Bindings, Bindings>()

/** The environment with its database and objects as far away as its variables say; the very same one when they say nothing. */
export function atADistance(env: Bindings): Bindings {
  const { BENCH_D1_MS, BENCH_OBJECT_MS } = env as Bindings & Told
  const [d1Ms, objectMs] = [Number(BENCH_D1_MS ?? 0), Number(BENCH_OBJECT_MS ?? 0)]
  if (d1Ms === 0 && objectMs === 0) return env
  const before = known.get(env)
  if (before !== undefined) return before
  const objects = Object.entries<unknown>(env).flatMap(([name, binding]) =>
    isNamespace(binding) ? [[name, aroundObjects(binding, (_, go) => across(objectMs, go))] as const] : [],
  )
  const distant: Bindings = { ...env, DB: aroundDatabase(env.DB, (_, go) => across(d1Ms, go)), ...Object.fromEntries(objects) }
  known.set(env, distant)
  return distant
}
