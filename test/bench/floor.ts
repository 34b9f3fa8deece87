import { scrypt } from "node:crypto"
import type { Bindings } from "../../src/platform/env.ts"
import { aroundDatabase, aroundObjects, callObject, type ObjectCall, type Said } from "./bindings.ts"

/**
 * The floor: a bare Worker that makes the very D1 statements or object calls that the API made for a request, and
 * nothing else. It runs in the same process as the API, wrapped around it: what is under /__floor is answered here.
 *
 * The statements and calls are not written down anywhere. They are recorded off the API's own bindings while it
 * answers one request of the scenario, so that floor and API cannot drift apart.
 */
export type Recording = { readonly batches: Array<readonly Said[]>; readonly calls: ObjectCall[] }

type Envelope = { readonly command: { readonly verb: string; readonly input: Readonly<Record<string, unknown>> } }
type Handler = { fetch(request: Request, env: Bindings, execution: ExecutionContext): Response | Promise<Response> }

let recording: Recording | undefined

/** The environment with its database and ledgers listening in. */
const listening = (env: Bindings): Bindings => ({
  ...env,
  DB: aroundDatabase(env.DB, (said, go) => {
    recording?.batches.push(said)
    return go()
  }),
  SUPPLIER_LEDGER: aroundObjects(env.SUPPLIER_LEDGER, (call, go) => {
    recording?.calls.push(call)
    return go()
  }),
})

/** Ids that the API minted for its own rows: each replay needs others, or it would meet what it wrote before. */
const minted = /^(ses|rft|aud|evt)_[0-9a-z]{26}/

const afresh = (param: unknown): unknown =>
  typeof param === "string" && minted.test(param) ? param.slice(0, 14) + crypto.randomUUID().replaceAll("-", "").slice(0, 16) : param

/** The password hash of a sign-in, at the parameters of `platform/auth/password.ts`. */
const hash = (): Promise<void> =>
  new Promise((resolve) =>
    scrypt("password", "0123456789abcdef", 32, { N: 2 ** 14, r: 8, p: 5, maxmem: 64 * 1024 * 1024 }, () => resolve()),
  )

/** The same call as a new command, or its ledger would only give the answer that it kept; about the given order, if any. */
function again(call: ObjectCall, orderId: string | null): ObjectCall {
  if (call.method !== "execute") return call
  const [envelope] = call.args as readonly [Envelope]
  const { command } = envelope
  const about = orderId === null ? {} : { command: { ...command, input: { ...command.input, orderId } } }
  return { ...call, args: [{ ...envelope, commandId: crypto.randomUUID(), ...about }] }
}

async function replay(env: Bindings, { batches, calls }: Recording, orderId: string | null): Promise<Response> {
  let rows: unknown = null
  for (const batch of batches)
    rows = (await env.DB.batch(batch.map(({ sql, params }) => env.DB.prepare(sql).bind(...params.map(afresh))))).map(
      (result) => result.results,
    )
  for (const call of calls) rows = await callObject(env.SUPPLIER_LEDGER, again(call, orderId))
  return Response.json(rows)
}

const kept = new Map<string, { recordings: readonly Recording[]; hashes: boolean; next: number }>()

/**
 * Wraps the API's handler. `POST /__floor/record` makes one request of the API and gives back what it did;
 * `PUT /__floor/kept/NAME` keeps recordings, and `GET /__floor/kept/NAME` makes the next of them again, bare.
 */
export const withFloor = (api: Handler): Handler => ({
  async fetch(request, env, execution) {
    const { pathname, searchParams } = new URL(request.url)
    if (!pathname.startsWith("/__floor/")) return api.fetch(request, env, execution)
    if (pathname === "/__floor/hello") return new Response("hello")
    if (pathname === "/__floor/record") return record(api, request, env, execution)
    const name = pathname.slice("/__floor/kept/".length)
    if (request.method === "PUT") {
      const { recordings, hashes } = (await request.json()) as { recordings: Recording[]; hashes: boolean }
      kept.set(name, { recordings, hashes, next: 0 })
      return new Response(null, { status: 204 })
    }
    const scenario = kept.get(name)
    const recorded = scenario?.recordings[scenario.next % scenario.recordings.length]
    if (scenario === undefined || recorded === undefined) return new Response("nothing kept", { status: 404 })
    scenario.next += 1
    if (scenario.hashes) await hash()
    return replay(env, recorded, searchParams.get("order"))
  },
})

async function record(api: Handler, request: Request, env: Bindings, execution: ExecutionContext): Promise<Response> {
  const { method, path, headers, body } = (await request.json()) as {
    method: string
    path: string
    headers: Record<string, string>
    body?: string
  }
  recording = { batches: [], calls: [] }
  const repeated = new Request(new URL(path, request.url), { method, headers, ...(body === undefined ? {} : { body }) })
  const answer = await api.fetch(repeated, listening(env), execution)
  const text = await answer.text()
  const recorded = recording
  recording = undefined
  return Response.json({ status: answer.status, timing: answer.headers.get("server-timing"), body: text, recording: recorded })
}
