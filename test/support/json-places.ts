/** Places in JSON: the names and indexes on the way there. */
export type Place = readonly (string | number)[]

/** Every place in a body, the whole of it included. */
export function placesIn(value: unknown, here: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [here]
  return [here, ...Object.entries(value).flatMap(([name, part]) => placesIn(part, [...here, Array.isArray(value) ? Number(name) : name]))]
}

/** A copy with another value at the place; what is not on the way there yet is made. */
export function changedAt(value: unknown, [first, ...rest]: Place, change: (old: unknown) => unknown): unknown {
  if (first === undefined) return change(value)
  const isList = Array.isArray(value) || ((value === undefined || value === null) && typeof first === "number")
  const copy: Record<string | number, unknown> = isList
    ? ([...((value ?? []) as unknown[])] as never)
    : { ...(value as object | null | undefined) }
  copy[first] = changedAt(copy[first], rest, change)
  return copy
}
