/** How a run says where it is. A step is overwritten by the next one on a terminal, and is a plain line anywhere else. */
export type Tell = {
  readonly step: (line: string) => void
  readonly line: (line: string) => void
  /** Takes the last step away, so that what follows begins on a line of its own. */
  readonly end: () => void
}

const eraseLine = "\r\u001b[K"

export function tellOn(out: NodeJS.WriteStream): Tell {
  if (!out.isTTY) {
    const line = (text: string): void => void out.write(`${text}\n`)
    return { step: line, line, end: () => undefined }
  }
  return {
    step: (text) => void out.write(`${eraseLine}${text.slice(0, Math.max(20, out.columns - 1))}`),
    line: (text) => void out.write(`${eraseLine}${text}\n`),
    end: () => void out.write(eraseLine),
  }
}
