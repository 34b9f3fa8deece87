import { setTimeout as sleep } from "node:timers/promises"
import { errors } from "../../../src/kernel/errors.ts"
import type { ChatDevice, Reply, Said } from "../chat-device.ts"
import { type Answer, Command, type Journal } from "../journal.ts"
import type { Step } from "../plan.ts"
import type { KnownLink } from "../world.ts"
import { uploadOf } from "./files.ts"
import { listLinks } from "./links.ts"
import { type Play, pickOf, type Scene } from "./scene.ts"

const retryMs = { first: 60, most: 1_000 }
const isUndecided = (code: string): boolean => {
  const status = Object.hasOwn(errors, code) ? errors[code as keyof typeof errors].status : 500
  return status >= 500 || status === 429 || status === 401
}

/** A message to an organization that one's own is linked with, one in four with a file; said again until it is answered. */
export const writeInChat: Play = async (scene, actor, step) => {
  const link = pickOf(actor.organization.links.values(), ({ status }) => status === "APPROVED", step.picks[0])
  const device = scene.devices.get(actor)
  if (link === undefined || device === undefined) return listLinks(scene, actor)
  const fileId = step.picks[1] < 0.25 ? await uploadOf(scene, actor, step, "chat_attachment") : undefined
  await write(scene, device, step, conversationOf(link), fileId)
  return undefined
}

export const conversationOf = ({ id }: Pick<KnownLink, "id">): string => `cnv_${id.slice("lnk_".length)}`

/** Said until it is answered. */
export async function write(
  { journal, client }: Pick<Scene, "journal" | "client">,
  device: ChatDevice,
  step: Pick<Step, "key" | "manner" | "picks">,
  conversation: string,
  fileId?: string,
): Promise<Command> {
  const { key, manner } = step
  const said: Said = { client_id: key, conversation_id: conversation, content: key, attachment_ids: fileId === undefined ? [] : [fileId] }
  const command = journal.open(
    new Command({ key, kind: "write in chat", orgId: device.actor.organization.id, target: conversation, asked: { fileId } }),
  )
  // One in eight more loses its socket while it waits.
  const vanishesAfterMs = manner.vanishesAfterMs ?? (step.picks[3] < 0.12 ? step.picks[3] * 300 : undefined)
  const isAskedAgain = manner.againAfterMs !== undefined || manner.repeatsAfterSteps !== undefined
  for (let [count, waitMs] = [0, retryMs.first]; ; count += 1, waitMs = Math.min(waitMs * 2, retryMs.most)) {
    const isFirst = count === 0
    const saying = hear(journal, command, device, said, isFirst ? manner.sends : 1)
    if (isFirst && vanishesAfterMs !== undefined) {
      await sleep(vanishesAfterMs)
      device.cut()
      journal.count("chat sockets cut by their clients")
    }
    const isDecided = await saying
    if (isFirst && manner.givesUp) return command
    if (isDecided && !(isFirst && isAskedAgain)) return command
    if (Date.now() > client.deadline) {
      journal.violate(`the message ${key} was not answered in time after the faults had stopped`)
      return command
    }
    await sleep(isDecided ? (manner.againAfterMs ?? retryMs.most) : waitMs)
  }
}

/** @returns whether it was decided. */
async function hear(journal: Journal, command: Command, device: ChatDevice, said: Said, times: number): Promise<boolean> {
  const sentAt = Date.now()
  let isDecided = false
  for (const reply of await device.say(said, times)) isDecided = learn(reply, sentAt, command, journal) || isDecided
  return isDecided
}

function learn(reply: Reply, sentAt: number, command: Command, journal: Journal): boolean {
  if (reply === undefined || ("error" in reply && isUndecided(reply.error))) {
    command.unanswered()
    return false
  }
  const first = command.answer
  if ("error" in reply) {
    command.refused(reply.error)
    // Its link may have ended since.
    if (first !== undefined && reply.error !== "LINK_NOT_APPROVED")
      journal.violate(`${command.key} was acknowledged, and its repeat refused with ${reply.error}`)
    return true
  }
  const { id, seq } = reply.ack
  const text = JSON.stringify({ id, seq })
  if (first !== undefined && first.text !== text) journal.violate(`${command.key} was acknowledged with ${first.text} and with ${text}`)
  const answer: Answer = { status: 201, text, isPending: false, etag: null, sentAt, heardAt: Date.now(), tokenAskedAt: 0 }
  command.done(answer)
  return true
}
