import { createHash } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { limits } from "../../src/kernel/limits.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import { rows } from "./books.ts"
import type { Keeper } from "./keeper.ts"
import type { Scene } from "./steps/scene.ts"
import { hastenDeliveries, replayLetters, sayLastWords } from "./webhooks.ts"
import type { Actor } from "./world.ts"

/** What is said, sent and told beside the ledgers' own business: messages, files, events, notifications and mails. */

const number = z.number()
const text = z.string()
const message = z.object({
  id: text,
  seq: number,
  content: text,
  sender_organization_id: text,
  attachments: z.array(z.object({ file_id: text })),
})
const page = z.object({ data: z.array(message), next_cursor: text.nullable().optional() })
const fileRow = z.object({
  org_id: text,
  id: text,
  owner_id: text,
  purpose: text,
  status: text,
  name: text,
  size_bytes: number,
  sha256: text,
  subject_kind: text.nullable(),
  subject_id: text.nullable(),
})
const evidence = text.transform((value) => JSON.parse(value) as unknown).pipe(z.array(text))
const complaintRow = z.object({ org_id: text, id: text, description: text, evidence })
const usageRow = z.object({ org_id: text, bytes: number })
const cursorRow = z.object({ org_id: text, seq: number })
const retryRow = z.object({ org_id: text, event_id: text, subscriber: text })
const notificationRow = z.object({ org_id: text, user_id: text, id: text, type: text })
const outboxRow = z.object({ org_id: text, event_id: text, user_id: text, id: text, status: text, reason: text.nullable() })
const keptRow = z.object({ id: text, recipient: text, subject: text, token: text.nullable() })

export type Message = z.output<typeof message>
/** A conversation as somebody of each side reads it, oldest first, and as their sockets brought it. */
export type Conversation = {
  readonly id: string
  readonly sides: readonly (readonly Message[])[]
  readonly logs: ReadonlyArray<{ readonly client: string; readonly log: ReadonlyMap<number, string> }>
}
export type TradeBooks = Awaited<ReturnType<typeof readTrade>>

/** What a subscriber fails at for good is given up at its fifth try, on a machine that may be busy. */
const drainMsMax = 300_000
const liveMsMax = 15_000

type Settling = { readonly isPatient: boolean; readonly say: (line: string) => void }

/** Until everybody was told of everything: sockets by themselves first, then by a resume; the queue's consumers with cron's help. */
export async function settleTrade(scene: Scene, keeper: Keeper, { isPatient, say }: Settling): Promise<void> {
  await hearLive(scene)
  await resumeAll(scene)
  // Nobody goes on with an upload by now: its hour is over at once.
  await keeper.server.databaseRows("update files set due_at = 1 where status = 'UPLOADING'")
  await drain(keeper, { isPatient, say })
  scene.quietFrom.at = Date.now()
  await sayLastWords(scene, scene.hooks, scene.seed)
  await drain(keeper, { isPatient, say })
  const letters = await replayLetters(keeper, scene.world)
  await drain(keeper, { isPatient, say })
  say(`everybody was told of everything, ${letters} dead letters included`)
  // What a room delivered late may have been the first that a phone heard of a conversation.
  await resumeAll(scene)
}

/** Until nothing waits: cron's minutes pass, and what would wait for longer is due at once. */
async function drain(keeper: Keeper, { isPatient, say }: Settling): Promise<void> {
  const { server } = keeper
  const deadline = Date.now() + drainMsMax
  for (;;) {
    // What a dead worker took on is free again after three minutes, for which no run waits.
    await server.databaseRows("update mail_outbox set due_at = 1 where status = 'WAITING'")
    if (!isPatient) {
      await server.databaseRows("update event_retries set retry_at = 1")
      await server.databaseRows("update event_laggards set look_at = 1")
    }
    await hastenDeliveries(keeper)
    await server.cron("* * * * *", Date.now() + (isPatient ? 0 : limits.dispatchLateSeconds * 1_000))
    const until = Date.now() + (isPatient ? 10_000 : 2_000)
    let left = await waiting(keeper)
    for (; left > 0 && Date.now() < until; left = await waiting(keeper)) await sleep(200)
    if (left === 0) break
    if (Date.now() > deadline) return say(`${left} organizations still wait to be told`)
  }
}

/** Organizations whose events wait, mails and deliveries that do, and files that wait for the sweep. */
async function waiting({ server }: Keeper): Promise<number> {
  const [row] = await rows(
    z.object({ n: number }),
    server.databaseRows(`select (select count(*) from (select org_id, max(seq) as seq from events group by org_id) e
        left join event_cursors c on c.org_id = e.org_id where coalesce(c.seq, 0) < e.seq)
      + (select count(*) from event_retries) + (select count(*) from mail_outbox where status = 'WAITING')
      + (select count(*) from webhook_deliveries where status = 'PENDING')
      + (select count(*) from files where status in ('UPLOADING', 'DELETING')) as n`),
  )
  return row?.n ?? 0
}

/** Cuts every socket, and waits until each phone has what it lacks of the conversations that it knows of. */
async function resumeAll({ journal, devices }: Scene): Promise<void> {
  for (const device of devices.values()) device.cut()
  const resumed = Date.now() + liveMsMax
  for (const device of devices.values()) {
    await device.online()
    while (!device.isLive && Date.now() < resumed) {
      await sleep(50)
      await device.online()
    }
    if (!device.isLive) journal.violate(`${device.actor.client} could not resume its conversations after the faults had stopped`)
  }
}

/** A socket that is open and has resumed hears the rest without asking. */
async function hearLive({ journal, devices }: Scene): Promise<void> {
  const lastOf = new Map<string, number>()
  for (const { log } of devices.values()) for (const [id, heard] of log) lastOf.set(id, Math.max(lastOf.get(id) ?? 0, ...heard.keys()))
  const deadline = Date.now() + liveMsMax
  const live = [...devices.values()].filter(({ isLive }) => isLive)
  for (const device of live) {
    for (const [id, heard] of device.log) {
      const last = lastOf.get(id) ?? 0
      const first = Math.min(...heard.keys())
      const lacks = (): number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((seq) => !heard.has(seq))
      while (device.isLive && lacks().length > 0 && Date.now() < deadline) await sleep(100)
      if (device.isLive && lacks().length > 0)
        journal.violate(`the open socket of ${device.actor.client} never brought ${id} ${lacks().join()}`)
      journal.count("conversations that open sockets had whole")
    }
  }
}

async function historyOf({ client }: Scene, actor: Actor, id: string): Promise<readonly Message[]> {
  const found: Message[] = []
  for (let cursor: string | undefined; ; ) {
    const more = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`
    const answer = await client.send(actor, { method: "GET", path: `/chat/conversations/${id}/messages?limit=100${more}` })
    if (answer?.status !== 200) throw new Error(`${actor.client} could not read ${id}: ${answer?.status} ${answer?.text}`)
    const { data, next_cursor: next } = page.parse(JSON.parse(answer.text))
    found.push(...data)
    if (typeof next !== "string") return found.reverse()
    cursor = next
  }
}

async function readConversations(scene: Scene): Promise<Conversation[]> {
  const devices = [...scene.devices.values()]
  const ids = new Set(
    scene.journal.commands.flatMap(({ kind, target }) => (kind === "write in chat" && target !== undefined ? [target] : [])),
  )
  const conversations: Conversation[] = []
  for (const id of ids) {
    const readers = new Map(
      [...scene.devices.keys()]
        .filter(({ organization }) => [...organization.links.keys()].some((link) => id.endsWith(link.slice("lnk_".length))))
        .map((actor) => [actor.organization.id, actor]),
    )
    const sides: Array<readonly Message[]> = []
    for (const reader of readers.values()) sides.push(await historyOf(scene, reader, id))
    const logs = devices.flatMap(({ actor, log }) => {
      const heard = log.get(id)
      return heard === undefined ? [] : [{ client: actor.client, log: heard }]
    })
    conversations.push({ id, sides, logs })
  }
  return conversations
}

/** By file, the SHA-256 of what its readers get: whoever uploaded it. Undefined where they get nothing. */
async function readContents({ journal, world }: Scene, { url }: Keeper): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for (const { kind, answer, asked } of journal.commands) {
    if (kind !== "upload file" || answer === undefined) continue
    const actor = [...world.actors, ...world.importers.values()].find(({ client }) => client === asked["client"])
    if (actor === undefined) continue
    const { id } = z.object({ id: text }).parse(JSON.parse(answer.text))
    const { text: token } = await actor.credential()
    const got = await fetchAgain(`${url}/api/v1/files/${id}/content`, { headers: { authorization: `Bearer ${token}` } })
    const bytes = new Uint8Array(await got.arrayBuffer())
    contents.set(id, got.ok ? createHash("sha256").update(bytes).digest("hex") : `an answer of ${got.status}`)
  }
  return contents
}

export async function readTrade(scene: Scene, keeper: Keeper) {
  const d1 = <T extends z.ZodType>(schema: T, query: string) => rows(schema, keeper.server.databaseRows(query))
  return {
    conversations: await readConversations(scene),
    contents: await readContents(scene, keeper),
    objectKeys: await keeper.objectKeys(),
    files: await d1(fileRow, "select * from files"),
    complaints: await d1(complaintRow, "select org_id, id, description, evidence from complaints"),
    usage: await d1(usageRow, "select org_id, bytes from file_usage"),
    cursors: await d1(cursorRow, "select org_id, seq from event_cursors"),
    retries: await d1(retryRow, "select org_id, event_id, subscriber from event_retries"),
    notifications: await d1(notificationRow, "select org_id, user_id, id, type from notifications"),
    outbox: await d1(outboxRow, "select org_id, event_id, user_id, id, status, reason from mail_outbox"),
    keptMails: await d1(keptRow, "select id, recipient, subject, token from kept_mails"),
  }
}
