/** It took too long; what was asked for may have happened, or happen still. */
export class NoAnswer extends Error {}

/**
 * What the work comes to, or undefined when it is late. The timer goes with the answer: an isolate may have ten thousand
 * of them, which a busy one would otherwise leave behind within seconds.
 */
export async function answeredWithin<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The work's outcome, or a failure once the time is over. @throws NoAnswer when it is late. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const answer = await answeredWithin(
    ms,
    work.then((value) => ({ value })),
  )
  if (answer === undefined) throw new NoAnswer(`no answer within ${ms} ms`)
  return answer.value
}
