import type { OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { SigningKey } from "../../platform/auth/access-token.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants, TenantDb } from "../../platform/db/tenant-db.ts"
import { type Bindings, configOf } from "../../platform/env.ts"
import { sendAll } from "../../platform/events/queue.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { metrics } from "../../platform/log/metrics.ts"
import { mailerOf } from "../../platform/mail/adapters.ts"
import type { Mailer, Sending } from "../../platform/mail/mailer.ts"
import { organizationStore } from "../organizations/index.ts"
import { type Candidate, candidatesOf } from "./audience.ts"
import { type Leased, organizationsWithMail, outbox, type Settled } from "./outbox.ts"
import { afterSending, isTold, isTooLate, type MailVerdict } from "./rules.ts"
import { mailOf } from "./templates.ts"
import { topicOf } from "./topics.ts"
import { unsubscribeUrl } from "./unsubscribe.ts"

/** A pause that the mail service asks for is made on the spot if it is no longer than this. */
const pauseMsMax = 2_000

type Sender = {
  readonly mailer: Mailer
  readonly keys: readonly SigningKey[]
  readonly organizationName: string
  readonly publicUrl: string
  readonly clock: () => Instant
}

/**
 * Sends an organization's mails that are due, a bounded number; what is left comes by the next message or the sweep.
 * INV-NTF-5: nobody gets a mail twice. A worker that dies between sending and noting it leaves a mail whose lease runs
 * out, and which goes to the mail service again under the same id. @throws the database's error, for the queue to try again.
 */
export async function sendMails(env: Bindings, meter: Meter, orgId: OrganizationId, now: Instant, given?: Mailer): Promise<void> {
  const config = configOf(env)
  const db = TenantDb.forSystem(env, meter, orgId, "mails that wait in an organization's outbox")
  const started = performance.now()
  const clock = (): Instant => now + Math.round(performance.now() - started)
  const keep = () => acrossTenants(env, meter, "mails are kept for whoever asks in development")
  let sender: Sender | undefined
  for (let lease = 0; lease < limits.mailLeasesMax; lease += 1) {
    const leased = await outbox(db).lease(clock())
    if (leased.length === 0) return
    sender ??= {
      mailer: given ?? mailerOf(config, keep, now),
      keys: config.JWT_KEYS,
      organizationName: (await organizationStore({ env, meter }).byId(orgId))?.name ?? "Waybill",
      publicUrl: config.PUBLIC_URL.replace(/\/$/, ""),
      clock,
    }
    const people = await candidatesOf(
      db,
      [],
      0,
      leased.map(({ row }) => row.userId),
    )
    const { settled, isToldToWait } = await work(leased, new Map(people.map((person) => [person.id, person])), sender)
    await outbox(db).settle(settled)
    for (const one of settled) tell(orgId, one)
    if (isToldToWait || leased.length < limits.mailLeaseRows) return
  }
  await env.EVENTS.send({ kind: "mails", org_id: orgId })
}

/** One mail after the other, since the service takes but a few a second. Once it says that it wants to wait, the rest is put back untried. */
async function work(
  leased: readonly Leased[],
  people: ReadonlyMap<string, Candidate>,
  sender: Sender,
): Promise<{ readonly settled: readonly Settled[]; readonly isToldToWait: boolean }> {
  const settled: Settled[] = []
  const stopAt = sender.clock() + (limits.mailLeaseSeconds - 3 * limits.mailSendSeconds) * second
  let waitMs: number | undefined
  for (const one of leased) {
    // What is not done by now stays leased until the lease runs out, so that nobody does it at the same time.
    if (sender.clock() > stopAt) break
    const { row } = one
    if (waitMs !== undefined) {
      settled.push({ row, verdict: { status: "WAITING", reason: row.reason, dueAt: sender.clock() + waitMs }, wasTried: false })
      continue
    }
    const idle = whyIdle(one, people.get(row.userId), sender.clock())
    const sending = idle === undefined ? await sendOne(one, people.get(row.userId), sender) : undefined
    const verdict = idle ?? afterSending(sending ?? { kind: "LATER", reason: "UNKNOWN" }, row.attempts, sender.clock())
    settled.push({ row, verdict, wasTried: true })
    if (sending?.kind === "LATER") waitMs = sending.afterMs
  }
  return { settled, isToldToWait: waitMs !== undefined }
}

/** Why a mail is not sent at all: INV-NTF-3 holds when it goes, not only when it was planned. */
function whyIdle({ row, event }: Leased, person: Candidate | undefined, now: Instant): MailVerdict | undefined {
  const over = (status: "FAILED" | "DROPPED", reason: string): MailVerdict => ({ status, reason, dueAt: now })
  // The workers that took it on died, each in its turn: perhaps of this very mail.
  if (row.attempts > limits.mailAttemptsMax) return over("FAILED", "GIVEN_UP")
  if (isTooLate(row.createdAt, now)) return over("FAILED", "TOO_LATE")
  const topic = event === undefined ? undefined : topicOf(event.type)
  if (event === undefined || topic === undefined) return over("DROPPED", "EVENT_GONE")
  if (person === undefined) return over("DROPPED", "PERSON_GONE")
  return isTold(person, { ...event, actorId: null }, topic, "mail") ? undefined : over("DROPPED", "NOT_WANTED")
}

async function sendOne({ row, event }: Leased, person: Candidate | undefined, sender: Sender): Promise<Sending> {
  const topic = event === undefined ? undefined : topicOf(event.type)
  if (event === undefined || topic === undefined || person === undefined) return { kind: "REFUSED", reason: "NOBODY" }
  try {
    const { keys, organizationName, publicUrl } = sender
    const subscription = { org: row.orgId, user: row.userId, type: event.type }
    const stop = publicUrl === "" ? undefined : await unsubscribeUrl(keys, publicUrl, subscription)
    const mail = { id: row.id, ...mailOf(topic, event, person, organizationName, publicUrl, stop) }
    const sending = await sender.mailer.send(mail)
    if (sending.kind !== "LATER" || sending.afterMs === undefined || sending.afterMs > pauseMsMax) return sending
    await new Promise((resolve) => setTimeout(resolve, sending.afterMs))
    return await sender.mailer.send(mail)
  } catch (error) {
    log.error("a mail could not be made", { mail: row.id, type: event.type, error: describeError(error) })
    return { kind: "LATER", reason: "NOT_MADE" }
  }
}

function tell(orgId: OrganizationId, { row, verdict, wasTried }: Settled): void {
  if (!wasTried) return
  metrics.mails.add({ outcome: verdict.status })
  // That there is no mail service the mailer says itself.
  if (verdict.status !== "FAILED" || verdict.reason === "NO_MAIL_SERVICE") return
  log.error("mail given up", { mail: row.id, organization: orgId, attempts: row.attempts, reason: verdict.reason })
}

/** The sweep: wakes the sender of every organization with mails that are due. How many. */
export async function wakeMailers(env: Bindings, meter: Meter, now: Instant): Promise<number> {
  const waiting = await organizationsWithMail(acrossTenants(env, meter, "which organizations have mails that are due"), now)
  await sendAll(
    env.EVENTS,
    waiting.map((orgId) => ({ kind: "mails", org_id: orgId })),
  )
  return waiting.length
}
