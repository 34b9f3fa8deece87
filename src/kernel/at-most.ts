/** Does the work for each, at most `count` at a time: one that takes long holds up no more than its own place. @throws what the first failing one threw. */
export async function atMost<T>(count: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values()
  const place = async (): Promise<void> => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, place))
}
