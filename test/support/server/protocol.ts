import type { V4WorkerOptions } from "miniflare"

/** A migration of D1 as wrangler would apply it: its file's name and its statements. */
export type Migration = { readonly name: string; readonly statements: readonly string[] }

/** What a built server is made of, kept beside its bundle as `server.json`. */
export type Built = { readonly workerOptions: V4WorkerOptions; readonly migrations: readonly Migration[] }

/** What the server's process is told on its command line. */
export type ServerConfig = {
  readonly built: string
  readonly state: string
  readonly port: number
  readonly vars: Readonly<Record<string, string>>
  /** Where workerd's inspector listens; nowhere when not given. */
  readonly inspectorPort?: number
}

export type Row = Readonly<Record<string, string | number | null>>

/** What the process that started the server may ask of it besides HTTP. */
export type Control =
  | { readonly verb: "databaseRows"; readonly query: string }
  | { readonly verb: "cron"; readonly expression: string; readonly atMs: number }
  | { readonly verb: "stop" }

export type ToServer = { readonly id: number; readonly control: Control }
export type FromServer =
  /** What it is at before it is ready, said again every few seconds. */
  | { readonly kind: "starting"; readonly at: string }
  | { readonly kind: "ready"; readonly url: string; readonly workerdPid: number }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "answer"; readonly id: number; readonly rows: readonly Row[] }
  | { readonly kind: "refusal"; readonly id: number; readonly error: string }
