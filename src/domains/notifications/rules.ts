import type { EventId, NotificationId, UserId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { day, hour, type Instant, minute } from "../../kernel/time.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import type { Sending } from "../../platform/mail/mailer.ts"
import { Facts } from "./facts.ts"

export const channels = ["in_app", "mail"] as const
export type Channel = (typeof channels)[number]

/** By event type, what a person chose otherwise than by default. */
export type Choices = Readonly<Record<string, Readonly<Partial<Record<Channel, boolean>>>>>

/** Whom a type concerns by default: whoever holds a permission, or the one the event's thing is assigned to. */
export type Concern = {
  readonly to: Permission | "ASSIGNEE"
  readonly by: readonly Channel[]
  /** Members of the event's data that must read so, such as the side; one that lacks is no obstacle. */
  readonly when?: Readonly<Record<string, string>>
}

/** What decides who is told of an event type. */
export type Topic = {
  readonly concerns: readonly Concern[]
  /** The ways it can be told; the others are nobody's to choose. */
  readonly offers: readonly Channel[]
  /** Told to the assignee and nobody else, whatever anybody chose. */
  readonly isAssigneesAlone?: true
}

export type Person = { readonly id: UserId; readonly permissions: ReadonlySet<Permission>; readonly choices: Choices }

/** An event as far as it decides who is told. */
export type Happening = {
  readonly type: string
  readonly permission: Permission
  readonly actorId: string | null
  readonly data: unknown
}

export const assigneeOf = ({ data }: Pick<Happening, "data">): UserId | undefined => new Facts(data).id("usr", "assignee_id")

const holds = (person: Person, { to }: Concern, assignee: UserId | undefined): boolean =>
  to === "ASSIGNEE" ? person.id === assignee : person.permissions.has(to)

const applies = ({ when = {} }: Concern, facts: Facts): boolean =>
  Object.entries(when).every(([name, value]) => (facts.text(name) ?? value) === value)

/**
 * INV-NTF-2, INV-NTF-3: whether a person is told of an event by a channel. Never of what they did themselves, never of
 * what they may not see; beyond that as they chose, and where they did not, as it concerns them.
 */
export function isTold(person: Person, event: Happening, topic: Topic, channel: Channel): boolean {
  const assignee = assigneeOf(event)
  if (event.actorId === person.id || !person.permissions.has(event.permission) || !topic.offers.includes(channel)) return false
  if (topic.isAssigneesAlone === true && person.id !== assignee) return false
  const choice = choiceOf(person.choices, event.type, channel)
  if (choice !== undefined) return choice
  const facts = new Facts(event.data)
  return topic.concerns.some((concern) => concern.by.includes(channel) && holds(person, concern, assignee) && applies(concern, facts))
}

/** What a person chose of a type and channel, if anything. */
export const choiceOf = (choices: Choices, type: string, channel: Channel): boolean | undefined =>
  Object.hasOwn(choices, type) ? choices[type]?.[channel] : undefined

/** Whether somebody with these permissions is told of such events by default, of some at least. */
export const isDefault = (topic: Topic, permissions: ReadonlySet<Permission>, channel: Channel): boolean =>
  topic.offers.includes(channel) && topic.concerns.some(({ to, by }) => by.includes(channel) && (to === "ASSIGNEE" || permissions.has(to)))

/** INV-NTF-4: those told, at most so many: the assignee, then by id, which is by how long they have been there. */
export function recipientsOf<P extends Person>(people: readonly P[], event: Happening, topic: Topic, channel: Channel): readonly P[] {
  const assignee = assigneeOf(event)
  const rank = (person: P): string => `${person.id === assignee ? 0 : 1}${person.id}`
  return people
    .filter((person) => isTold(person, event, topic, channel))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .slice(0, limits.recipientsPerEventMax)
}

/**
 * INV-NTF-8: what others do makes a person so many mails of a type in an hour and no more, or any partner could fill a
 * mailbox. Counts on from what the last hour held.
 */
export class MailAllowance {
  readonly #mails = new Map<string, number>()

  constructor(recent: ReadonlyArray<{ readonly userId: UserId; readonly type: string; readonly mails: number }>) {
    for (const { userId, type, mails } of recent) this.#mails.set(`${userId} ${type}`, mails)
  }

  /** Those who get a mail about one more event of the type, and those who have had theirs. */
  split<P extends Pick<Person, "id">>(type: string, people: readonly P[]): readonly [mailed: readonly P[], told: readonly P[]] {
    const mailed = people.filter(({ id }) => this.#take(`${id} ${type}`))
    return [mailed, people.filter((person) => !mailed.includes(person))]
  }

  #take(key: string): boolean {
    const mails = this.#mails.get(key) ?? 0
    if (mails >= limits.mailsPerTypeAndHourMax) return false
    this.#mails.set(key, mails + 1)
    return true
  }
}

/** INV-NTF-1: one event is one notification of a person, whose id follows from it. */
export const notificationIdOf = (eventId: EventId): NotificationId => `ntf_${eventId.slice("evt_".length)}`

/** A notification goes so long after it came, or sooner once it was read. */
export const expiryOf = (createdAt: Instant, readAt: Instant | null): Instant => {
  const latest = createdAt + limits.notificationDaysKept * day
  return readAt === null ? latest : Math.min(latest, readAt + limits.readNotificationDaysKept * day)
}

/** WAITING → SENT, FAILED (given up, or refused by the service) or DROPPED (nobody to tell it any more). */
export type MailStatus = "WAITING" | "SENT" | "FAILED" | "DROPPED"

export type MailVerdict = { readonly status: MailStatus; readonly reason: string | null; readonly dueAt: Instant }

/** What becomes of a mail after its `attempts`-th try. Waits double from a minute to an hour. */
export function afterSending(sending: Sending, attempts: number, now: Instant): MailVerdict {
  switch (sending.kind) {
    case "SENT":
      return { status: "SENT", reason: null, dueAt: now }
    case "REFUSED":
      return { status: "FAILED", reason: sending.reason, dueAt: now }
    case "LATER": {
      if (attempts >= limits.mailAttemptsMax) return { status: "FAILED", reason: sending.reason, dueAt: now }
      const wait = Math.min(hour, Math.max(2 ** (attempts - 1) * minute, sending.afterMs ?? 0))
      return { status: "WAITING", reason: sending.reason, dueAt: now + wait }
    }
  }
}

/** Whether a mail is too late to be of use, and near the end of the time in which a second try cannot make a second mail. */
export const isTooLate = (createdAt: Instant, now: Instant): boolean => now - createdAt > limits.mailHoursMax * hour
