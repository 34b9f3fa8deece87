import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { users } from "../../../src/domains/identity/tables.ts"
import { notificationsSubscriber } from "../../../src/domains/notifications/index.ts"
import { mintId, newId, type OrganizationId, type UserId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { hour, minute } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { type Colleague, colleague, happened, orderData, outboxOf, tell } from "../../support/notifications.ts"
import { dbOf } from "../../support/tenant-db.ts"
import { api, hire, newEmail, signUp, type World } from "../../support/world.ts"

/** Who was told of something, by channel: names given here by user id. */
async function told(orgId: string, people: Readonly<Record<string, { readonly id: string }>>) {
  const nameOf = (id: string) => Object.entries(people).find(([, person]) => person.id === id)?.[0] ?? id
  const { results } = await env.DB.prepare("select user_id from notifications where org_id = ?").bind(orgId).all<{ user_id: string }>()
  const mails = await outboxOf(orgId)
  return {
    inApp: results.map(({ user_id }) => nameOf(user_id)).sort(),
    mail: mails.map(({ user_id }) => nameOf(user_id)).sort(),
  }
}

type Staffed = World & { readonly people: Record<"owner" | "manager" | "sales" | "warehouse" | "staff", Colleague> }

async function staffed(): Promise<Staffed> {
  const world = await signUp(["supplier", "buyer"])
  const [manager, sales, warehouse, staff] = [
    await colleague(world.org.id, "manager"),
    await colleague(world.org.id, "sales_rep"),
    await colleague(world.org.id, "warehouse_op"),
    await colleague(world.org.id, "staff"),
  ]
  return { ...world, people: { owner: world.owner, manager, sales, warehouse, staff } }
}

const choose = async (person: Colleague, preferences: unknown) => {
  const answer = await api("PUT", "/notifications/preferences", { token: person.token, body: { preferences } })
  expect(answer.status).toBe(200)
}

const complaint = (more: Readonly<Record<string, unknown>>) => ({
  complaint_id: newId("cmp", Date.now()),
  title: "Rotten tomatoes",
  order_number: "SO-1042",
  actor_name: "Bea Buyer",
  level: "SALES",
  due_at: "2026-01-31T09:30:00.000Z",
  side: "supplier",
  ...more,
})

describe("who is told", () => {
  test("of an order: the supplier's people who may accept it, the buyer's who place, and nobody else", async () => {
    const { org, people } = await staffed()
    await tell([await happened(org.id, { type: "order.placed", data: orderData("supplier") })])
    expect(await told(org.id, people)).toEqual({ inApp: ["manager", "owner", "sales"], mail: ["manager", "owner", "sales"] })
    const other = await staffed()
    await tell([await happened(other.org.id, { type: "order.accepted", data: orderData("buyer") })])
    expect(await told(other.org.id, other.people)).toEqual({ inApp: ["manager", "owner"], mail: ["manager", "owner"] })
  })

  test("INV-NTF-2: never of one's own act, by no channel, whatever one chose", async () => {
    const { org, people } = await staffed()
    await choose(people.manager, [{ type: "product.created", in_app: true }])
    await tell([
      await happened(org.id, { type: "order.placed", data: orderData("supplier"), actorId: people.manager.id }),
      await happened(org.id, { type: "product.created", data: { product_id: "prd_x" }, actorId: people.manager.id }),
    ])
    expect(await told(org.id, people)).toEqual({ inApp: ["owner", "sales"], mail: ["owner", "sales"] })
  })

  test("INV-NTF-1: the same events again, alone or with others, and twice at once, add nothing", async () => {
    const { org, people } = await staffed()
    const first = await happened(org.id, { type: "order.placed", data: orderData("supplier") })
    await Promise.all([tell([first]), tell([first])])
    const before = await outboxOf(org.id)
    const second = await happened(org.id, { type: "link.requested", data: { side: "supplier", counterparty_name: "Bistro" } })
    await tell([first, second])
    await tell([first, second], Date.now() + 60_000)
    expect((await told(org.id, people)).inApp).toHaveLength(6)
    const after = await outboxOf(org.id)
    expect(after).toHaveLength(6)
    // The id is the key by which a mail is sent once: a repeat must not give it another.
    expect(after.filter((row) => row.event_id === first.id)).toEqual(before)
  })

  test("INV-NTF-3: not who is disabled, has no password yet, or lost the permission", async () => {
    const { org, token, people } = await staffed()
    await api("DELETE", `/users/${people.sales.id}`, { token })
    await api("POST", `/users/${people.manager.id}/roles`, { token, body: { roles: ["staff"] } })
    await api("POST", "/users", { token, body: { email: newEmail(), full_name: "Not Yet", roles: ["manager"] } })
    await tell([await happened(org.id, { type: "order.placed", data: orderData("supplier") })])
    expect(await told(org.id, people)).toEqual({ inApp: ["owner"], mail: ["owner"] })

    // A role without the event's own permission shows nothing, even to whoever asked for it before.
    await api("POST", "/roles", {
      token,
      body: { name: "packers", description: "", permissions: ["orders.sale.accept", "orders.order.read"] },
    })
    const packer = await hire(token, "packers")
    await choose(packer, [{ type: "product.created", in_app: true }])
    await tell([
      await happened(org.id, { type: "product.created", data: {} }),
      await happened(org.id, { type: "order.cancelled", data: orderData("supplier") }),
    ])
    // The queue's consumer hands out what happened, too: perhaps the order placed before, to who has come meanwhile.
    const { results } = await env.DB.prepare("select type from notifications where user_id = ?").bind(packer.id).all<{ type: string }>()
    const types = results.map(({ type }) => type)
    expect([types.includes("order.cancelled"), types.includes("product.created")]).toEqual([true, false])
  })

  test("INV-NTF-6: as chosen, by channel; and who chose nothing by roles", async () => {
    const { org, people } = await staffed()
    await choose(people.owner, [{ type: "order.placed", in_app: true, mail: false }])
    await choose(people.sales, [{ type: "order.placed", in_app: false, mail: true }])
    await choose(people.manager, [{ type: "order.placed", in_app: false, mail: false }])
    await choose(people.staff, [{ type: "order.placed", mail: true }])
    await tell([await happened(org.id, { type: "order.placed", data: orderData("supplier") })])
    expect(await told(org.id, people)).toEqual({ inApp: ["owner"], mail: ["sales", "staff"] })
  })

  test("of a complaint that is assigned: its assignee alone, but not who took it on themselves", async () => {
    const { org, people } = await staffed()
    const data = complaint({ assignee_id: people.sales.id })
    await tell([await happened(org.id, { type: "complaint.assigned", data, actorId: people.manager.id })])
    expect(await told(org.id, people)).toEqual({ inApp: ["sales"], mail: ["sales"] })
    await tell([await happened(org.id, { type: "complaint.assigned", data, actorId: people.sales.id })])
    expect((await told(org.id, people)).mail).toEqual(["sales"])
  })

  test("of a complaint that is escalated: those of its level, and the buyer's side in the app", async () => {
    const { org, people } = await staffed()
    await tell([await happened(org.id, { type: "complaint.escalated", data: complaint({ level: "OWNER" }) })])
    expect(await told(org.id, people)).toEqual({ inApp: ["owner"], mail: ["owner"] })
    const buyer = await staffed()
    await tell([await happened(buyer.org.id, { type: "complaint.escalated", data: complaint({ level: "OWNER", side: "buyer" }) })])
    expect(await told(buyer.org.id, buyer.people)).toEqual({ inApp: ["manager", "owner"], mail: [] })
  })

  test("of one organization's event nobody of another, and of an unknown type nobody at all", async () => {
    const [mine, theirs] = [await staffed(), await staffed()]
    await tell([
      await happened(mine.org.id, { type: "order.placed", data: orderData("supplier", { assignee_id: theirs.people.sales.id }) }),
    ])
    expect(await told(theirs.org.id, theirs.people)).toEqual({ inApp: [], mail: [] })
    expect((await told(mine.org.id, mine.people)).inApp).toEqual(["manager", "owner", "sales"])
    await tell([
      await happened(theirs.org.id, { type: "planet.exploded", data: {} }),
      await happened(theirs.org.id, { type: "toString", data: {} }),
    ])
    expect(await told(theirs.org.id, theirs.people)).toEqual({ inApp: [], mail: [] })
  })

  test("data of any shape is told of or not, and breaks nothing", async () => {
    const { org, people } = await staffed()
    const shapes = [
      7,
      "text",
      [],
      [1],
      { number: {} },
      { reason: ["x"], by: 9 },
      { counterparty_name: "\u202e\ud800\u0000x".repeat(5_000) },
    ]
    const events = []
    for (const data of shapes) events.push(await happened(org.id, { type: "order.placed", data }))
    await tell(events)
    const { results } = await env.DB.prepare("select title, body from notifications where user_id = ?")
      .bind(people.owner.id)
      .all<{ title: string; body: string }>()
    expect(results).toHaveLength(shapes.length)
    for (const { title, body } of results) {
      expect(title.length).toBeLessThanOrEqual(limits.notificationTitleCharsMax)
      expect(title).not.toMatch(/[\p{Cc}\u202e\ud800-\udfff]/u)
      expect(body.length).toBeLessThanOrEqual(limits.notificationBodyCharsMax)
    }
  })
})

describe("INV-NTF-8: a partner who does very much", () => {
  const most = limits.mailsPerTypeAndHourMax
  const placed = (orgId: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => happened(orgId, { type: "order.placed", data: orderData("supplier") })))
  const counts = async (orgId: string, people: Staffed["people"]) => {
    const { inApp, mail } = await told(orgId, people)
    const of = (names: readonly string[]) => names.filter((name) => name === "sales").length
    return [of(inApp), of(mail)]
  }

  test("makes a person so many mails of a type in an hour, of each type by itself; the app tells all", async () => {
    const { org, people } = await staffed()
    const now = Date.now()
    const first = await placed(org.id, most - 2)
    await tell(first, now)
    const more = await placed(org.id, 5)
    await tell(more, now + minute)
    expect(await counts(org.id, people)).toEqual([most + 3, most])
    // Handed out again it is the same.
    await tell([...first, ...more], now + 2 * minute)
    await tell(more, now + 2 * minute)
    expect(await counts(org.id, people)).toEqual([most + 3, most])
    await tell([await happened(org.id, { type: "order.cancelled", data: orderData("supplier") })], now + 3 * minute)
    expect(await counts(org.id, people)).toEqual([most + 4, most + 1])
    await tell(await placed(org.id, 3), now + hour + minute - 1)
    expect(await counts(org.id, people)).toEqual([most + 7, most + 4])
  })

  test("leaves whoever turned the app off for the type with what is no mail any more in the app", async () => {
    const { org, people } = await staffed()
    await choose(people.sales, [{ type: "order.placed", in_app: false }])
    await tell(await placed(org.id, most + 3))
    expect(await counts(org.id, people)).toEqual([3, most])
  })
})

describe("a large organization", () => {
  const crowd = async (orgId: string, count: number): Promise<UserId[]> => {
    const db = dbOf(orgId)
    const ids = Array.from({ length: count }, (_, index) =>
      mintId("usr", { at: 1_800_000_000_000 + index, random: crypto.getRandomValues(new Uint8Array(10)) }),
    )
    for (let from = 0; from < count; from += 100)
      await db.run(
        ids.slice(from, from + 100).map((id) =>
          db.insert(users, {
            id,
            email: `${id}@example.test`,
            fullName: "One of Many",
            passwordHash: "x",
            roles: ["manager"],
            isActive: true,
            version: 1,
            createdAt: 1,
            updatedAt: 1,
          }),
        ),
      )
    return ids
  }

  test("INV-NTF-4: the longest there are told, and the one it is assigned to; a batch stays small", async () => {
    const { org } = await signUp()
    const ids = await crowd(org.id, 2_100)
    const last = ids.at(-1)
    const events = []
    for (let index = 0; index < 20; index += 1) events.push(await happened(org.id, { type: "order.placed", data: orderData("supplier") }))
    events.push(await happened(org.id, { type: "complaint.assigned", data: complaint({ assignee_id: last }) }))
    events.push(await happened(org.id, { type: "complaint.reopened", data: complaint({ assignee_id: last }) }))
    const meter = new Meter()
    const statements = await notificationsSubscriber.plan(env, meter, events, Date.now())
    expect(meter.cost.d1Trips).toBe(3)
    expect(statements.length).toBeLessThanOrEqual(14)
    for (const { sql, params } of statements) {
      expect(sql.length).toBeLessThan(100_000)
      expect(String(params[0]).length).toBeLessThan(1_000_000)
    }
    await dbOf(org.id).run(statements)
    const { results } = await env.DB.prepare("select id, count(*) as n from notifications where org_id = ? group by id")
      .bind(org.id)
      .all<{ n: number }>()
    expect(results.map(({ n }) => n).sort((a, b) => a - b)).toEqual([1, ...Array.from({ length: 21 }, () => limits.recipientsPerEventMax)])
    const of = async (id: unknown) =>
      (await env.DB.prepare("select count(*) as n from notifications where user_id = ?").bind(id).first<{ n: number }>())?.n
    // Assigned and reopened, though 2,000 are longer there.
    expect(await of(last)).toBe(2)
    expect(await of(ids[198])).toBe(20)
    expect(await of(ids[199])).toBe(0)
  }, 60_000)
})

test("afterwards the sender is woken once for each organization, where there may be mail", async () => {
  const sent: unknown[] = []
  const bindings = { ...env, EVENTS: { send: async (body: unknown) => void sent.push(body) } } as unknown as typeof env
  const [a, b] = [newId("org", 1), newId("org", 2)]
  const event = (orgId: OrganizationId, type: string) => ({
    seq: 1,
    id: newId("evt", 1),
    orgId,
    type,
    permission: "orders.order.read" as const,
    actorId: null,
    data: {},
    at: 1,
  })
  await notificationsSubscriber.afterwards?.(bindings, [event(a, "order.placed"), event(a, "order.accepted"), event(b, "product.updated")])
  expect(sent).toEqual([{ kind: "mails", org_id: a }])
  const down = { ...env, EVENTS: { send: () => Promise.reject(new Error("down")) } } as unknown as typeof env
  await notificationsSubscriber.afterwards?.(down, [event(a, "order.placed")])
})
