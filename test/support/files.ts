import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import type { OrganizationId } from "../../src/kernel/ids.ts"
import { Executor } from "../../src/platform/db/executor.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { TenantDb } from "../../src/platform/db/tenant-db.ts"
import { UnitOfWork } from "../../src/platform/db/unit-of-work.ts"
import { configOf } from "../../src/platform/env.ts"
import type { Ctx } from "../../src/platform/http/context.ts"
import worker from "../../src/worker.ts"
import type { Answer } from "./world.ts"

/** Files as they are sent, and calls that send bytes. */

export type Bytes = Uint8Array<ArrayBuffer>

export const textBytes = (value: string): Bytes => new Uint8Array(new TextEncoder().encode(value))

export const concat = (...parts: readonly Uint8Array[]): Bytes => {
  const whole = new Uint8Array(parts.reduce((size, { byteLength }) => size + byteLength, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})
const crc32 = (bytes: Uint8Array): number =>
  (bytes.reduce((crc, byte) => ((crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)) >>> 0, 0xffffffff) ^ 0xffffffff) >>> 0

function pngChunk(name: string, data: Uint8Array): Bytes {
  const body = concat(textBytes(name), data)
  const framed = new Uint8Array(body.byteLength + 8)
  const view = new DataView(framed.buffer)
  view.setUint32(0, data.byteLength)
  framed.set(body, 4)
  view.setUint32(4 + body.byteLength, crc32(body))
  return framed
}

const pngSignature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

function pngHeader(width: number, height: number): Bytes {
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header.set([8, 0, 0, 0, 0], 8)
  return pngChunk("IHDR", header)
}

const deflated = async (bytes: Bytes): Promise<Bytes> =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer())

/** A whole, decodable grey PNG. */
export async function png(width = 64, height = 48, shade = 128): Promise<Bytes> {
  const rows = new Uint8Array((width + 1) * height).map((_, at) => (at % (width + 1) === 0 ? 0 : (shade + at) & 0xff))
  return concat(pngSignature, pngHeader(width, height), pngChunk("IDAT", await deflated(rows)), pngChunk("IEND", new Uint8Array(0)))
}

/** A PNG that says it is as large as this, and holds next to nothing. */
export const hugePng = (width: number, height: number): Bytes =>
  concat(pngSignature, pngHeader(width, height), pngChunk("IDAT", new Uint8Array(40)), pngChunk("IEND", new Uint8Array(0)))

export const pdf = (more = ""): Bytes =>
  textBytes(`%PDF-1.7\n%âãÏÓ\n1 0 obj\n<< /Type /Catalog >>\nendobj\n${more}\ntrailer << /Root 1 0 R >>\n%%EOF\n`)

export const gif = (width = 10, height = 10): Bytes =>
  concat(
    textBytes("GIF89a"),
    new Uint8Array([width & 0xff, width >> 8, height & 0xff, height >> 8, 0, 0, 0]),
    new Uint8Array(60),
    new Uint8Array([0x3b]),
  )

/** A JPEG as far as its frame's header, after as many bytes of a camera's notes. */
export function jpegHead(width: number, height: number, notesBytes = 0): Bytes {
  const notes: Uint8Array[] = []
  for (let left = notesBytes; left > 0; left -= 60_000) {
    const size = Math.min(left, 60_000)
    notes.push(concat(new Uint8Array([0xff, 0xe1, (size + 2) >> 8, (size + 2) & 0xff]), new Uint8Array(size)))
  }
  const frame = new Uint8Array([
    0xff,
    0xc0,
    0,
    17,
    8,
    height >> 8,
    height & 0xff,
    width >> 8,
    width & 0xff,
    3,
    1,
    0x22,
    0,
    2,
    0x11,
    1,
    3,
    0x11,
    1,
  ])
  return concat(new Uint8Array([0xff, 0xd8]), ...notes, frame, new Uint8Array(100), new Uint8Array([0xff, 0xd9]))
}

type SendOptions = {
  readonly token?: string
  readonly body?: BodyInit | null
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls the Worker; a path under /api/v1, or a whole URL as the API hands them out. The body of the answer is unread. */
export const call = (method: string, path: string, { token, body, headers = {} }: SendOptions = {}): Promise<Response> =>
  Promise.resolve(
    worker.fetch(
      new Request(path.startsWith("http") ? path : `http://api.waybill.test/api/v1${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          // As every client does that has the whole of it.
          ...(body instanceof Uint8Array ? { "content-length": String(body.byteLength) } : {}),
          ...headers,
        },
        ...(body === undefined || body === null ? {} : { body }),
      }),
      env,
      createExecutionContext(),
    ),
  )

export async function send(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
  const response = await call(method, path, options)
  const said = await response.text()
  return { status: response.status, headers: response.headers, body: said === "" ? undefined : JSON.parse(said) }
}

/** Uploads bytes as the body; throws when they are not taken. */
export async function uploaded(
  token: string,
  purpose: string,
  bytes: Bytes,
  name?: string,
): Promise<{ id: string; url: string; sha256: string }> {
  const query = new URLSearchParams({ purpose, ...(name === undefined ? {} : { name }) })
  const { status, body } = await send("POST", `/files?${query.toString()}`, { token, body: bytes })
  if (status !== 201) throw new Error(`upload: ${status} ${JSON.stringify(body)}`)
  return body
}

/** A body that comes in pieces, without saying how long it is. */
export function inPieces(pieces: Iterable<Uint8Array>, endsWith?: Error): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.iterator]()
  return new ReadableStream(
    {
      pull(controller) {
        const { done, value } = iterator.next()
        if (done !== true) controller.enqueue(value)
        else if (endsWith === undefined) controller.close()
        else controller.error(endsWith)
      },
    },
    { highWaterMark: 0 },
  )
}

/** What an organization's files are, in D1 and in the bucket. */
export async function stored(orgId: string): Promise<{ rows: Array<Record<string, unknown>>; usage: number; keys: string[] }> {
  const { results } = await env.DB.prepare("select * from files where org_id = ? order by id").bind(orgId).all()
  const usage = await env.DB.prepare("select bytes from file_usage where org_id = ?").bind(orgId).first<number>("bytes")
  const { objects } = await env.FILES.list({ prefix: `${orgId}/` })
  return { rows: results, usage: usage ?? 0, keys: objects.map(({ key }) => key) }
}

export const nothingStored = { rows: [], usage: 0, keys: [] }

/** As the pipeline makes it, for what another domain's verb does with files. */
export function ctxOf(orgId: string, actorId: string): Ctx {
  const now = Date.now()
  const origin = { ipAddress: null, userAgent: null }
  return {
    env,
    config: configOf(env),
    meter: new Meter(),
    now,
    origin,
    publicUrl: "http://waybill.test",
    orgId,
    actor: { kind: "USER", id: actorId, name: "Somebody", orgId, permissions: new Set() },
    command: { id: crypto.randomUUID(), requestHash: "", hasKey: false },
    responseHeaders: new Map(),
    db: new TenantDb(new Executor(env, new Meter()), orgId as OrganizationId),
    work: new UnitOfWork(now, origin),
  } as unknown as Ctx
}
