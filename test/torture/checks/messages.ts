import type { Books } from "../books.ts"
import type { Journal } from "../journal.ts"
import { answerId, groupBy, must, mustStand, ofKind } from "./check.ts"

export function conversationsReadAlike({ conversations }: Books): number {
  let read = 0
  for (const { id, sides } of conversations) {
    must(sides.length === 2, () => `${id} was read by ${sides.length} sides`)
    const [one, other] = sides.map((messages) => JSON.stringify(messages))
    must(one === other, () => `the two sides of ${id} read it differently`)
    for (const [index, { seq }] of (sides[0] ?? []).entries())
      must(seq === index + 1, () => `${id} has ${seq} where ${index + 1} was to stand`)
    read += sides[0]?.length ?? 0
  }
  return read
}

export function messagesStandOnce({ conversations }: Books, journal: Journal): number {
  const commands = ofKind(journal, "write in chat")
  const messages = conversations.flatMap(({ id, sides }) => (sides[0] ?? []).map((message) => ({ ...message, conversation: id })))
  const byKey = groupBy(messages, ({ content }) => content)
  const asked = new Set(commands.map(({ key }) => key))
  for (const { id, content } of messages) must(asked.has(content), () => `${id} says what nobody wrote: ${content}`)
  for (const command of commands) {
    const found = byKey.get(command.key) ?? []
    mustStand(command, found.length, "message")
    for (const { id, seq, conversation, sender_organization_id: sender } of found) {
      must(
        conversation === command.target && sender === command.orgId,
        () => `${command.key} of ${command.orgId} stands in ${conversation}, of ${sender}`,
      )
      const { answer } = command
      must(
        answer === undefined || answer.text === JSON.stringify({ id, seq }),
        () => `${command.key} was acknowledged as ${answer?.text} and stands as ${id} at ${seq}`,
      )
    }
  }
  return commands.length
}

export function socketsHeardAll({ conversations }: Books): number {
  let heard = 0
  for (const { id, sides, logs } of conversations) {
    const messages = sides[0] ?? []
    for (const { client, log } of logs) {
      must(log.size === messages.length, () => `${client} heard ${log.size} of the ${messages.length} messages of ${id}`)
      for (const message of messages)
        must(
          log.get(message.seq) === message.id,
          () => `${client} heard ${log.get(message.seq)} at ${id} ${message.seq}, which is ${message.id}`,
        )
      heard += log.size
    }
  }
  return heard
}

/** What was attached belongs to the message or complaint that named it, and each side has its row. */
export function attachmentsArrived({ files, complaints, conversations }: Books, journal: Journal): number {
  const rowsOf = groupBy(files, ({ id }) => id)
  const named = new Map(
    conversations.flatMap(({ sides }) => (sides[0] ?? []).map(({ id, attachments }) => [id, attachments.map((one) => one.file_id)])),
  )
  for (const { id, evidence } of complaints) named.set(id, [...evidence])
  let attached = 0
  for (const command of ofKind(journal, "write in chat", "open complaint")) {
    const thing = answerId(command)
    const fileId = command.asked["fileId"]
    if (thing === undefined || typeof fileId !== "string") continue
    must(
      named.get(thing)?.join() === fileId,
      () => `${thing} (${command.key}) was acknowledged with ${fileId} and names ${named.get(thing)?.join()}`,
    )
    const rows = rowsOf.get(fileId) ?? []
    must(
      rows.length === 2 && rows.every(({ status, subject_id: subject }) => status === "ATTACHED" && subject === thing),
      () => `${fileId} was attached to ${thing} and has the rows ${JSON.stringify(rows)}`,
    )
    attached += 1
  }
  return attached
}
