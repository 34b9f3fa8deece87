import { env } from "cloudflare:workers"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { unsubscribeUrl } from "../../src/domains/notifications/unsubscribe.ts"
import { tags } from "../../src/domains/tags.ts"
import type { OrganizationId, UserId } from "../../src/kernel/ids.ts"
import { configOf } from "../../src/platform/env.ts"
import { openApiDocument } from "../../src/platform/http/openapi.ts"
import { open } from "../support/chat.ts"
import { D1Faults } from "../support/d1-faults.ts"
import { call, png, uploaded } from "../support/files.ts"
import { tablesOfD1, wholeLedgerOf, wholeOfD1 } from "../support/tenants.ts"
import { attempt, deliveriesOf, handOut, target } from "../support/webhooks.ts"
import { api, newEmail, tokenMailedTo, unique, type World } from "../support/world.ts"

/**
 * Every kind of secret that there is, made, used well, used badly and used while the database fails: none of them stands in
 * a line of the log, and none in the database but as a hash or sealed.
 */

/** What it is called to whoever reads a failure, and what it says. */
const secrets = new Map<string, string>()
const lines: string[] = []
/** Calls that carry a secret, to be made again while the database fails. */
const again: Array<() => Promise<unknown>> = []
let world: World
let restore: () => void

const keep = (kind: string, secret: string): string => {
  expect(secret.length, kind).toBeGreaterThan(11)
  secrets.set(kind, secret)
  return secret
}
const signatureOf = (url: string): string => new URL(url).searchParams.get("signature") ?? ""

async function twice<T>(use: () => Promise<T>): Promise<T> {
  again.push(use)
  return use()
}

beforeAll(async () => {
  const spies = (["log", "info", "debug", "warn", "error"] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((...said: unknown[]) => void lines.push(said.map(String).join(" "))),
  )
  restore = () => {
    for (const spy of spies) spy.mockRestore()
  }
  const secret = (kind: string): string => keep(kind, unique(`a-${kind.replaceAll(" ", "-")}-to-look-for`))
  configOf(env).JWT_KEYS.forEach(({ kid, secret: key }) => void keep(`signing key ${kid}`, key))

  // People: passwords, tokens, sessions.
  const email = newEmail()
  const first = secret("first password")
  const organization = { name: unique("Firm"), capabilities: ["supplier", "buyer"] }
  const keyed = { "idempotency-key": unique("key") }
  const { body: made } = await api("POST", "/auth/register", { headers: keyed, body: { email, password: first, organization } })
  const token = keep("access token", made.access_token)
  world = { org: made.organization, owner: { id: made.user.id, email, token, refreshToken: made.refresh_token }, token }
  keep("spent refresh token", made.refresh_token)
  await twice(() => api("POST", "/auth/token", { body: { email, password: secret("wrong password") } }))
  await twice(() => api("POST", "/auth/refresh", { headers: keyed, body: { refresh_token: `${made.refresh_token}` } }))
  const { body: signedIn } = await twice(() => api("POST", "/auth/token", { body: { email, password: first } }))
  keep("second access token", signedIn.access_token)
  keep("refresh token", signedIn.refresh_token)
  const now = signedIn.access_token as string
  await twice(() => api("POST", "/auth/logout", { token: now, body: { refresh_token: secrets.get("spent refresh token") } }))
  const second = secret("second password")
  await twice(() =>
    api("POST", "/auth/me/change-password", { token: now, headers: keyed, body: { current_password: first, new_password: second } }),
  )
  await api("POST", "/auth/forgot-password", { body: { email } })
  const reset = keep("reset token", await tokenMailedTo(email))
  await twice(() => api("POST", "/auth/reset-password", { body: { token: reset, password: secret("third password") } }))
  const { body: last } = await api("POST", "/auth/token", { body: { email, password: secrets.get("third password") } })
  const as = { token: keep("last access token", last.access_token) }
  world = { ...world, token: as.token }
  await twice(() => api("GET", `/auth/me?access_token=${as.token}`, as))
  await twice(() => api("GET", "/auth/me", { token: `${as.token}x` }))
  const invited = newEmail()
  await api("POST", "/invitations", { ...as, headers: keyed, body: { email: invited, roles: ["staff"] } })
  const invitation = keep("invitation token", await tokenMailedTo(invited))
  await twice(() =>
    api("POST", "/auth/register", { body: { invitation_token: invitation, password: secret("password of a colleague"), full_name: "C" } }),
  )
  await twice(() =>
    api("POST", "/users", { ...as, body: { email: newEmail(), full_name: "D", password: secret("given password"), roles: ["staff"] } }),
  )

  // Machines: API keys, webhooks and where they lead.
  const { body: key } = await twice(() =>
    api("POST", "/api-keys", { ...as, headers: keyed, body: { name: "k", permissions: ["orders.order.read"] } }),
  )
  keep("API key", key.secret)
  await twice(() => api("GET", "/orders/my-orders", { token: key.secret }))
  await twice(() => api("GET", "/orders/my-orders", { token: keep("API key that is none", `wbk_${unique("nobody-made-this")}`) }))
  const server = await target({ status: 500, body: "no" })
  const { body: hook } = await twice(() =>
    api("POST", "/webhooks", { ...as, headers: keyed, body: { url: `${server.url}?k=${secret("way to a webhook")}`, event_types: ["*"] } }),
  )
  keep("webhook secret", hook.secret)
  const { body: rotated } = await twice(() => api("PATCH", `/webhooks/${hook.id}`, { ...as, body: { rotate_secret: true } }))
  keep("rotated webhook secret", rotated.secret)
  await handOut(world.org.id)
  for (const { id } of (await deliveriesOf(world, hook.id)).slice(0, 2)) await twice(() => attempt(world.org.id, id))

  // Connections and links.
  const { body: ticket } = await twice(() => api("POST", "/chat/tickets", { ...as, headers: keyed }))
  keep("ticket", ticket.ticket)
  for (let n = 0; n < 2; n += 1) (await twice(() => open({ ticket: ticket.ticket }))).webSocket?.accept()
  await twice(() => open({ query: `?access_token=${as.token}` }))
  await twice(() => open({ token: `${as.token}x` }))
  const image = await uploaded(as.token, "product_image", await png(), "a.png")
  keep("signature of a file's URL", signatureOf(image.url))
  await twice(() => call("GET", image.url))
  await twice(() => call("GET", `${image.url}0`))
  const link = await unsubscribeUrl(configOf(env).JWT_KEYS, "http://api.waybill.test", {
    org: world.org.id as OrganizationId,
    user: world.owner.id as UserId,
    type: "order.placed",
  })
  keep("signature of a mail's link", signatureOf(link))
  await twice(() => call("GET", link))
  await twice(() => call("POST", link))
  await twice(() => api("POST", `/nothing?token=${as.token}`, { ...as, body: { password: first } }))
}, 120_000)

afterAll(() => restore())

const standIn = (text: string): string[] =>
  [...secrets].filter(([, secret]) => text.includes(secret) || text.includes(encodeURIComponent(secret))).map(([kind]) => kind)

describe("no secret", () => {
  test("stands in the log, whether it was good or not, also where the database fails in the midst of it", async () => {
    const before = lines.length
    expect(before).toBeGreaterThan(again.length)
    using faults = new D1Faults()
    faults.fail()
    for (const use of again) await use().catch((error: unknown) => lines.push(String(error)))
    faults.heal()
    faults.loseAnswers()
    for (const use of again) await use().catch((error: unknown) => lines.push(String(error)))
    expect(lines.length).toBeGreaterThan(before + again.length)
    expect(secrets.size).toBeGreaterThan(20)
    for (const line of lines) expect(standIn(line), line.slice(0, 2_000)).toEqual([])
  })

  test("stands in the database or the ledger, but as a hash or sealed; mails are kept in development alone", async () => {
    const d1 = await wholeOfD1((await tablesOfD1()).filter((table) => table !== "kept_mails"))
    // Where a webhook leads its organization's people read, as they wrote it.
    const known = ["way to a webhook"]
    for (const [table, rows] of Object.entries(d1)) {
      // A signature ends in half an hour, and stands in the answer that is kept for a repeat.
      const ends = table === "idempotency_keys" ? ["signature of a file's URL"] : []
      expect(
        standIn(rows).filter((kind) => ![...known, ...ends].includes(kind)),
        table,
      ).toEqual([])
    }
    for (const [table, rows] of Object.entries(await wholeLedgerOf(world.org.id))) expect(standIn(rows), table).toEqual([])
  })
})

/** Names under which the API document has a secret, in a body or an answer. */
function secretNames(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return []
  const { properties } = value as { readonly properties?: object }
  const own = Object.keys(properties ?? {}).filter((name) => /token|secret|passw|ticket|signature|credential/i.test(name))
  return [...own, ...Object.values(value).flatMap(secretNames)]
}

test("every name that the API has for a secret is of a kind that is looked for above", () => {
  const document: unknown = JSON.parse(JSON.stringify(openApiDocument(endpoints, { tags })))
  expect([...new Set(secretNames(document))].sort()).toEqual([
    "access_token",
    // What a form of OAuth may bring along; nobody reads it.
    "client_secret",
    "current_password",
    // Of an identity's family and type: no secret.
    "hex_signature",
    "invitation_token",
    "new_password",
    "password",
    // When one ends.
    "previous_secret_expires_at",
    "refresh_token",
    // Asks for one and is none.
    "rotate_secret",
    "secret",
    "ticket",
    "token",
    // Says what kind the access token is.
    "token_type",
  ])
})
