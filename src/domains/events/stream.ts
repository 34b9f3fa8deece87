import { eventHubOf } from "../../../durable-objects/event-hub/client.ts"
import { limits } from "../../kernel/limits.ts"
import { RefusalError } from "../../kernel/result.ts"
import { second } from "../../kernel/time.ts"
import { isRevoked } from "../../platform/auth/authenticate.ts"
import { heartbeatFrame, openingFrame, resetFrame, seqOfStreamId } from "../../platform/events/sse.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalidAt } from "../../platform/http/input.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { startOf } from "./rules.ts"
import { eventStore, type Visible } from "./store.ts"

/** How long a client waits before it reconnects. */
const reconnectMs = 2 * second

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  // Nobody on the way may keep it, or hold it back to compress it.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
}

/**
 * The organization's events as they happen, held by this Worker over a socket to the hub. It ends when the token expires
 * or is revoked, when the reader is too slow, or when the hub goes; the reader then resumes with Last-Event-ID.
 */
export async function openStream(ctx: Ctx, visible: Visible): Promise<Response> {
  const lastSeq = lastSeqOf(ctx.headers)
  // Nobody would read it, nor ever close it.
  if (ctx.request.method === "HEAD") return new Response(null, { headers })
  const { newestSeq, missed } = await eventStore(ctx.db).standing(lastSeq ?? Number.MAX_SAFE_INTEGER, limits.replayEventsMax)
  const { afterSeq, isReset } = startOf(lastSeq, newestSeq, missed, limits.replayEventsMax)
  const { subjects, expiresAt } = ctx.grant
  const socket = await eventHubOf(ctx.env, ctx.orgId, ctx.meter).open({ actorId: ctx.actor.id, afterSeq, ...visible, subjects, expiresAt })
  if (socket === undefined) {
    const detail = `At most ${limits.streamsPerActorMax} streams may be open for one user, and ${limits.streamsPerOrganizationMax} for an organization.`
    throw new RefusalError({ code: "RATE_LIMITED", detail, extra: { retryAfterSeconds: reconnectMs / second } })
  }
  const opening = openingFrame(reconnectMs) + (isReset ? resetFrame(newestSeq) : "")
  const stillHolds = async () => Date.now() < expiresAt && !(await isRevoked({ ...ctx, now: Date.now(), keepAlive: ctx.defer }, ctx.grant))
  return new Response(streamOf(socket, opening, { msMax: expiresAt - ctx.now, stillHolds, signal: ctx.signal }), { headers })
}

/** @throws RefusalError VALIDATION_FAILED for what no stream of ours has sent. */
function lastSeqOf(sent: Headers): number | undefined {
  const id = sent.get("last-event-id")
  if (id === null || id === "") return undefined
  const seq = seqOfStreamId(id)
  if (seq === undefined) throw invalidAt("/header/last-event-id", "Must be the id of an event of this stream.", "INVALID_CURSOR")
  return seq
}

/** What a stream lasts until. */
type Until = { readonly msMax: number; readonly stillHolds: () => Promise<boolean>; readonly signal: AbortSignal }

/**
 * What the hub sends, as bytes, with a heartbeat between. Whoever stops reading closes the socket, and so frees the hub
 * (INV-EVT-9); a socket that closes ends the stream.
 */
function streamOf(socket: WebSocket, opening: string, { msMax, stillHolds, signal }: Until): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let heartbeat: ReturnType<typeof setInterval> | undefined
  let expiry: ReturnType<typeof setTimeout> | undefined
  let isOver = false
  let isAnswered = true

  function end(controller?: ReadableStreamDefaultController<Uint8Array>): void {
    if (isOver) return
    isOver = true
    clearInterval(heartbeat)
    clearTimeout(expiry)
    closeQuietly(socket)
    controller?.close()
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const push = (text: string): void => {
          if (isOver) return
          controller.enqueue(encoder.encode(text))
          // A reader this slow is better served by what it missed, when it comes back.
          if ((controller.desiredSize ?? 0) <= 0) end(controller)
        }
        const beat = async (): Promise<void> => {
          if (!isAnswered || !(await stillHolds())) return end(controller)
          isAnswered = false
          socket.send("ping")
          push(heartbeatFrame)
        }
        push(opening)
        socket.addEventListener("message", ({ data }) => {
          if (data === "pong") isAnswered = true
          else if (typeof data === "string") push(data)
        })
        socket.addEventListener("close", () => end(controller))
        socket.addEventListener("error", () => end(controller))
        // Without it a reader's absence would show at the next heartbeat alone.
        signal.addEventListener("abort", () => end(controller))
        socket.accept()
        heartbeat = setInterval(() => {
          beat().catch((error: unknown) => {
            log.warn("event stream ended", { error: describeError(error) })
            end(controller)
          })
        }, limits.streamHeartbeatSeconds * second)
        expiry = setTimeout(() => end(controller), msMax)
      },
      cancel: () => end(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: limits.streamBufferBytesMax }),
  )
}

function closeQuietly(socket: WebSocket): void {
  try {
    socket.close(1000)
  } catch {
    // It is closed already.
  }
}
