import type { OrganizationId, UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { answeredWithin } from "../../src/kernel/within.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { inChunks, queueEvents } from "../../src/platform/events/queue.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import { callObject } from "../shared/call-object.ts"
import { type RosterTurn, type StreamWanted, streamHeader } from "./rules.ts"

export type { StreamWanted } from "./rules.ts"

type EventHubClient = {
  poke(): Promise<void>
  revoke(subjects: readonly string[]): Promise<void>
  turn(userId: UserId, news: RosterTurn): Promise<void>
  /** A socket over which the hub sends the stream's text; undefined when there are too many. The caller accepts it. */
  open(wanted: StreamWanted): Promise<WebSocket | undefined>
}

/** The hub of an organization, whose name is written nowhere else. All but `open` may be repeated. @throws when it cannot be reached. */
export function eventHubOf({ EVENT_HUB }: Pick<Bindings, "EVENT_HUB">, orgId: OrganizationId, meter?: Meter): EventHubClient {
  return {
    poke: () => callObject(EVENT_HUB, orgId, (hub) => hub.poke(), { meter, msMax: limits.hubCallMsMax }),
    revoke: (subjects) => callObject(EVENT_HUB, orgId, (hub) => hub.revoke(subjects), { meter, msMax: limits.hubCallMsMax }),
    turn: (userId, news) => callObject(EVENT_HUB, orgId, (hub) => hub.turn(userId, news), { meter }),
    async open(wanted) {
      const headers = { upgrade: "websocket", [streamHeader]: encodeURIComponent(JSON.stringify({ orgId, ...wanted })) }
      const { webSocket } = await callObject(EVENT_HUB, orgId, (hub) => hub.fetch("https://event-hub/", { headers }), {
        meter,
        isOnce: true,
      })
      return webSocket ?? undefined
    },
  }
}

async function orLog(what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    log.warn(what, { error: describeError(error) })
  }
}

/**
 * Tells of organizations that have new events, once they are committed: their hubs at once, and the queue for everybody
 * else. Best effort, and never throws: what is not told here the sweep finds.
 */
export async function announceEvents(env: Pick<Bindings, "EVENT_HUB" | "EVENTS">, orgIds: readonly OrganizationId[]): Promise<void> {
  const queued = orLog("events were not queued", queueEvents(env, orgIds))
  for (const chunk of inChunks(orgIds, limits.eventCallsAtOnce)) {
    const told = Promise.all(chunk.map((orgId) => orLog("event hub was not told", eventHubOf(env, orgId).poke())))
    // A slow hub is told all the same, and holds up nobody else's news.
    await answeredWithin(limits.hubPokeMsMax, told)
  }
  await queued
}

/** Ends the streams and sockets that carry one of the subjects. Never throws: each ends by itself soon, the Worker that holds it asks again and again. */
export const endConnections = (env: Pick<Bindings, "EVENT_HUB">, orgId: OrganizationId, subjects: readonly string[]): Promise<void> =>
  orLog("open connections were not told of a revocation", eventHubOf(env, orgId).revoke(subjects))
