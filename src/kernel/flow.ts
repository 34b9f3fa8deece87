/** A state machine as a table: each state with the states that may follow it. */
export type Flow<S extends string> = { readonly [From in S]: readonly S[] }

export const mayMove = <S extends string>(flow: Flow<S>, from: S, to: S): boolean => flow[from].includes(to)

export const isTerminal = <S extends string>(flow: Flow<S>, state: S): boolean => flow[state].length === 0

/** Every state that can be reached from the start, the start included. */
export function reachable<S extends string>(flow: Flow<S>, start: S): ReadonlySet<S> {
  const seen = new Set<S>([start])
  const queue: S[] = [start]
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (const next of flow[state]) {
      if (seen.has(next)) continue
      seen.add(next)
      queue.push(next)
    }
  }
  return seen
}
