import type { SecretMember } from "../../kernel/secrets.ts"

type LogValue = string | number | boolean | null | undefined

/** Fields of a log line; names that hold secrets do not type-check. */
type LogFields = { readonly [name: string]: LogValue } & {
  readonly [Secret in SecretMember | "authorization" | "body" | "cookie"]?: never
}

type Level = "info" | "warn" | "error"

function write(level: Level, message: string, fields: LogFields): void {
  console[level === "info" ? "log" : level](JSON.stringify({ level, message, at: new Date().toISOString(), ...fields }))
}

/** One JSON line each, for machines to read. */
export const log = {
  info: (message: string, fields: LogFields = {}): void => write("info", message, fields),
  warn: (message: string, fields: LogFields = {}): void => write("warn", message, fields),
  error: (message: string, fields: LogFields = {}): void => write("error", message, fields),
}

/** What may be said of an unknown error in a log: its name and message, never its cause's data. */
export const describeError = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error))
