import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { cleanUpNotifications } from "../../../src/domains/notifications/index.ts"
import { newId, platformOrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { day } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { happened, orderData, tell } from "../../support/notifications.ts"
import { api, auditOf, costOf, hire, platformStaff, signIn, signUp, unique } from "../../support/world.ts"

const start = Date.now() - 1_000_000

/** The owner is told of so many orders, a second apart. */
async function toldOf(orgId: string, count: number, from = start): Promise<void> {
  const events = []
  for (let index = 0; index < count; index += 1)
    events.push(
      await happened(orgId, { type: "order.placed", data: orderData("supplier", { number: `SO-${index}` }), at: from + index * 1_000 }),
    )
  await tell(events)
}

const list = (token: string, query = "") => api("GET", `/notifications${query}`, { token })
const titles = (body: { data: Array<{ title: string }> }): string[] => body.data.map(({ title }) => title)
const placed = (index: number): string => `Order SO-${index} from Corner Bistro was placed`

describe("the list", () => {
  test("shows what a person was told, newest first, with how many are unread", async () => {
    const { org, token } = await signUp()
    await toldOf(org.id, 3)
    const { status, body } = await list(token)
    expect(status).toBe(200)
    expect(body.unread_count).toBe(3)
    expect(titles(body)).toEqual([placed(2), placed(1), placed(0)])
    expect(body.data[0]).toEqual({
      id: expect.stringMatching(/^ntf_/),
      type: "order.placed",
      title: placed(2),
      body: "Total: 119.80 USD\nBy: Bea Buyer",
      subject: { kind: "order", id: expect.stringMatching(/^ord_/) },
      is_read: false,
      read_at: null,
      created_at: new Date(start + 2_000).toISOString(),
    })
  })

  test("pages by cursor, each notification once, also while others come and are read", async () => {
    const { org, token } = await signUp()
    await toldOf(org.id, 25)
    const first = (await list(token, "?limit=10")).body
    await toldOf(org.id, 3, Date.now())
    const second = (await list(token, `?limit=10&cursor=${first.next_cursor}`)).body
    await api("POST", `/notifications/${second.data[3].id}/read`, { token })
    const third = (await list(token, `?limit=10&cursor=${second.next_cursor}`)).body
    expect([...titles(first), ...titles(second), ...titles(third)]).toEqual(Array.from({ length: 25 }, (_, index) => placed(24 - index)))
    expect(third.next_cursor).toBeNull()
    for (const query of ["?limit=0", "?limit=101", "?cursor=x", "?unread=maybe", "?sort=title", "?user_id=usr_1"])
      expect([query, (await list(token, query)).status]).toEqual([query, 422])
    const ofUnread = (await list(token, "?limit=1&unread=true")).body.next_cursor
    expect((await list(token, `?cursor=${ofUnread}`)).status).toBe(422)
  })

  test("of unread ones holds those alone, page by page", async () => {
    const { org, token } = await signUp()
    await toldOf(org.id, 6)
    const all = (await list(token)).body.data as Array<{ id: string }>
    for (const index of [0, 2, 5]) await api("POST", `/notifications/${all[index]?.id}/read`, { token })
    const first = (await list(token, "?unread=true&limit=2")).body
    const second = (await list(token, `?unread=true&limit=2&cursor=${first.next_cursor}`)).body
    expect([...titles(first), ...titles(second)]).toEqual([placed(4), placed(2), placed(1)])
    expect([first.unread_count, second.next_cursor]).toEqual([3, null])
    expect((await list(token, "?unread=false")).body.data).toHaveLength(6)
  })

  test("costs one trip, the rows it returns, and a count that stops at a hundred", async () => {
    const { org, token } = await signUp()
    await toldOf(org.id, 180)
    const pages = await Promise.all([0, 1, 2].map(() => list(token, "?limit=50")))
    const [cheapest] = pages.map(costOf).sort((a, b) => a.trips - b.trips || a.read - b.read)
    expect(cheapest).toMatchObject({ trips: 1, written: 0 })
    expect(cheapest?.read).toBeLessThanOrEqual(51 + limits.unreadCountMax + 2)
    expect(pages[0]?.body.unread_count).toBe(limits.unreadCountMax)
    const unread = await Promise.all([0, 1, 2].map(() => list(token, "?limit=50&unread=true")))
    const [least] = unread.map(costOf).sort((a, b) => a.trips - b.trips || a.read - b.read)
    expect(least?.read).toBeLessThanOrEqual(2 * 51 + limits.unreadCountMax + 2)
  })
})

describe("reading", () => {
  test("marks one as read, once and for all: a repeat says the same", async () => {
    const { org, token } = await signUp()
    await toldOf(org.id, 2)
    const { id } = (await list(token)).body.data[0]
    const first = await api("POST", `/notifications/${id}/read`, { token })
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ id, is_read: true, read_at: expect.stringMatching(/Z$/) })
    const again = await api("POST", `/notifications/${id}/read`, { token })
    expect(again.body).toEqual(first.body)
    expect((await list(token)).body.unread_count).toBe(1)
  })

  test("and choosing, under one Idempotency-Key, are one act; another body under it is refused", async () => {
    const { org, token } = await signUp()
    await toldOf(org.id, 1)
    const { id } = (await list(token)).body.data[0]
    const headers = { "idempotency-key": unique("key") }
    const [first, second] = [
      await api("POST", `/notifications/${id}/read`, { token, headers }),
      await api("POST", `/notifications/${id}/read`, { token, headers }),
    ]
    expect(second.body).toEqual(first.body)
    const choose = (mail: boolean) =>
      api("PUT", "/notifications/preferences", { token, headers, body: { preferences: [{ type: "order.placed", mail }] } })
    expect((await choose(false)).body.version).toBe(1)
    expect((await choose(false)).body.version).toBe(1)
    expect((await choose(true)).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
  })

  test("of all marks those that are there, a bounded number at a time, and says whether there are more", async () => {
    const { org, token } = await signUp()
    await toldOf(org.id, 5)
    const answer = await api("POST", "/notifications/all/read", { token })
    expect([answer.status, answer.body]).toEqual([200, { marked: 5, has_more: false }])
    expect((await list(token)).body.unread_count).toBe(0)
    expect((await api("POST", "/notifications/all/read", { token })).body).toEqual({ marked: 0, has_more: false })
    for (const id of ["every", newId("ord", 1), "ALL", "*"])
      expect((await api("POST", `/notifications/${id}/read`, { token })).status).toBe(422)
  })

  test("INV-NTF-7: nobody reads or marks another's: not a colleague, not another organization, not platform staff, no key", async () => {
    const mine = await signUp()
    const theirs = await signUp()
    const colleague = await hire(mine.token, "staff")
    await toldOf(mine.org.id, 1)
    const { id } = (await list(mine.token)).body.data[0]
    for (const token of [colleague.token, theirs.token]) {
      expect((await list(token)).body).toMatchObject({ data: [], unread_count: 0 })
      expect((await api("POST", `/notifications/${id}/read`, { token })).status).toBe(404)
      expect((await api("POST", "/notifications/all/read", { token })).body.marked).toBe(0)
    }
    const staff = await platformStaff()
    const entered = { token: staff.token, headers: { "x-tenant-id": mine.org.id } }
    expect((await api("GET", "/notifications", entered)).body).toMatchObject({ data: [], unread_count: 0 })
    expect((await api("POST", `/notifications/${id}/read`, entered)).status).toBe(404)
    expect((await api("POST", "/notifications/all/read", entered)).body.marked).toBe(0)
    const choice = { preferences: [{ type: "order.placed", in_app: false }] }
    expect((await api("PUT", "/notifications/preferences", { ...entered, body: choice })).status).toBe(200)
    const { results } = await env.DB.prepare("select org_id from notification_preferences where user_id = ?").bind(staff.id).all()
    expect(results).toEqual([{ org_id: platformOrganizationId }])
    const { body: key } = await api("POST", "/api-keys", { token: mine.token, body: { name: "ERP", permissions: ["orders.order.read"] } })
    for (const path of ["/notifications", "/notifications/preferences"])
      expect((await api("GET", path, { token: key.secret })).body.code).toBe("FORBIDDEN")
    expect((await list(mine.token)).body.unread_count).toBe(1)
    expect((await api("GET", "/notifications")).status).toBe(401)
  })
})

describe("preferences", () => {
  type Preference = { type: string; in_app: boolean; mail: boolean; offers_mail: boolean; is_default: boolean }
  const read = async (token: string) => {
    const answer = await api("GET", "/notifications/preferences", { token })
    const byType = new Map((answer.body.preferences as Preference[]).map((one) => [one.type, one]))
    return {
      etag: answer.headers.get("etag") ?? "",
      version: answer.body.version as number,
      all: answer.body.preferences,
      of: (type: string) => byType.get(type),
    }
  }
  const set = (token: string, preferences: unknown, headers: Record<string, string> = {}) =>
    api("PUT", "/notifications/preferences", { token, body: { preferences }, headers })

  test("begin with what the roles make of them, and show what their permissions show", async () => {
    const { token } = await signUp()
    const owner = await read(token)
    expect(owner.version).toBe(0)
    expect(owner.of("order.placed")).toEqual({
      type: "order.placed",
      description: "An order was placed.",
      in_app: true,
      mail: true,
      offers_mail: true,
      is_default: true,
    })
    expect(owner.of("product.updated")).toMatchObject({ in_app: false, mail: false, offers_mail: false })
    const staff = await read((await hire(token, "staff")).token)
    expect(staff.of("order.placed")).toMatchObject({ in_app: false, mail: false })
    expect(staff.of("user.created")).toBeUndefined()
  })

  test("are replaced by what is sent, audited, and left out is as by default", async () => {
    const { org, token } = await signUp()
    const answer = await set(token, [
      { type: "order.placed", mail: false },
      { type: "product.updated", in_app: true },
    ])
    expect([answer.status, answer.body.version]).toEqual([200, 1])
    const first = await read(token)
    expect(first.of("order.placed")).toMatchObject({ in_app: true, mail: false, is_default: false })
    expect(first.of("product.updated")).toMatchObject({ in_app: true, is_default: false })
    await set(token, [{ type: "order.placed", in_app: false }])
    const second = await read(token)
    expect(second.of("order.placed")).toMatchObject({ in_app: false, mail: true })
    expect(second.of("product.updated")).toMatchObject({ in_app: false, is_default: true })
    const audited = (await auditOf(org.id)).filter(({ action }) => action === "notifications.preferences.update")
    expect(audited.map(({ before, after }) => [JSON.parse(before ?? ""), JSON.parse(after ?? "")])).toEqual([
      [{ choices: {} }, { choices: { "order.placed": { mail: false }, "product.updated": { in_app: true } } }],
      [
        { choices: { "order.placed": { mail: false }, "product.updated": { in_app: true } } },
        { choices: { "order.placed": { in_app: false } } },
      ],
    ])
  })

  test("INV-NTF-6: what equals the default is no choice: whoever sends back all they read still follows their roles", async () => {
    const { token } = await signUp()
    const person = await hire(token, "staff")
    const before = await read(person.token)
    const all = (before.all as Preference[]).map(({ type, in_app, mail }) => ({ type, in_app, mail }))
    expect((await set(person.token, all)).status).toBe(200)
    expect((await read(person.token)).of("order.placed")).toMatchObject({ in_app: false, is_default: true })
    const { results } = await env.DB.prepare("select choices from notification_preferences where user_id = ?").bind(person.id).all()
    expect(results).toEqual([{ choices: "{}" }])
  })

  test("are changed by one of two at once: If-Match of what was read, and a stale one is refused", async () => {
    const { token } = await signUp()
    const { etag } = await read(token)
    const one = await set(token, [{ type: "order.placed", mail: false }], { "if-match": etag })
    expect(one.status).toBe(200)
    expect((await set(token, [], { "if-match": etag })).body.code).toBe("VERSION_MISMATCH")
    expect((await read(token)).of("order.placed")?.mail).toBe(false)
    const statuses = (
      await Promise.all(
        Array.from({ length: 5 }, (_, index) =>
          set(token, [{ type: "order.accepted", mail: index % 2 === 0 }], { "if-match": one.headers.get("etag") ?? "" }),
        ),
      )
    ).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(4)
  })

  test("refuse what there is not: unknown types, fields and mails, a type twice", async () => {
    const { token } = await signUp()
    for (const preferences of [
      [{ type: "order.exploded", mail: true }],
      [{ type: "product.updated", mail: true }],
      [{ type: "order.placed", sms: true }],
      [{ type: "__proto__", mail: true }],
      [{ type: "order.placed" }, { type: "order.placed", mail: false }],
      "all",
      [{ type: "order.placed", mail: "no" }],
    ])
      expect([preferences, (await set(token, preferences)).status]).toEqual([preferences, 422])
    expect((await read(token)).version).toBe(0)
  })

  test("can be changed in a deactivated organization, whose people may still want no mail", async () => {
    const { org, owner, token } = await signUp()
    expect((await api("DELETE", `/organizations/${org.id}`, { token })).status).toBe(204)
    const again = await signIn(owner.email)
    expect((await set(again.token, [{ type: "order.placed", mail: false }])).status).toBe(200)
  })
})

test("the nightly clean-up takes what was read a month ago or came half a year ago, and leaves the rest", async () => {
  const { org, token } = await signUp()
  await toldOf(org.id, 3, Date.now())
  const { id } = (await list(token)).body.data[1]
  await api("POST", `/notifications/${id}/read`, { token })
  const after = async (days: number) => {
    await cleanUpNotifications(env, new Meter(), Date.now() + days * day)
    return titles((await list(token)).body)
  }
  expect(await after(limits.readNotificationDaysKept - 1)).toEqual([placed(2), placed(1), placed(0)])
  expect(await after(limits.readNotificationDaysKept + 1)).toEqual([placed(2), placed(0)])
  expect(await after(limits.notificationDaysKept - 1)).toEqual([placed(2), placed(0)])
  expect(await after(limits.notificationDaysKept + 1)).toEqual([])
})
