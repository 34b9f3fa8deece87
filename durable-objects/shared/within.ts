/** It took too long; what was asked for may have happened, or happen still. */
export class NoAnswer extends Error {}

/** The work's outcome, or a failure once the time is over. @throws NoAnswer when it is late. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
