import { createHash } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import type { ChatDevice, SocketLog } from "./chat-device.ts"
import { conversationOf, write } from "./steps/chat.ts"
import { uploadOf } from "./steps/files.ts"
import { listLinks } from "./steps/links.ts"
import { create } from "./steps/products.ts"
import { plainManner, type Scene } from "./steps/scene.ts"
import type { WireKind } from "./wires.ts"
import type { Actor, Organization } from "./world.ts"

/** What somebody asked for while others' wires stood still; `answeredAt` is not there when they gave up. */
export type Meanwhile = { readonly what: string; readonly askedAt: number; readonly answeredAt: number | undefined }
export type Standstill = {
  readonly meanwhile: readonly Meanwhile[]
  /** How many wires held something back all the while. */
  readonly held: number
  /** When they were let go on. */
  readonly wentOnAt: number
}
export type SlowBooks = Standstill & { readonly sockets: readonly SocketLog[] }

export const answeredOf = ({ meanwhile }: Standstill): number => meanwhile.filter(({ answeredAt }) => answeredAt !== undefined).length

/** More than the buffers of both ends hold, so that the server itself waits for the reader. */
const largeBytes = 12_000_000
const slowSuppliers = 2
const messagesEach = 3
const waitMsMax = 60_000

async function until(isSo: () => boolean): Promise<boolean> {
  for (const deadline = Date.now() + waitMsMax; !isSo(); await sleep(20)) if (Date.now() > deadline) return false
  return true
}

/** Those of a supplier who are slow, and who talks with them meanwhile. */
type Party = {
  readonly reader: Actor
  readonly editor: Actor
  readonly largeFile: { readonly id: string; readonly sha256: string } | undefined
  readonly talk:
    | { readonly id: string; readonly silent: ChatDevice; readonly colleague: ChatDevice; readonly partner: ChatDevice }
    | undefined
}

/**
 * All is well, but for some: requests that stop in their middle, answers that nobody reads, chat sockets that neither speak
 * nor hear. They stay so until everybody else was answered, however long that takes on this machine: whoever the slow ones
 * held up never would be.
 */
export async function standStill(scene: Scene): Promise<Standstill> {
  const { wires, client, world } = scene
  // Whatever the faults left behind, from now on everybody has the usual time.
  client.faultsStopped()
  const parties = await Promise.all(world.suppliers.slice(0, slowSuppliers).map((supplier, index) => gather(scene, supplier, index === 0)))
  for (const kind of stillKinds) wires.standStill(kind)
  const slow: Array<Promise<unknown>> = parties.flatMap((party) => begin(scene, party))
  const held = (): number => stillKinds.reduce((sum, kind) => sum + wires.heldOf(kind), 0)
  await until(() => wires.heldOf("halfSent") >= 2 * parties.length && wires.heldOf("halfRead") >= 1)
  const heldFirst = held()
  // None of these gives up before it is known whom they hold up.
  client.deadline = Number.POSITIVE_INFINITY

  const meanwhile: Meanwhile[] = []
  const note = async (what: string, work: Promise<boolean>): Promise<void> => {
    slow.push(work)
    const askedAt = Date.now()
    const isAnswered = await Promise.race([work, sleep(waitMsMax, false, { ref: false })])
    meanwhile.push({ what, askedAt, answeredAt: isAnswered ? Date.now() : undefined })
  }
  await Promise.all([
    ...world.actors.flatMap((actor) => {
      const { part, client: name } = actor
      if (part === "owner") return note(`${name} creates a product`, creates(scene, actor, {}))
      return ["buyer", "sales", "bot"].includes(part) ? note(`${name} lists orders`, lists(scene, actor)) : []
    }),
    ...parties.map((party) => note(`a conversation of ${party.reader.organization.name} goes on`, converse(scene, party))),
  ])
  const standstill = { meanwhile, held: Math.min(heldFirst, held()), wentOnAt: Date.now() }
  client.faultsStopped()
  wires.goOn()
  await Promise.all(slow)
  await Promise.all(parties.map((party) => hearAll(scene, party)))
  return standstill
}

const stillKinds = ["halfSent", "halfRead", "silent"] as const satisfies readonly WireKind[]

function stepOf({ seed }: Scene, { client }: Actor, what: string, over?: WireKind) {
  const manner = over === undefined ? plainManner : { ...plainManner, over }
  return { key: `torture-${seed}-still-${client}-${what}`, manner, picks: [0.5, 0.5, 0.5, 0.9] as const }
}

async function gather(scene: Scene, supplier: Organization, hasLarge: boolean): Promise<Party> {
  const { world } = scene
  const of = (part: Actor["part"]): Actor[] => world.actors.filter((actor) => actor.part === part && actor.organization === supplier)
  const [[reader, colleague], [editor]] = [of("sales"), of("manager")]
  if (reader === undefined || colleague === undefined || editor === undefined) throw new Error(`${supplier.name} has nobody at work`)
  const largeFile = hasLarge ? await uploadLarge(scene, reader) : undefined
  return { reader, editor, largeFile, talk: await talkOf(scene, reader, colleague) }
}

async function uploadLarge(scene: Scene, reader: Actor): Promise<Party["largeFile"]> {
  const step = stepOf(scene, reader, "large")
  const bytes = new TextEncoder().encode(`${step.key}\n`.repeat(largeBytes / (step.key.length + 1)))
  const id = await uploadOf(scene, reader, step, "chat_attachment", bytes)
  return id === undefined ? undefined : { id, sha256: createHash("sha256").update(bytes).digest("hex") }
}

/** In a conversation that may be written in; what it missed before it stood still the socket got by its resume. */
async function talkOf(scene: Scene, reader: Actor, mate: Actor): Promise<Party["talk"]> {
  const { world, devices } = scene
  await listLinks(scene, reader)
  for (const [index, link] of [...reader.organization.links.values()].entries()) {
    const buyer = world.actors.find(({ part, organization }) => part === "buyer" && organization.id === link.buyerId)
    const [silent, colleague, partner] = [devices.get(reader), devices.get(mate), buyer && devices.get(buyer)]
    if (link.status !== "APPROVED" || silent === undefined || colleague === undefined || partner === undefined) continue
    const id = conversationOf(link)
    const first = await write(scene, silent, stepOf(scene, reader, `first-${index}`), id)
    // Its ledger may know better than the list.
    if (first.answer === undefined) continue
    silent.cut()
    await write(scene, partner, stepOf(scene, partner.actor, `missed-${reader.client}`), id)
    await bring(silent, "silent")
    await bring(colleague)
    return { id, silent, colleague, partner }
  }
  return undefined
}

async function bring(device: ChatDevice, over?: WireKind): Promise<void> {
  for (const deadline = Date.now() + waitMsMax; !device.isLive && Date.now() < deadline; await sleep(20)) await device.online(over)
}

/** What is slow: none of it ends before its wire goes on. */
function begin(scene: Scene, { reader, editor, largeFile, talk }: Party): Array<Promise<unknown>> {
  const says = Array.from({ length: messagesEach }, (_, count) => stepOf(scene, reader, `says-${count}`))
  return [
    uploadOf(scene, reader, stepOf(scene, reader, "upload", "halfSent"), "chat_attachment"),
    creates(scene, editor, { over: "halfSent" }),
    ...(largeFile === undefined ? [] : [readLarge(scene, reader, largeFile)]),
    ...(talk === undefined ? [] : says.map((step) => write(scene, talk.silent, step, talk.id))),
  ]
}

async function readLarge({ client, journal }: Scene, reader: Actor, { id, sha256 }: { id: string; sha256: string }): Promise<void> {
  const answer = await client.send(reader, { method: "GET", path: `/files/${id}/content` }, undefined, "halfRead")
  if (answer?.status !== 200) return
  journal.count("large files read to their end over a wire that stood still")
  if (createHash("sha256").update(answer.text).digest("hex") !== sha256) journal.violate(`${id} was read slowly, and is not what was sent`)
}

async function creates(scene: Scene, actor: Actor, { over }: { readonly over?: WireKind }): Promise<boolean> {
  const { command } = await create(scene, actor, stepOf(scene, actor, "product", over), { stock: 1 })
  return command.answer !== undefined
}

async function lists({ client }: Scene, actor: Actor): Promise<boolean> {
  while (Date.now() < client.deadline) {
    const answer = await client.send(actor, { method: "GET", path: "/orders/my-orders?limit=100" })
    if (answer?.status === 200) return true
    await sleep(200)
  }
  return false
}

/** The partner writes, and the colleague of who does not hear it does hear it. */
async function converse(scene: Scene, { talk }: Party): Promise<boolean> {
  if (talk === undefined) return true
  const { id, silent, colleague, partner } = talk
  for (let count = 0; count < messagesEach; count += 1) {
    const { answer } = await write(scene, partner, stepOf(scene, partner.actor, `talk-${silent.actor.client}-${count}`), id)
    if (answer === undefined) return false
    const { seq } = seqBody.parse(JSON.parse(answer.text))
    if (!(await until(() => !colleague.isLive || colleague.log.get(id)?.has(seq) === true))) return false
  }
  return true
}

const seqBody = z.object({ seq: z.number() })

/** The socket that stood still brings everything by itself, now that it may. */
async function hearAll({ journal }: Scene, { talk }: Party): Promise<void> {
  if (talk === undefined) return
  const { id, silent, colleague, partner } = talk
  const last = Math.max(...[silent, colleague, partner].flatMap(({ log }) => [...(log.get(id)?.keys() ?? [])]))
  const lacks = (): boolean => silent.log.get(id)?.has(last) !== true
  if (!(await until(() => !silent.isLive || !lacks())))
    journal.violate(`the silent socket of ${silent.actor.client} never brought ${id} ${last}`)
}
