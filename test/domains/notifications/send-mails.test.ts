import { env } from "cloudflare:workers"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { cleanUpNotifications, sendMails, wakeMailers } from "../../../src/domains/notifications/index.ts"
import type { OrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { day, hour, minute, second } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { acrossTenants } from "../../../src/platform/db/tenant-db.ts"
import type { Bindings } from "../../../src/platform/env.ts"
import { keepingMailer } from "../../../src/platform/mail/adapters.ts"
import type { Mail, Mailer, Sending } from "../../../src/platform/mail/mailer.ts"
import { D1Faults } from "../../support/d1-faults.ts"
import { type Colleague, colleague, happened, orderData, outboxOf, tell } from "../../support/notifications.ts"
import { api, signUp } from "../../support/world.ts"

const keeping = (now: number): Mailer => keepingMailer(acrossTenants(env, new Meter(), "mails that tests keep and read"), now)

/** A mailer that notes what it is given, and answers as told. */
function noting(answer: (mail: Mail) => Sending | Promise<Sending> = () => ({ kind: "SENT" })) {
  const given: Mail[] = []
  const mailer: Mailer = {
    async send(mail) {
      given.push(mail)
      return answer(mail)
    },
  }
  return { given, mailer }
}

const send = (orgId: string, now: number, mailer?: Mailer) => sendMails(env, new Meter(), orgId as OrganizationId, now, mailer)

/** An organization with these people, told of so many orders that each of them gets a mail about each. */
async function waiting(people: number, orders: number, now: number): Promise<{ orgId: string; token: string; people: Colleague[] }> {
  const { org, owner, token } = await signUp()
  // The owner is told by `people` of none, so that counts are round.
  await env.DB.prepare("update users set is_active = 0 where id = ?").bind(owner.id).run()
  const hired = []
  for (let index = 0; index < people; index += 1) hired.push(await colleague(org.id, "manager"))
  const events = []
  for (let index = 0; index < orders; index += 1)
    events.push(await happened(org.id, { type: "order.placed", data: orderData("supplier", { number: `SO-${index}` }), at: now - index }))
  await tell(events, now)
  return { orgId: org.id, token, people: hired }
}

async function keptFor({ email }: Colleague): Promise<string[]> {
  const { results } = await env.DB.prepare("select subject from kept_mails where recipient = ?").bind(email).all<{ subject: string }>()
  return results.map(({ subject }) => subject).sort()
}

const statuses = async (orgId: string): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { status } of await outboxOf(orgId)) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

describe("mails that are due", () => {
  test("go to each person once, in both parts, with a way to turn them off; a second run sends nothing", async () => {
    const now = Date.now()
    const { orgId, people } = await waiting(2, 2, now)
    const { given, mailer } = noting()
    await send(orgId, now, mailer)
    expect(given.map(({ to }) => to).sort()).toEqual(people.flatMap(({ email }) => [email, email]).sort())
    expect(new Set(given.map(({ id }) => id)).size).toBe(4)
    const [mail] = given
    expect(mail?.subject).toMatch(/^Order SO-\d from Corner Bistro was placed$/)
    expect(mail?.text).toContain("Total: 119.80 USD")
    expect(mail?.html).toContain("<bdi>Corner Bistro</bdi>")
    expect(mail?.unsubscribeUrl).toMatch(/^http:\/\/waybill\.test\/api\/v1\/notifications\/unsubscribe\?.*&signature=[0-9a-f]{64}$/)
    expect(mail?.text).toContain(mail?.unsubscribeUrl)
    expect(await statuses(orgId)).toEqual({ SENT: 4 })
    await send(orgId, now + hour, mailer)
    expect(given).toHaveLength(4)
  })

  test("are shown by /dev/mail in development", async () => {
    const now = Date.now()
    const { orgId, people } = await waiting(1, 1, now)
    await send(orgId, now)
    const { body } = await api("GET", `./dev/mail?to=${encodeURIComponent(people[0]?.email ?? "")}`)
    expect(body.data).toEqual([
      expect.objectContaining({
        subject: "Order SO-0 from Corner Bistro was placed",
        text: expect.stringContaining("Hello Cleo Colleague,"),
      }),
    ])
    expect(body.data[0].token).toBeUndefined()
  })

  test("INV-NTF-5: of two workers at once each mail is taken on by one", async () => {
    const now = Date.now()
    const { orgId } = await waiting(3, 9, now)
    const { given, mailer } = noting(() => new Promise((resolve) => setTimeout(() => resolve({ kind: "SENT" }), 2)))
    await Promise.all([1, 2, 3, 4].map(() => send(orgId, now, mailer)))
    expect(given).toHaveLength(27)
    expect(new Set(given.map(({ id }) => id)).size).toBe(27)
    expect(await statuses(orgId)).toEqual({ SENT: 27 })
  })

  test("beyond what one run takes are left to the next, which it asks for", async () => {
    const now = Date.now()
    const { orgId } = await waiting(6, 18, now)
    const asked: unknown[] = []
    const bindings = { ...env, EVENTS: { send: async (body: unknown) => void asked.push(body) } } as unknown as Bindings
    const { given, mailer } = noting()
    const meter = new Meter()
    await sendMails(bindings, meter, orgId as OrganizationId, now, mailer)
    const most = limits.mailLeaseRows * limits.mailLeasesMax
    expect(given).toHaveLength(most)
    expect(asked).toEqual([{ kind: "mails", org_id: orgId }])
    expect(meter.cost.d1Trips).toBeLessThanOrEqual(4 * limits.mailLeasesMax + 1)
    await send(orgId, now, mailer)
    expect(given).toHaveLength(108)
  })
})

describe("INV-NTF-3, when the mail goes", () => {
  test("who was disabled, lost the permission or turned it off meanwhile gets none; a new address gets it", async () => {
    const now = Date.now()
    const { orgId, people } = await waiting(4, 1, now)
    const [gone, demoted, tired, moved] = people
    await env.DB.prepare("update users set is_active = 0 where id = ?").bind(gone?.id).run()
    await env.DB.prepare("update users set roles = '[]' where id = ?").bind(demoted?.id).run()
    await env.DB.prepare("update users set email = 'moved@example.test' where id = ?").bind(moved?.id).run()
    await api("PUT", "/notifications/preferences", {
      token: tired?.token ?? "",
      body: { preferences: [{ type: "order.placed", mail: false }] },
    })
    const { given, mailer } = noting()
    await send(orgId, now, mailer)
    expect(given.map(({ to }) => to)).toEqual(["moved@example.test"])
    const reasons = (await outboxOf(orgId)).map(({ user_id, status, reason }) => [
      people.findIndex(({ id }) => id === user_id),
      status,
      reason,
    ])
    expect(reasons.sort()).toEqual([
      [0, "DROPPED", "PERSON_GONE"],
      [1, "DROPPED", "NOT_WANTED"],
      [2, "DROPPED", "NOT_WANTED"],
      [3, "SENT", null],
    ])
  })

  test("an event that is gone is told to nobody, and one of another organization's id neither", async () => {
    const now = Date.now()
    const { orgId } = await waiting(1, 1, now)
    const other = await signUp()
    await env.DB.prepare("update events set org_id = ? where org_id = ? and type = 'order.placed'").bind(other.org.id, orgId).run()
    const { given, mailer } = noting()
    await send(orgId, now, mailer)
    expect(given).toEqual([])
    expect((await outboxOf(orgId))[0]).toMatchObject({ status: "DROPPED", reason: "EVENT_GONE" })
  })
})

describe("when the mail service fails", () => {
  test("each try waits longer, and the last gives up with the reason", async () => {
    let now = Date.now()
    const { orgId } = await waiting(1, 1, now)
    const { given, mailer } = noting(() => ({ kind: "LATER", reason: "HTTP_503" }))
    for (let attempt = 1; attempt < limits.mailAttemptsMax; attempt += 1) {
      await send(orgId, now, mailer)
      const [row] = await outboxOf(orgId)
      expect(row).toMatchObject({ status: "WAITING", reason: "HTTP_503", attempts: attempt })
      expect(row?.due_at).toBeGreaterThan(now)
      await send(orgId, now + second, mailer)
      expect(given).toHaveLength(attempt)
      now = row?.due_at ?? now
    }
    await send(orgId, now, mailer)
    expect((await outboxOf(orgId))[0]).toMatchObject({ status: "FAILED", reason: "HTTP_503", attempts: limits.mailAttemptsMax })
    await send(orgId, now + day, mailer)
    expect(given).toHaveLength(limits.mailAttemptsMax)
    expect(new Set(given.map(({ id }) => id)).size).toBe(1)
  })

  test("a mail that is refused for what it is, or too late, is not tried again; the others go", async () => {
    const now = Date.now()
    const { orgId, people } = await waiting(2, 1, now)
    const { mailer } = noting(({ to }) => (to === people[0]?.email ? { kind: "REFUSED", reason: "HTTP_422" } : { kind: "SENT" }))
    await send(orgId, now, mailer)
    expect(await statuses(orgId)).toEqual({ FAILED: 1, SENT: 1 })
    const late = await waiting(1, 1, now)
    await send(late.orgId, now + (limits.mailHoursMax + 1) * hour, mailer)
    expect((await outboxOf(late.orgId))[0]).toMatchObject({ status: "FAILED", reason: "TOO_LATE" })
  })

  test("told to wait, a worker puts back the rest untried; a short wait it makes on the spot", async () => {
    const now = Date.now()
    const { orgId } = await waiting(1, 5, now)
    let calls = 0
    const busy = noting(() => ((calls += 1) === 3 ? { kind: "LATER", reason: "HTTP_429", afterMs: 5 * minute } : { kind: "SENT" }))
    await send(orgId, now, busy.mailer)
    expect(busy.given).toHaveLength(3)
    expect((await outboxOf(orgId)).map(({ status, attempts }) => `${status} ${attempts}`).sort()).toEqual([
      "SENT 1",
      "SENT 1",
      "WAITING 0",
      "WAITING 0",
      "WAITING 1",
    ])
    await send(orgId, now + minute, busy.mailer)
    expect(busy.given).toHaveLength(3)
    let first = true
    const brisk = noting(() => {
      const answer: Sending = first ? { kind: "LATER", reason: "HTTP_429", afterMs: 1 } : { kind: "SENT" }
      first = false
      return answer
    })
    await send(orgId, now + 6 * minute, brisk.mailer)
    expect(await statuses(orgId)).toEqual({ SENT: 5 })
  })

  test("a mailer that throws, though none should, harms no other mail", async () => {
    const now = Date.now()
    const { orgId } = await waiting(1, 3, now)
    let calls = 0
    const { mailer } = noting(() => {
      calls += 1
      if (calls === 2) throw new Error("bug")
      return { kind: "SENT" }
    })
    await send(orgId, now, mailer)
    expect(await statuses(orgId)).toEqual({ SENT: 2, WAITING: 1 })
  })
})

describe("INV-NTF-5, when workers die", () => {
  test("between sending and noting it: the mail goes again under its id, and is kept once", async () => {
    const now = Date.now()
    const { orgId, people } = await waiting(2, 3, now)
    const { given, mailer } = noting(async (mail) => keeping(now).send(mail))
    {
      using faults = new D1Faults()
      const dying: Mailer = {
        async send(mail) {
          faults.heal()
          const sending = await mailer.send(mail)
          // From here on nothing more is noted.
          faults.fail()
          return sending
        },
      }
      await expect(send(orgId, now, dying)).rejects.toThrow("connection lost")
    }
    expect(given.length).toBeGreaterThan(0)
    expect(await statuses(orgId)).toEqual({ WAITING: 6 })
    // Nobody else takes them on while the lease runs.
    await send(orgId, now + minute, mailer)
    const before = given.length
    await send(orgId, now + (limits.mailLeaseSeconds + 1) * second, mailer)
    expect(given.length).toBe(before + 6)
    expect(await statuses(orgId)).toEqual({ SENT: 6 })
    for (const person of people)
      expect(await keptFor(person)).toEqual([0, 1, 2].map((index) => `Order SO-${index} from Corner Bistro was placed`))
  })

  test("a mail of which each worker dies is given up, not tried for ever", async () => {
    let now = Date.now()
    const { orgId } = await waiting(1, 1, now)
    const { given, mailer } = noting()
    await env.DB.prepare("update mail_outbox set attempts = ? where org_id = ?").bind(limits.mailAttemptsMax, orgId).run()
    now += minute
    await send(orgId, now, mailer)
    expect(given).toEqual([])
    expect((await outboxOf(orgId))[0]).toMatchObject({ status: "FAILED", reason: "GIVEN_UP" })
  })

  test("with D1, the mail service and the workers failing at random: everybody gets every mail that is not given up with a reason, nobody gets one twice", async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 9 })), fc.integer({ min: 1, max: 3 }), async (dice, headcount) => {
        let now = Date.now()
        const { orgId, people } = await waiting(headcount, 4, now)
        const roll = (): number => dice.next().value ?? 0
        {
          using faults = new D1Faults()
          for (let round = 0; round < 12; round += 1) {
            const die = roll()
            // The outbox's own trips fail, or their answers are lost once they are carried out.
            if (die === 0) faults.fail()
            if (die === 1) faults.loseAnswers()
            const flaky: Mailer = {
              async send(mail) {
                faults.heal()
                const luck = roll()
                if (luck < 2) return { kind: "LATER", reason: "HTTP_503" }
                const sending = await keeping(now).send(mail)
                if (luck === 3) throw new Error("the worker died")
                if (luck === 4) return { kind: "LATER", reason: "NO_ANSWER" }
                if (luck === 5) faults.fail()
                if (luck === 6) faults.loseAnswers()
                return sending
              },
            }
            await Promise.all([send(orgId, now, flaky), send(orgId, now, flaky)]).catch(() => undefined)
            faults.heal()
            now += 20 * minute
          }
        }
        await send(orgId, now, keeping(now))
        const rows = await outboxOf(orgId)
        for (const person of people) {
          const kept = await keptFor(person)
          expect(new Set(kept).size).toBe(kept.length)
          const failed = rows.filter(({ user_id, status }) => user_id === person.id && status !== "SENT")
          // Eight bad throws in a row are a mail given up, with its reason; even of those most went.
          expect(kept.length).toBeGreaterThanOrEqual(4 - failed.length)
          for (const row of failed) expect([row.status, row.attempts >= limits.mailAttemptsMax]).toEqual(["FAILED", true])
        }
      }),
      { numRuns: 6 },
    )
  }, 120_000)
})

test("the sweep wakes each organization whose mails are due, and no other", async () => {
  const now = Date.now()
  const [due, done, future] = [await waiting(1, 2, now), await waiting(1, 1, now), await waiting(1, 1, now + hour)]
  await send(done.orgId, now, noting().mailer)
  const woken: string[] = []
  const bindings = {
    ...env,
    EVENTS: {
      sendBatch: async (messages: Array<{ body: { org_id: string } }>) => void woken.push(...messages.map(({ body }) => body.org_id)),
    },
  } as unknown as Bindings
  // However many mails of another organization have waited for longer.
  const crowded = `org_${"0".repeat(26)}`
  await env.DB.prepare(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
     insert into mail_outbox (org_id, event_id, user_id, id, status, attempts, due_at, created_at)
     select ?, 'evt_' || i, 'usr_x', 'mal_' || i, 'WAITING', 0, 1, 1 from n`,
  )
    .bind(crowded)
    .run()
  const meter = new Meter()
  await wakeMailers(bindings, meter, now + minute)
  await env.DB.prepare("delete from mail_outbox where org_id = ?").bind(crowded).run()
  expect(woken).toContain(crowded)
  expect(meter.cost.d1RowsRead).toBeLessThan(1_000)
  expect(woken.filter((id) => [due.orgId, done.orgId, future.orgId].includes(id))).toEqual([due.orgId])
  await send(due.orgId, now + minute, noting().mailer)
})

test("the outbox remembers mails for a month, so that no event handed out again sends another", async () => {
  const now = Date.now()
  const { orgId } = await waiting(1, 1, now)
  await send(orgId, now, noting().mailer)
  await cleanUpNotifications(env, new Meter(), now + (limits.mailDaysKept - 1) * day)
  expect(await outboxOf(orgId)).toHaveLength(1)
  await cleanUpNotifications(env, new Meter(), now + (limits.mailDaysKept + 1) * day)
  expect(await outboxOf(orgId)).toEqual([])
})
