import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { sendMails } from "../../../src/domains/notifications/index.ts"
import type { OrganizationId } from "../../../src/kernel/ids.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import type { Bindings } from "../../../src/platform/env.ts"
import worker from "../../../src/worker.ts"
import { colleague, happened, orderData, tell } from "../../support/notifications.ts"
import { api, auditOf, signUp } from "../../support/world.ts"

const call = (url: string, init?: RequestInit, bindings: Bindings = env) =>
  worker.fetch(new Request(url, init), bindings, createExecutionContext())

/** A mail program's own request, as RFC 8058 has it. */
const oneClick = (url: string, bindings?: Bindings) =>
  call(
    url,
    { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "List-Unsubscribe=One-Click" },
    bindings,
  )

/** Somebody who was mailed of an order, with the link in that mail. */
async function mailed() {
  const { org, owner } = await signUp()
  await env.DB.prepare("update users set is_active = 0 where id = ?").bind(owner.id).run()
  const person = await colleague(org.id, "manager")
  const links: string[] = []
  const mail = async (type: string) => {
    const now = Date.now()
    links.length = 0
    await tell([await happened(org.id, { type, data: orderData("supplier"), at: now })], now)
    await sendMails(env, new Meter(), org.id as OrganizationId, now, {
      send: async ({ unsubscribeUrl }) => {
        links.push(unsubscribeUrl ?? "")
        return { kind: "SENT" }
      },
    })
    return [...links]
  }
  const [link = ""] = await mail("order.placed")
  return { org, person, link, mail }
}

const versionOf = async (token: string): Promise<number> => (await api("GET", "/notifications/preferences", { token })).body.version

describe("INV-NTF-9: a mail's own link", () => {
  test("turns off mails of its type for that person by one POST without a token, and nothing else", async () => {
    const { org, person, link, mail } = await mailed()
    const before = await api("GET", "/notifications/preferences", { token: person.token })
    const response = await oneClick(link)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ type: "order.placed", mail: false })
    const after = await api("GET", "/notifications/preferences", { token: person.token })
    const changed = after.body.preferences.filter(
      (one: unknown, index: number) => JSON.stringify(one) !== JSON.stringify(before.body.preferences[index]),
    )
    expect(changed).toEqual([expect.objectContaining({ type: "order.placed", in_app: true, mail: false })])
    expect(await mail("order.placed")).toEqual([])
    expect(await mail("order.cancelled")).toHaveLength(1)
    const trail = (await auditOf(org.id)).filter(({ action }) => action === "notifications.preferences.unsubscribe")
    expect(trail).toHaveLength(1)
  })

  test("keeps what else was chosen, also of the same type, and again changes nothing", async () => {
    const { org, person, link } = await mailed()
    const preferences = [
      { type: "order.placed", in_app: false },
      { type: "order.cancelled", mail: false },
    ]
    await api("PUT", "/notifications/preferences", { token: person.token, body: { preferences } })
    for (let time = 0; time < 3; time += 1) expect((await oneClick(link)).status).toBe(200)
    const { body } = await api("GET", "/notifications/preferences", { token: person.token })
    const of = (type: string) => body.preferences.find((one: { type: string }) => one.type === type)
    expect(of("order.placed")).toMatchObject({ in_app: false, mail: false })
    expect(of("order.cancelled")).toMatchObject({ in_app: true, mail: false })
    expect(body.version).toBe(2)
    const trail = (await auditOf(org.id)).filter(({ action }) => action === "notifications.preferences.unsubscribe")
    expect(trail).toHaveLength(1)
  })

  test("followed, shows a page with a button and changes nothing; the browser may send its form", async () => {
    const { person, link } = await mailed()
    const response = await call(link)
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8")
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(response.headers.get("content-security-policy")).toContain("form-action 'self'")
    const page = await response.text()
    expect(page).toContain('<form method="post">')
    expect(page).toContain("order.placed")
    expect(await versionOf(person.token)).toBe(0)
  })

  test("of another person, organization or type is nobody's to make", async () => {
    const [one, other] = [await mailed(), await mailed()]
    const forged = (changes: Readonly<Record<string, string>>) => {
      const url = new URL(one.link)
      for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value)
      return url.href
    }
    const attempts = [
      forged({ user: other.person.id }),
      forged({ org: other.org.id }),
      forged({ org: other.org.id, user: other.person.id }),
      forged({ type: "order.cancelled" }),
      forged({ signature: "0".repeat(64) }),
    ]
    for (const url of attempts)
      for (const method of ["GET", "POST"]) {
        const response = await call(url, { method })
        expect([response.status, ((await response.json()) as { code: string }).code], url).toEqual([401, "UNAUTHENTICATED"])
      }
    for (const url of [forged({ more: "x" }), forged({ type: "no.such" }), one.link.replace(/&signature=.*/, "")])
      expect((await oneClick(url)).status, url).toBe(422)
    expect(await versionOf(one.person.token)).toBe(0)
    expect(await versionOf(other.person.token)).toBe(0)
  })

  test("under another link's Idempotency-Key is refused rather than given that one's answer", async () => {
    const [one, other] = [await mailed(), await mailed()]
    const headers = { "idempotency-key": crypto.randomUUID() }
    const statuses = []
    for (const { link } of [one, one, other]) statuses.push((await call(link, { method: "POST", headers })).status)
    expect(statuses.slice(0, 2)).toEqual([200, 200])
    expect(statuses[2]).toBeGreaterThanOrEqual(400)
    expect(await versionOf(one.person.token)).toBe(1)
    expect(await versionOf(other.person.token)).toBe(0)
  })

  test("is good as long as its key is in the ring, and counts against the address", async () => {
    const { person, link } = await mailed()
    const ring = (keys: string, success = true) =>
      ({ ...env, JWT_KEYS: keys, RATE_ADDRESS: { limit: async () => ({ success }) } }) as unknown as Bindings
    const next = "next1:a-key-that-comes-after-the-others-0000000"
    expect((await oneClick(link, ring(next))).status).toBe(401)
    expect((await oneClick(link, ring(`${next},${env.JWT_KEYS}`, false))).status).toBe(429)
    expect(await versionOf(person.token)).toBe(0)
    expect((await oneClick(link, ring(`${next},${env.JWT_KEYS}`))).status).toBe(200)
    expect(await versionOf(person.token)).toBe(1)
  })
})
