import { describe, expect, test } from "vitest"
import { invitationMail, resetMail } from "../../../src/domains/identity/mails.ts"
import { Facts } from "../../../src/domains/notifications/facts.ts"
import { mailOf, shownOf } from "../../../src/domains/notifications/templates.ts"
import { topics } from "../../../src/domains/notifications/topics.ts"
import { newId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import type { Mail } from "../../../src/platform/mail/mailer.ts"

const publicUrl = "https://api.waybill.example"

/** What somebody would put wherever they may put words. */
const hostile: Readonly<Record<string, string>> = {
  markup: `<script>alert(1)</script><img src=x onerror="alert(1)">'"&`,
  header: "Hi\r\nBcc: victim@example.test\r\n\r\nbody\u0085\u2028\u2029",
  turned: "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u200e\u061c",
  long: "A very long name ".repeat(625),
  wide: "👩‍🌾".repeat(2_500),
  half: "\ud800half\udfff",
  control: "\u0000\u0007\u001b[31m\u007f",
  arabic: "مزرعة خضراء",
}

const members = [
  "number",
  "counterparty_name",
  "total_amount",
  "currency",
  "reason",
  "title",
  "order_number",
  "actor_name",
  "level",
  "resolution",
  "full_name",
  "name",
  "email",
  "sku",
  "kyb_reason",
]

const filled = (value: string): Record<string, unknown> => ({
  ...Object.fromEntries(members.map((name) => [name, value])),
  by: { id: "usr_x", name: value, organization_id: "org_x" },
  due_at: value,
  order_id: value,
  link_id: value,
  id: value,
})

const cases = Object.keys(topics).flatMap((type) => Object.keys(hostile).map((kind) => [type, kind] as const))

function expectHarmless({ subject, text, html }: Omit<Mail, "id">, linkCount: number): void {
  expect(subject.length).toBeGreaterThan(0)
  expect(subject.length).toBeLessThanOrEqual(limits.mailSubjectCharsMax)
  expect(subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u200e\u200f]/u)
  for (const part of [subject, text, html]) {
    expect(part.isWellFormed()).toBe(true)
    expect(part).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029\u0085]/)
    expect(part.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u)
    expect(part.length).toBeLessThan(20_000)
  }
  expect(text).not.toMatch(/^Bcc:/m)
  const tags = [...html.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, tag]) => tag?.toLowerCase())
  expect(new Set(tags)).toEqual(
    new Set(
      [...new Set(tags)].filter((tag) =>
        ["html", "head", "meta", "title", "body", "main", "h1", "p", "br", "bdi", "a", "code", "hr", "footer"].includes(tag ?? ""),
      ),
    ),
  )
  expect(html).not.toMatch(/<[^>]*\son\w+=/)
  expect([...html.matchAll(/href="/g)]).toHaveLength(linkCount)
}

describe.each(cases)("%s with %s", (type, kind) => {
  const topic = topics[type]
  if (topic === undefined) throw new Error("no topic")
  const value = hostile[kind] ?? ""

  test("harms nobody in either part, nor in the app", () => {
    for (const data of [filled(value), { ...filled(value), side: "supplier" }, { ...filled(value), side: "buyer" }]) {
      const mail = mailOf(topic, { type, data }, { email: "a@example.test", name: value }, value, publicUrl, `${publicUrl}/stop`)
      expectHarmless(mail, 1)
      const { title, body, subject } = shownOf(topic, data)
      expect(title.length).toBeLessThanOrEqual(limits.notificationTitleCharsMax)
      expect(title).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
      expect(body.length).toBeLessThanOrEqual(limits.notificationBodyCharsMax)
      expect(body.isWellFormed()).toBe(true)
      expect(subject).toBeNull()
    }
  })
})

describe("mails with a token", () => {
  test.each(Object.entries(hostile))("harm nobody with %s", (_kind, value) => {
    const invitation = invitationMail(publicUrl, "a@example.test", value, "q83v-token")
    expectHarmless(invitation, 0)
    for (const part of [invitation.text, invitation.html]) expect(part).toContain("q83v-token")
    expect(invitation.text).toContain(`${publicUrl}/api/v1/auth/register`)
    expectHarmless(resetMail(publicUrl, "a@example.test", "q83v-token"), 0)
  })
})

describe("the words", () => {
  const orderId = newId("ord", 1)
  const order = { order_id: orderId, number: "SO-7", total_amount: "5.99", currency: "USD", by: { name: "Mara" }, reason: "Sold out" }
  const titleOf = (type: string, data: unknown) => {
    const topic = topics[type]
    return topic === undefined ? undefined : shownOf(topic, data).title
  }

  test("of orders name the partner from each side", () => {
    expect(titleOf("order.placed", { ...order, side: "supplier", counterparty_name: "Bistro" })).toBe("Order SO-7 from Bistro was placed")
    expect(titleOf("order.rejected", { ...order, side: "buyer", counterparty_name: "Farm" })).toBe("Order SO-7 at Farm was rejected")
    expect(titleOf("order.in_delivery", { ...order, side: "buyer", counterparty_name: "Farm" })).toBe("Order SO-7 at Farm is on its way")
  })

  test("of links say who asks and what was decided", () => {
    expect(titleOf("link.requested", { side: "supplier", counterparty_name: "Bistro" })).toBe("Bistro asks for a link")
    expect(titleOf("link.blocked", { side: "buyer", counterparty_name: "Farm" })).toBe("The link with Farm was blocked")
  })

  test("of complaints tell what is known, whatever lacks", () => {
    const topic = topics["complaint.escalated"]
    if (topic === undefined) throw new Error("no topic")
    const data = {
      complaint_id: newId("cmp", 1),
      title: "Rotten",
      order_number: "SO-7",
      actor_name: "Bea",
      level: "MANAGER",
      due_at: "2026-01-31T09:30:00.000Z",
    }
    expect(shownOf(topic, data)).toEqual({
      title: "The complaint about order SO-7 was escalated",
      body: "Complaint: Rotten\nOrder: SO-7\nBy: Bea\nLevel: MANAGER\nDue: 2026-01-31 09:30 UTC",
      subject: { kind: "complaint", id: data.complaint_id },
    })
    expect(shownOf(topic, {})).toEqual({ title: "A complaint was escalated", body: "", subject: null })
  })

  test("of every type are a sentence even of an event that says nothing", () => {
    for (const [type, topic] of Object.entries(topics)) {
      const { title } = shownOf(topic, {})
      expect(title, type).toMatch(/^\S.{8,}$/)
      expect(title, type).not.toMatch(/undefined|null|\s{2}/)
    }
  })

  test("of a mail greet, tell, link and say how they stop; without a public address they name none", () => {
    const topic = topics["order.rejected"]
    if (topic === undefined) throw new Error("no topic")
    const event = { type: "order.rejected", data: { ...order, side: "buyer", counterparty_name: "Farm" } }
    const mail = mailOf(topic, event, { email: "bea@example.test", name: "Bea" }, "Bistro", publicUrl, "https://api.example/stop")
    expect(mail.text).toBe(`Hello Bea,

Order SO-7 at Farm was rejected.

Total: 5.99 USD
By: Mara
Reason: Sold out

${publicUrl}/api/v1/orders/${orderId}

-- 
You get this because it concerns your work at Bistro.
To stop mails of this kind, turn off mail for order.rejected in your notification preferences, or here:
https://api.example/stop
`)
    const nowhere = mailOf(topic, event, { email: "bea@example.test", name: "Bea" }, "Bistro", "", undefined)
    expect(nowhere.html + nowhere.text).not.toMatch(/https?:|href|\/api\//)
    expect(nowhere.unsubscribeUrl).toBeUndefined()
  })
})

test("facts read any data: other kinds are as if they were not there", () => {
  const facts = new Facts({ text: "x", blank: " ", number: 7, list: [1], nested: { name: "y" }, at: 0, odd: Number.NaN })
  expect(["text", "blank", "number", "list", "odd", "constructor", "__proto__"].map((name) => facts.text(name))).toEqual([
    "x",
    undefined,
    "7",
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect(facts.of("nested").text("name")).toBe("y")
  expect(facts.of("text").text("length")).toBeUndefined()
  expect(facts.instant("at")).toBe("1970-01-01 00:00 UTC")
  expect(facts.instant("text")).toBeUndefined()
  expect(facts.id("ord", "text")).toBeUndefined()
})
