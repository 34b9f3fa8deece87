import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { newId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { attempt, deliveriesOf, handOut, happen, target, webhook } from "../../support/webhooks.ts"
import { api, auditOf, eventsOf, hire, signUp, unique, type World } from "../../support/world.ts"

const url = "https://hooks.green-valley.example/waybill"
const create = (token: string, body: object = {}, headers: Record<string, string> = {}) =>
  api("POST", "/webhooks", { token, body: { url, event_types: ["order.placed"], ...body }, headers })
const change = (token: string, id: string, body: object, headers: Record<string, string> = {}) =>
  api("PATCH", `/webhooks/${id}`, { token, body, headers })
const replay = (token: string, id: string, delivery: string, headers: Record<string, string> = {}) =>
  api("POST", `/webhooks/${id}/deliveries/${delivery}/replay`, { token, headers })

/** A webhook with one delivery that was delivered. */
async function delivered(world: World) {
  const there = await target()
  const made = await webhook(world, there.url, ["order.accepted"])
  await happen(world.org.id, newId("evt", Date.now()))
  await handOut(world.org.id)
  const [delivery] = await deliveriesOf(world, made.id)
  await attempt(world.org.id, delivery?.id ?? "")
  return { there, made, delivery: delivery?.id ?? "", event: delivery?.event_id ?? "" }
}

describe("a webhook", () => {
  test("is created with a secret that is shown once, listed without, audited and told of", async () => {
    const { org, token, owner } = await signUp()
    const made = await create(token, { description: "To accounting" })
    expect(made.status).toBe(201)
    expect(made.headers.get("location")).toBe(`/api/v1/webhooks/${made.body.id}`)
    expect(made.body).toMatchObject({
      url,
      event_types: ["order.placed"],
      description: "To accounting",
      status: "ACTIVE",
      disabled_reason: null,
      created_by: owner.id,
      version: 1,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    })
    const { secret, ...rest } = made.body
    const listed = await api("GET", "/webhooks", { token })
    expect(listed.body).toEqual({ data: [rest], next_cursor: null })
    const audit = (await auditOf(org.id)).filter(({ action }) => action === "webhooks.endpoint.create")
    expect(audit).toHaveLength(1)
    const everything = await env.DB.prepare("select group_concat(data) as text from events where org_id = ?").bind(org.id).first()
    expect(JSON.stringify([audit, everything])).not.toContain(secret)
    expect(await eventsOf(org.id)).toContain("webhook.created")
  })

  test("INV-HTTP-2: repeated under one Idempotency-Key is made once, and its secret is null in the repeat", async () => {
    const { token } = await signUp()
    const headers = { "idempotency-key": unique("key") }
    const [first, again] = [await create(token, {}, headers), await create(token, {}, headers)]
    expect(again.status).toBe(201)
    expect(again.body).toEqual({ ...first.body, secret: null })
    expect((await api("GET", "/webhooks", { token })).body.data).toHaveLength(1)
    const rotate = { "idempotency-key": unique("key") }
    const rotated = await change(token, first.body.id, { rotate_secret: true }, rotate)
    expect((await change(token, first.body.id, { rotate_secret: true }, rotate)).body).toEqual({ ...rotated.body, secret: null })
    expect((await api("GET", "/webhooks", { token })).body.data[0].version).toBe(2)
  })

  test("is listed page by page", async () => {
    const { token } = await signUp()
    const made: string[] = []
    for (let count = 0; count < 3; count += 1) made.push((await create(token)).body.id)
    const first = await api("GET", "/webhooks?limit=2", { token })
    const second = await api("GET", `/webhooks?limit=2&cursor=${first.body.next_cursor}`, { token })
    expect([...first.body.data, ...second.body.data].map(({ id }: { id: string }) => id)).toEqual([...made].sort())
    expect(second.body.next_cursor).toBeNull()
  })

  test.each([
    ["no URL", { url: "no url" }, "/url"],
    ["a scheme of another kind", { url: "ftp://hooks.example/x" }, "/url"],
    ["a password in the URL", { url: "https://user:secret@hooks.example/x" }, "/url"],
    ["an unknown event type", { event_types: ["order.placed", "order.eaten"] }, "/event_types/1"],
    ["no event type", { event_types: [] }, "/event_types"],
    ["all and one", { event_types: ["*", "order.placed"] }, "/event_types"],
    ["too many types", { event_types: Array.from({ length: 51 }, (_, index) => `a.${"b".repeat(index + 1)}`) }, "/event_types"],
    ["a secret of one's own", { secret: "whsec_mine" }, "/secret"],
    ["a line of control characters", { description: "a\u0007b" }, "/description"],
  ])("is refused with %s", async (_, body, pointer) => {
    const { token } = await signUp()
    const { status, body: problem } = await create(token, body)
    expect([status, problem.code, problem.errors?.[0]?.pointer]).toEqual([422, "VALIDATION_FAILED", pointer])
    expect((await api("GET", "/webhooks", { token })).body.data).toEqual([])
  })

  test("is one of a limited number", async () => {
    const { token } = await signUp()
    for (let count = 0; count < limits.webhooksMax; count += 1) expect((await create(token)).status).toBe(201)
    expect((await create(token)).body.code).toBe("CONFLICT")
    expect((await api("GET", "/webhooks", { token })).body.data).toHaveLength(limits.webhooksMax)
  })

  test("is changed, on the version that was read", async () => {
    const { org, token } = await signUp()
    const made = await create(token)
    const changed = await change(
      token,
      made.body.id,
      { event_types: ["*"], description: "All of it", url: `${url}/2` },
      { "if-match": '"1.1.o"' },
    )
    expect(changed.body).toMatchObject({ event_types: ["*"], description: "All of it", url: `${url}/2`, version: 2 })
    expect(Object.keys(changed.body)).not.toContain("secret")
    expect(changed.headers.get("etag")).toBe('"2.2.o"')
    expect((await change(token, made.body.id, { description: "x" }, { "if-match": '"1.1.o"' })).body.code).toBe("VERSION_MISMATCH")
    expect((await api("DELETE", `/webhooks/${made.body.id}`, { token, headers: { "if-match": '"1.1.o"' } })).status).toBe(412)
    expect((await auditOf(org.id)).map(({ action }) => action)).toContain("webhooks.endpoint.update")
  })

  test("changes of two at once: one wins, the other is told", async () => {
    const { token } = await signUp()
    const made = await create(token)
    const statuses = await Promise.all(
      ["a", "b", "c"].map(async (description) => (await change(token, made.body.id, { description }, { "if-match": '"1.1.o"' })).status),
    )
    expect(statuses.sort()).toEqual([200, 412, 412])
  })

  test("is turned off and on, and by state nothing else", async () => {
    const { token } = await signUp()
    const { id } = (await create(token)).body
    expect((await change(token, id, { status: "active" })).body).toMatchObject({
      code: "INVALID_TRANSITION",
      current: "ACTIVE",
      allowed: ["DISABLED"],
    })
    expect((await change(token, id, { status: "DISABLED" })).body).toMatchObject({ status: "DISABLED", disabled_reason: "MANUAL" })
    expect((await change(token, id, { status: "DISABLED" })).status).toBe(409)
    expect((await change(token, id, { status: "ACTIVE" })).body).toMatchObject({ status: "ACTIVE", disabled_reason: null })
  })

  test("INV-WHK-4: rotates its secret, five at most at once", async () => {
    const { org, token } = await signUp()
    const { id, secret } = (await create(token)).body
    const secrets = new Set([secret])
    for (let count = 0; count < 4; count += 1) {
      const rotated = await change(token, id, { rotate_secret: true })
      secrets.add(rotated.body.secret)
      expect(Date.parse(rotated.body.previous_secret_expires_at) - Date.now()).toBeGreaterThan(23 * 3_600_000)
    }
    expect(secrets.size).toBe(5)
    expect((await change(token, id, { rotate_secret: true })).body.code).toBe("CONFLICT")
    expect((await change(token, id, { rotate_secret: false })).status).toBe(422)
    expect((await auditOf(org.id)).filter(({ action }) => action === "webhooks.secret.rotate")).toHaveLength(4)
  })

  test("is deleted, once", async () => {
    const { org, token } = await signUp()
    const { id } = (await create(token)).body
    expect((await api("DELETE", `/webhooks/${id}`, { token })).status).toBe(204)
    expect((await api("DELETE", `/webhooks/${id}`, { token })).status).toBe(404)
    expect((await api("GET", `/webhooks/${id}/deliveries`, { token })).status).toBe(404)
    expect((await auditOf(org.id)).map(({ action }) => action)).toContain("webhooks.endpoint.delete")
    expect(await eventsOf(org.id)).toContain("webhook.deleted")
  })

  test("is refused by role, and not found across organizations", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const { made, delivery } = await delivered(a)
    const manager = await hire(a.token, "manager")
    const calls = (token: string) =>
      Promise.all([
        change(token, made.id, { description: "mine" }),
        api("DELETE", `/webhooks/${made.id}`, { token }),
        api("GET", `/webhooks/${made.id}/deliveries`, { token }),
        replay(token, made.id, delivery),
      ])
    expect((await calls(manager.token)).map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect((await create(manager.token)).status).toBe(403)
    expect((await api("GET", "/webhooks", { token: manager.token })).status).toBe(403)
    expect((await calls(b.token)).map(({ body }) => body.code)).toEqual(["NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"])
    const own = await create(b.token)
    expect((await replay(b.token, own.body.id, delivery)).status).toBe(404)
    const admin = await hire(a.token, "admin")
    expect((await change(admin.token, made.id, { description: "ours" })).status).toBe(200)
  })

  test("INV-WHK-3: asks for no type that its maker may not see, and nobody edits one that sees more than they may", async () => {
    const world = await signUp()
    const permissions = ["webhooks.endpoint.manage", "webhooks.endpoint.read"]
    const role = unique("hooks").replaceAll("-", "_").toLowerCase()
    await api("POST", "/roles", { token: world.token, body: { name: role, permissions } })
    const weak = await hire(world.token, role)
    const refused = await create(weak.token)
    expect([refused.status, refused.body.code]).toEqual([403, "FORBIDDEN"])
    const owners = (await create(world.token)).body
    expect((await change(weak.token, owners.id, { url: "https://mine.example/now" })).status).toBe(403)
    expect((await change(weak.token, owners.id, { rotate_secret: true })).status).toBe(403)
    const own = (await create(weak.token, { event_types: ["webhook.updated"] })).body
    expect((await change(weak.token, own.id, { event_types: ["order.placed"] })).status).toBe(403)
    expect((await change(world.token, own.id, { event_types: ["order.placed"] })).status).toBe(200)
    expect((await change(weak.token, own.id, { url: "https://mine.example/now" })).status).toBe(403)
  })
})

describe("deliveries", () => {
  test("are listed newest first, page by page, and by status", async () => {
    const world = await signUp()
    const { made, delivery } = await delivered(world)
    for (let count = 0; count < 4; count += 1) await happen(world.org.id, newId("evt", Date.now()))
    await handOut(world.org.id)
    const all = await deliveriesOf(world, made.id)
    expect(all).toHaveLength(5)
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id)
        .sort()
        .reverse(),
    )
    const first = await api("GET", `/webhooks/${made.id}/deliveries?limit=3`, { token: world.token })
    const second = await api("GET", `/webhooks/${made.id}/deliveries?limit=3&cursor=${first.body.next_cursor}`, { token: world.token })
    expect([...first.body.data, ...second.body.data]).toEqual(all)
    expect((await deliveriesOf(world, made.id, "?status=delivered")).map(({ id }) => id)).toEqual([delivery])
    expect(await deliveriesOf(world, made.id, "?status=PENDING&limit=2")).toHaveLength(2)
    expect((await api("GET", `/webhooks/${made.id}/deliveries?status=LOST`, { token: world.token })).status).toBe(422)
    expect((await api("GET", `/webhooks/${made.id}/deliveries?cursor=made-up`, { token: world.token })).status).toBe(422)
  })

  test("of a status are found through a bounded look, which says where it stopped", async () => {
    const world = await signUp()
    const { made, delivery } = await delivered(world)
    const later = Date.now() + 1_000
    await env.DB.prepare(
      `insert into webhook_deliveries (org_id, id, webhook_id, event_id, event_type, status, attempts, attempts_made, attempt_in_series, due_at, created_at)
       select ?1, value, ?2, 'evt', 'order.accepted', 'FAILED', '[]', 10, 10, 9999999999999, ?3 from json_each(?4)`,
    )
      .bind(world.org.id, made.id, later, JSON.stringify(Array.from({ length: 600 }, () => newId("dlv", later))))
      .run()
    const first = await api("GET", `/webhooks/${made.id}/deliveries?status=DELIVERED`, { token: world.token })
    expect(first.body.data).toEqual([])
    expect(first.body.next_cursor).not.toBeNull()
    const [, read = "0"] = /(\d+) read/.exec(first.headers.get("server-timing") ?? "") ?? []
    expect(Number(read)).toBeLessThanOrEqual(2 * limits.filterScanRowsMax + 20)
    const second = await api("GET", `/webhooks/${made.id}/deliveries?status=DELIVERED&cursor=${first.body.next_cursor}`, {
      token: world.token,
    })
    expect(second.body.data.map(({ id }: { id: string }) => id)).toEqual([delivery])
    expect(second.body.next_cursor).toBeNull()
  })

  test("are replayed under the id they had, once a key, and not while they are tried", async () => {
    const world = await signUp()
    const { there, made, delivery, event } = await delivered(world)
    const headers = { "idempotency-key": unique("key") }
    const replayed = await replay(world.token, made.id, delivery, headers)
    expect(replayed.body).toMatchObject({
      id: delivery,
      status: "PENDING",
      attempts: [{ status: 200 }],
      next_attempt_at: expect.any(String),
    })
    expect((await replay(world.token, made.id, delivery, headers)).body).toEqual(replayed.body)
    expect((await replay(world.token, made.id, delivery)).body).toMatchObject({ code: "INVALID_TRANSITION", current: "PENDING" })
    await attempt(world.org.id, delivery)
    expect((await there.received()).map((request) => request.headers["webhook-id"])).toEqual([event, event])
    expect(await deliveriesOf(world, made.id)).toMatchObject([{ status: "DELIVERED", attempts: [{ status: 200 }, { status: 200 }] }])
    expect((await auditOf(world.org.id)).filter(({ action }) => action === "webhooks.delivery.replay")).toHaveLength(1)
  })

  test("are replayed once by two at once, and not while the webhook is off", async () => {
    const world = await signUp()
    const { made, delivery } = await delivered(world)
    await change(world.token, made.id, { status: "DISABLED" })
    expect((await replay(world.token, made.id, delivery)).body).toMatchObject({ code: "INVALID_TRANSITION", current: "DISABLED" })
    await change(world.token, made.id, { status: "ACTIVE" })
    const statuses = await Promise.all([1, 2, 3].map(async () => (await replay(world.token, made.id, delivery)).status))
    expect(statuses.sort()).toEqual([200, 409, 409])
  })

  test("that were replayed again and again keep the newest part of their log", async () => {
    const world = await signUp()
    const { made, delivery } = await delivered(world)
    for (let count = 0; count < 25; count += 1) {
      await replay(world.token, made.id, delivery)
      await attempt(world.org.id, delivery)
    }
    const [one] = await deliveriesOf(world, made.id)
    expect(one?.status).toBe("DELIVERED")
    expect(one?.attempts.length).toBe(limits.webhookAttemptsKept + 1)
    expect(one?.attempts.every(({ status }) => status === 200)).toBe(true)
  })
})
