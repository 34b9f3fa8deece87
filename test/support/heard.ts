/** How far `work` was each time that others were heard while it went on: what they ask comes when the thread is left alone, and no sooner. */
export async function heardDuring(work: () => Promise<unknown>, progress: () => number): Promise<number[]> {
  const heard: number[] = []
  let timer: ReturnType<typeof setTimeout>
  const listen = (): void => {
    heard.push(progress())
    timer = setTimeout(listen, 0)
  }
  timer = setTimeout(listen, 0)
  try {
    await work()
  } finally {
    clearTimeout(timer)
  }
  return [...new Set(heard)]
}
