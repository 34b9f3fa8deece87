import cliProgress from "cli-progress"

export type Bar = { readonly add: (count: number) => void }
export type Progress = { readonly bar: (name: string, total: number) => Bar; readonly done: () => void }

const nameWidth = 14

/** Bars on a terminal; elsewhere a line at each quarter, so that logs stay short. */
export function progress(out: NodeJS.WriteStream): Progress {
  if (!out.isTTY) return { bar: (name, total) => lines(name, total, (line) => out.write(`${line}\n`)), done: () => undefined }
  const bars = new cliProgress.MultiBar({ format: "{name} {bar} {value}/{total}", hideCursor: true }, cliProgress.Presets.shades_classic)
  return {
    bar(name, total) {
      const bar = bars.create(total, 0, { name: name.padEnd(nameWidth) })
      return { add: (count) => bar.increment(count) }
    },
    done: () => bars.stop(),
  }
}

function lines(name: string, total: number, say: (line: string) => void): Bar {
  let value = 0
  let quartersSaid = 0
  return {
    add(count) {
      value += count
      const quarters = Math.floor((4 * value) / total)
      if (quarters <= quartersSaid) return
      quartersSaid = quarters
      say(`${name.padEnd(nameWidth)} ${value}/${total}`)
    },
  }
}
