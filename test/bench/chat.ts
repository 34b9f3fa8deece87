import { setTimeout as wait } from "node:timers/promises"
import { conversationOfLink } from "../../src/domains/chat/rules.ts"
import type { ConversationId, OrganizationId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import type { Recording } from "./floor.ts"
import { added, cpuMs, type Failed, type Load, type Volley } from "./measure.ts"
import type { Stage } from "./scenarios.ts"
import type { World } from "./world.ts"

/** Who writes in which conversation. */
export type Speaker = { readonly orgId: OrganizationId; readonly conversationId: ConversationId }

/** An open socket. `say` answers what went wrong, or undefined once the message is acknowledged. */
export type Line = {
  readonly say: (clientId: string) => Promise<string | undefined>
  readonly isOpen: () => boolean
  readonly close: () => void
}

/** A socket may send sixty frames a second: with fewer sockets than these a fast machine would send more. */
const socketsMin = 16
const ackMsMax = 20_000
const content = "Could the second pallet come on Thursday instead? The ramp is closed on Wednesday."

/**
 * Both sides of linked pairs, every organization in one half alone: whoever is live in the API's conversations reads none
 * of the floor's.
 */
export function speakersOf({ suppliers, buyers }: World, half: 0 | 1, connections: number): Speaker[] {
  const ours = new Set(suppliers.filter((_, index) => index % 2 === half).map(({ id }) => id))
  const speakers: Speaker[] = []
  for (const { id: orgId, links } of buyers.filter((_, index) => index % 2 === half)) {
    const possible = links.filter(({ supplierId }) => ours.has(supplierId))
    const link = possible[speakers.length % Math.max(1, possible.length)]
    if (link === undefined) continue
    const conversationId = conversationOfLink(link.id)
    speakers.push({ orgId, conversationId }, { orgId: link.supplierId, conversationId })
    if (speakers.length >= Math.max(connections, socketsMin)) break
  }
  if (speakers.length === 0) throw new Error("the world has no linked pairs: seed it with --size=large")
  return speakers
}

async function openLine(address: string, protocols: readonly string[], conversationId: ConversationId): Promise<Line> {
  const socket = new WebSocket(address, [...protocols])
  let waiting: { readonly clientId: string; readonly answer: (failure?: string) => void } | undefined
  socket.addEventListener("message", ({ data }) => {
    const text = String(data)
    if (waiting === undefined || !text.includes(waiting.clientId)) return
    const { type, code, client_id } = JSON.parse(text) as { type: string; code?: string; client_id?: string }
    if (client_id !== waiting.clientId) return
    if (type === "ack") waiting.answer()
    if (type === "error") waiting.answer(code ?? type)
  })
  socket.addEventListener("close", ({ code }) => waiting?.answer(`closed ${code}`))
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve())
    socket.addEventListener("error", () => reject(new Error("a chat socket did not open")))
  })
  return {
    say: (clientId) =>
      new Promise((resolve) => {
        const tooLate = setTimeout(() => waiting?.answer("no ack"), ackMsMax)
        waiting = {
          clientId,
          answer: (failure) => {
            clearTimeout(tooLate)
            waiting = undefined
            resolve(failure)
          },
        }
        socket.send(JSON.stringify({ type: "message", client_id: clientId, conversation_id: conversationId, content }))
      }),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    close: () => socket.close(),
  }
}

const socketUrl = (url: string, path: string): string => url.replace(/^http/, "ws") + path

const apiLines = (url: string, { wallet }: Stage, speakers: readonly Speaker[]): Promise<Line[]> =>
  Promise.all(
    speakers.map(({ orgId, conversationId }) =>
      openLine(socketUrl(url, "/api/v1/chat/ws"), ["waybill.v1", `bearer.${wallet.of(orgId)}`], conversationId),
    ),
  )

/** Each connection takes the line that rested longest, sends, waits for the acknowledgement, and sends again. */
async function talkOn(lines: readonly Line[], { connections, seconds, workerdPid }: Load): Promise<Volley> {
  const free = [...lines]
  const durationsMs: number[] = []
  let failed: Failed = {}
  const [before, began] = [cpuMs(workerdPid), performance.now()]
  const until = began + seconds * 1000
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      const line = free.shift()
      if (line === undefined) return
      const saidAt = performance.now()
      const failure = await line.say(crypto.randomUUID())
      durationsMs.push(performance.now() - saidAt)
      if (failure !== undefined) failed = added(failed, { [failure]: 1 })
      if (line.isOpen()) free.push(line)
    }
  }
  await Promise.all(Array.from({ length: Math.min(connections, lines.length) }, lane))
  return { durationsMs, seconds: (performance.now() - began) / 1000, cpuMs: cpuMs(workerdPid) - before, failed }
}

/** A volley on lines that are opened before its time and closed after it. */
export async function converse(load: Load, open: () => Promise<Line[]>): Promise<Volley> {
  const lines = await open()
  try {
    return await talkOn(lines, load)
  } finally {
    for (const line of lines) line.close()
  }
}

/** Messages through the API: its lines, to be opened anew for each volley. */
export const messagesOf = (url: string, stage: Stage, connections: number) => async (): Promise<Line[]> => {
  await stage.wallet.renew()
  return apiLines(url, stage, speakersOf(stage.world, 0, connections))
}

/** What inboxes ask of their rooms for a message, in conversations that nobody but the recording uses. */
export async function recordMessages(url: string, stage: Stage, connections: number): Promise<Recording[]> {
  const lines = await apiLines(url, stage, speakersOf(stage.world, 1, connections))
  const recordings: Recording[] = []
  const say = async (line: Line): Promise<void> => {
    const failure = await line.say(crypto.randomUUID())
    if (failure !== undefined) throw new Error(`chat message: ${failure}`)
  }
  for (const line of lines) {
    // The first message meets a room that may have to be opened.
    await say(line)
    await fetchAgain(`${url}/__floor/listen`, { method: "POST" })
    await say(line)
    recordings.push((await (await fetchAgain(`${url}/__floor/listen`)).json()) as Recording)
  }
  for (const line of lines) line.close()
  if (recordings.some(({ sends }) => sends.length === 0)) throw new Error("chat message: no call of a room was heard")
  // Until the inboxes have said that nobody is there any more, rooms would deliver to them.
  await wait(limits.chatAwayMs + 2_000)
  return recordings
}

/** The floor's lines, one for each recording, whose call it repeats. */
export const floorMessagesOf = (url: string, path: string, recordings: readonly Recording[]) => (): Promise<Line[]> =>
  Promise.all(
    recordings.flatMap(({ sends }) => sends.slice(0, 1).map(({ name }) => openLine(socketUrl(url, path), [], name as ConversationId))),
  )
