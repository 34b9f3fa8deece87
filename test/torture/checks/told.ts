import type { Books } from "../books.ts"
import { groupBy, must, mustBeUnique } from "./check.ts"

export function eventsAreDispatched({ events, cursors, retries }: Books): number {
  const reached = new Map(cursors.map(({ org_id: orgId, seq }) => [orgId, seq]))
  for (const { org_id: orgId, id, seq } of events)
    must(
      seq <= (reached.get(orgId) ?? 0),
      () => `${id} of ${orgId} was not handed out: it is ${seq}, and they are at ${reached.get(orgId) ?? 0}`,
    )
  for (const { org_id: orgId, event_id: id, subscriber } of retries)
    must(false, () => `${id} of ${orgId} still waits to be given to ${subscriber}`)
  return events.length
}

/** Those who have had their rights from before the first event on. */
export const isOwner = (email: string): boolean => /^(?:supplier|buyer|lodger)-\d+@torture\.test$/.test(email)

export function notificationsStandOnce({ events, notifications, users }: Books): number {
  const eventOf = new Map(events.map((event) => [`${event.org_id} ${event.id.slice("evt_".length)}`, event]))
  const told = new Set<string>()
  for (const { org_id: orgId, user_id: userId, id, type } of notifications) {
    const event = eventOf.get(`${orgId} ${id.slice("ntf_".length)}`)
    must(event?.type === type, () => `${userId} was told of ${id} (${type}), which is ${event?.type ?? "no event"} of ${orgId}`)
    must(event?.actor_id !== userId, () => `${userId} was told of their own ${id}`)
    must(!told.has(`${userId} ${id}`), () => `${userId} was told twice of ${id}`)
    told.add(`${userId} ${id}`)
  }
  // Roles and choices of owners stay as they are, so that of one type each hears all or nothing.
  for (const owner of users.filter(({ email }) => isOwner(email))) {
    const others = events.filter((event) => event.org_id === owner.org_id && event.actor_id !== owner.id)
    for (const [type, happened] of groupBy(others, (event) => event.type)) {
      const missed = happened.filter(({ id }) => !told.has(`${owner.id} ntf_${id.slice("evt_".length)}`))
      must(
        missed.length === 0 || missed.length === happened.length,
        () => `${owner.email} was told of ${happened.length - missed.length} of ${happened.length} ${type}, and not of ${missed[0]?.id}`,
      )
    }
  }
  return notifications.length
}

/** Development keeps the newest of each address. */
const keptPerAddressMax = 50

export function mailsGoOnce({ outbox, keptMails, users }: Books): number {
  mustBeUnique(outbox, "mail")
  const planned = new Set<string>()
  for (const { event_id: eventId, user_id: userId } of outbox) {
    must(!planned.has(`${eventId} ${userId}`), () => `${userId} has two mails about ${eventId}`)
    planned.add(`${eventId} ${userId}`)
  }
  mustBeUnique(keptMails, "kept mail")
  const kept = new Set(keptMails.map(({ id }) => id))
  const byRecipient = groupBy(keptMails, ({ recipient }) => recipient)
  const emailOf = new Map(users.map(({ id, email }) => [id, email]))
  for (const { id, status, reason, user_id: userId } of outbox) {
    const isFull = (byRecipient.get(emailOf.get(userId) ?? "")?.length ?? 0) >= keptPerAddressMax
    must(status !== "WAITING" && status !== "FAILED", () => `mail ${id} is ${status}: ${reason}`)
    must(status !== "SENT" || isFull || kept.has(id), () => `mail ${id} is said to be sent, and is not there`)
  }
  const known = new Set(outbox.map(({ id }) => id))
  for (const { id, recipient, subject, token } of keptMails)
    must(token !== null || known.has(id), () => `mail ${id} to ${recipient} (${subject}) is about an event, and nobody planned it`)
  return keptMails.length
}
