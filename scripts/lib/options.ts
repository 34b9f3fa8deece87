import { parseArgs } from "node:util"
import { fail } from "./fail.mjs"

type Option = { readonly type: "boolean" | "string"; readonly default?: boolean | string }
type Options = Readonly<Record<string, Option>>

/** What `--help` prints: the usage lines as they are. */
type Usage = { readonly options: Options; readonly help: string; readonly positionals?: boolean }

type Parsed = {
  readonly flag: (name: string) => boolean
  readonly text: (name: string) => string | undefined
  readonly positionals: readonly string[]
}

/** The command line, checked: `--help` prints and ends, anything unknown ends with one line and status 2. */
export function parseOptions({ options, help, positionals = false }: Usage, args: readonly string[] = process.argv.slice(2)): Parsed {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${help.trim()}\n`)
    process.exit(0)
  }
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: positionals, strict: true })
    return {
      flag: (name) => parsed.values[name] === true,
      text: (name) => {
        const value = parsed.values[name]
        return typeof value === "string" ? value : undefined
      },
      positionals: parsed.positionals,
    }
  } catch (error) {
    return fail(`${firstSentence(error)} (--help lists what there is)`, 2)
  }
}

function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split(/\.\s/)[0] ?? message
}

/** A whole number within bounds, or one line and status 2. */
export function wholeNumber(name: string, text: string | undefined, min: number, max: number): number {
  const value = Number(text)
  if (text === undefined || !/^\d+$/.test(text) || value < min || value > max) {
    return fail(`--${name} must be a whole number from ${min} to ${max}`, 2)
  }
  return value
}
