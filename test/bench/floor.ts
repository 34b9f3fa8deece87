import { Buffer } from "node:buffer"
import { scrypt } from "node:crypto"
import { giveWay } from "../../src/kernel/give-way.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { aroundDatabase, aroundObjects, type BucketUse, callObject, hearingBucket, type ObjectCall, type Said } from "./bindings.ts"
import { openFloorSocket, otherId } from "./chat-floor.ts"
import { benchFileName } from "./names.ts"

/**
 * The floor: a bare Worker that makes the very D1 statements or object calls that the API made for a request, and
 * nothing else. It runs in the same process as the API, wrapped around it: what is under /__floor is answered here.
 *
 * The statements and calls are not written down anywhere. They are recorded off the API's own bindings while it
 * answers one request of the scenario, so that floor and API cannot drift apart.
 */
export type Recording = {
  readonly batches: Array<readonly Said[]>
  readonly calls: ObjectCall[]
  readonly uses: BucketUse[]
  /** What inboxes asked of rooms. */
  readonly sends: ObjectCall[]
  /** What the request says itself: an id in it was there before. */
  readonly said: string
}

type Envelope = {
  readonly commandId: string
  readonly command: { readonly verb: string; readonly input: Readonly<Record<string, unknown>> }
}
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
  FILES: hearingBucket(env.FILES, (use) => void recording?.uses.push(use)),
})

/** The environment as it is, unless somebody listens: then what an import does behind its request is heard, too. */
export const whileListening = (env: Bindings): Bindings => (recording === undefined ? env : listening(env))

/** An inbox's environment with its rooms listening in. */
export const listeningToRooms = (env: Bindings): Bindings => ({
  ...env,
  CHAT_ROOM: aroundObjects(env.CHAT_ROOM, (call, go) => {
    recording?.sends.push(call)
    return go()
  }),
})

/** Ids that the API minted for its own rows: each replay needs others, or it would meet what it wrote before. */
const minted = /^(ses|rft|aud|evt|fil|job)_[0-9a-z]{26}/

/** Statements' parameters for one replay: what was minted becomes another id, and the same one wherever it stands. */
function afresh(said: string): (param: unknown) => unknown {
  const others = new Map<string, string>()
  return (param) => {
    if (typeof param !== "string" || !minted.test(param) || said.includes(param)) return param
    const other = others.get(param) ?? otherId(param)
    others.set(param, other)
    return other
  }
}

/** The password hash of a sign-in, at the parameters of `platform/auth/password.ts`. */
const hash = (): Promise<void> =>
  new Promise((resolve) =>
    scrypt("password", "0123456789abcdef", 32, { N: 2 ** 14, r: 8, p: 5, maxmem: 64 * 1024 * 1024 }, () => resolve()),
  )

/** Rows of an import as new commands about other products: those that were recorded are there already. */
function rowsAgain(envelopes: readonly Envelope[]): readonly Envelope[] {
  const mark = crypto.randomUUID().slice(0, 8)
  return envelopes.map(({ command, ...envelope }) => ({
    ...envelope,
    commandId: crypto.randomUUID(),
    command: { ...command, input: { ...command.input, sku: `${String(command.input["sku"])}-${mark}` } },
  }))
}

/** The same call as a new command, or its ledger would only give the answer that it kept; about the given order, if any. */
function again(call: ObjectCall, orderId: string | null): ObjectCall {
  if (call.method === "executeAll") return { ...call, args: [rowsAgain((call.args as readonly [readonly Envelope[]])[0])] }
  if (call.method !== "execute") return call
  const [envelope] = call.args as readonly [Envelope]
  const { command } = envelope
  const about = orderId === null ? {} : { command: { ...command, input: { ...command.input, orderId } } }
  return { ...call, args: [{ ...envelope, commandId: crypto.randomUUID(), ...about }] }
}

async function replay(
  env: Bindings,
  { batches, calls, uses, said }: Recording,
  orderId: string | null,
  body: ReadableStream | null,
): Promise<Response> {
  let rows: unknown = null
  const other = afresh(said)
  for (const batch of batches)
    rows = (await env.DB.batch(batch.map(({ sql, params }) => env.DB.prepare(sql).bind(...params.map(other))))).map(
      (result) => result.results,
    )
  for (const call of calls) {
    rows = await callObject(env.SUPPLIER_LEDGER, again(call, orderId))
    // As the import does: or what the ledger sets off (events, the feed) would wait until the floor is done, and cost it nothing.
    if (call.method === "executeAll") await giveWay()
  }
  for (const { verb, key, range } of uses) {
    if (verb === "put") {
      await env.FILES.put(`${floorPrefix}${crypto.randomUUID()}`, body)
      continue
    }
    const object = await env.FILES.get(key, range === undefined ? {} : { range })
    if (object === null) return new Response("the object is gone", { status: 404 })
    // What an import reads stays here; a download is handed on.
    if (calls.length > 0) {
      await object.body.pipeTo(new WritableStream())
      continue
    }
    return new Response(object.body, { headers: { "content-length": String(object.size) } })
  }
  return Response.json(rows)
}

/** Where the floor's uploads lie. */
const floorPrefix = "bench-floor/"
const keysAtOnce = 1_000

/** Takes away what was uploaded, the floor's and the API's: the world would grow by gigabytes. */
async function clearFiles(env: Bindings): Promise<Response> {
  const { results } = await env.DB.prepare("SELECT owner_id || '/' || purpose || '/' || id AS key FROM files WHERE name = ?")
    .bind(benchFileName)
    .all<{ key: string }>()
  const keys = results.map(({ key }) => key)
  for (let start = 0; start < keys.length; start += keysAtOnce) await env.FILES.delete(keys.slice(start, start + keysAtOnce))
  for (;;) {
    const { objects } = await env.FILES.list({ prefix: floorPrefix, limit: keysAtOnce })
    if (objects.length === 0) break
    await env.FILES.delete(objects.map(({ key }) => key))
  }
  await env.DB.batch([
    env.DB.prepare("DELETE FROM files WHERE name = ?").bind(benchFileName),
    env.DB.prepare(
      "UPDATE file_usage SET bytes = (SELECT coalesce(sum(size_bytes), 0) FROM files f WHERE f.org_id = file_usage.org_id AND f.owner_id = f.org_id)",
    ),
  ])
  return new Response(null, { status: 204 })
}

const kept = new Map<string, { recordings: readonly Recording[]; hashes: boolean; next: number }>()

/**
 * Wraps the API's handler. `POST /__floor/record` makes one request of the API and gives back what it did;
 * `PUT /__floor/kept/NAME` keeps recordings, and `GET /__floor/kept/NAME` makes the next of them again, bare: by POST with
 * a body of its own, by a WebSocket once a frame. `POST /__floor/listen` begins a recording that `GET` ends.
 */
export const withFloor = (api: Handler): Handler => ({
  async fetch(request, env, execution) {
    const { pathname, searchParams } = new URL(request.url)
    if (!pathname.startsWith("/__floor/")) return api.fetch(request, env, execution)
    if (pathname === "/__floor/hello") return new Response("hello")
    if (pathname === "/__floor/record") return record(api, request, env, execution)
    if (pathname === "/__floor/clear") return clearFiles(env)
    if (pathname === "/__floor/listen") {
      const heard = recording
      recording = request.method === "POST" ? nothingYet("") : undefined
      return Response.json(heard ?? null)
    }
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
    const [call] = recorded.sends
    if (call !== undefined) return openFloorSocket(env, call)
    if (scenario.hashes) await hash()
    return replay(env, recorded, searchParams.get("order"), request.body)
  },
})

const nothingYet = (said: string): Recording => ({ batches: [], calls: [], uses: [], sends: [], said })

async function record(api: Handler, request: Request, env: Bindings, execution: ExecutionContext): Promise<Response> {
  const { method, path, headers, body, bytes } = (await request.json()) as {
    method: string
    path: string
    headers: Record<string, string>
    body?: string
    /** In base64. */
    bytes?: string
  }
  recording = nothingYet(`${path} ${body ?? ""}`)
  const sent = bytes === undefined ? body : Buffer.from(bytes, "base64")
  const length = typeof sent === "object" ? { "content-length": String(sent.byteLength) } : {}
  const init = { method, headers: { ...headers, ...length }, ...(sent === undefined ? {} : { body: sent }) }
  const repeated = new Request(new URL(path, request.url), init)
  const answer = await api.fetch(repeated, env, execution)
  await answer.arrayBuffer()
  const recorded = recording
  recording = undefined
  return Response.json({ status: answer.status, timing: answer.headers.get("server-timing"), recording: recorded })
}
