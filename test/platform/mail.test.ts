import { env } from "cloudflare:workers"
import fc from "fast-check"
import { afterEach, describe, expect, test, vi } from "vitest"
import { newId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { Meter } from "../../src/platform/db/meter.ts"
import { acrossTenants } from "../../src/platform/db/tenant-db.ts"
import { type Config, configOf } from "../../src/platform/env.ts"
import { keepingMailer, mailerOf, resendMailer } from "../../src/platform/mail/adapters.ts"
import { Html, html } from "../../src/platform/mail/html.ts"
import { written } from "../../src/platform/mail/letter.ts"
import type { Mail, Mailer, Sending } from "../../src/platform/mail/mailer.ts"
import { phrase, plain } from "../../src/platform/mail/phrase.ts"
import { post } from "../../src/platform/mail/post.ts"
import { D1Faults } from "../support/d1-faults.ts"

afterEach(() => vi.restoreAllMocks())

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 800 }),
  fc.string(),
  fc.constantFrom("<b>", "a\r\nBcc: x", "\u202eevil", "\ud800"),
)

describe("html", () => {
  test("escapes every text it is given, in content and in quoted attributes", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { markup } = html`<p title="${text}">${text}</p>`
        const inner = markup.slice('<p title="'.length, -"</p>".length)
        expect(inner.split('">')).toHaveLength(2)
        expect(inner.replace('">', "")).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/)
      }),
    )
  })

  test("takes as markup what it made itself and nothing else: no object that looks like it", () => {
    const nested = html`<ul>${["<a>", "b"].map((text) => html`<li>${text}</li>`)}</ul>`
    expect(nested.markup).toBe("<ul><li>&lt;a&gt;</li>\n<li>b</li></ul>")
    expect(html`${nested}`.markup).toBe(nested.markup)
    expect(nested).toBeInstanceOf(Html)
    const forged = [{ markup: "<script>" }] as unknown as readonly Html[]
    expect(html`${forged}`.markup).not.toContain("<script>")
  })
})

describe("phrase", () => {
  test("puts what somebody wrote on one bounded line, without what turns or hides text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const said = phrase`Before ${text} after`
        expect(said.text).toMatch(/^Before .* after$/)
        expect(said.text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]/u)
        expect(said.text.isWellFormed()).toBe(true)
        expect(said.text.length).toBeLessThanOrEqual("Before  after".length + limits.mailValueCharsMax)
        expect(said.html.markup).toMatch(/^Before <bdi>[^<>"']*<\/bdi> after$/)
      }),
      { numRuns: 500 },
    )
  })

  test("keeps the words of other scripts, and faces that are made of several", () => {
    expect(plain("  مزرعة   خضراء ")).toBe("مزرعة خضراء")
    expect(plain("Ferme d’Été 👩‍🌾")).toBe("Ferme d’Été 👩‍🌾")
    expect(plain("x".repeat(10_000))).toBe(`${"x".repeat(limits.mailValueCharsMax - 1)}…`)
    expect(plain("😀".repeat(10_000)).isWellFormed()).toBe(true)
  })
})

describe("a letter", () => {
  const letter = written({
    subject: phrase`Order ${"SO-1"} was accepted`,
    paragraphs: [phrase`Hello ${"Ada"},`, phrase`Reason: ${"<late>"}`],
    token: "q83v",
    link: "https://api.example/api/v1/orders/ord_1",
    footer: [phrase`Why you get this.`],
    footerLink: "https://api.example/api/v1/notifications/preferences",
  })

  test("says the same in both parts", () => {
    expect(letter.subject).toBe("Order SO-1 was accepted")
    expect(letter.text).toBe(
      [
        "Hello Ada,",
        "",
        "Reason: <late>",
        "",
        "q83v",
        "",
        "https://api.example/api/v1/orders/ord_1",
        "",
        "-- ",
        "Why you get this.",
        "https://api.example/api/v1/notifications/preferences",
        "",
      ].join("\n"),
    )
    const shown = letter.html
      .replace(/<title>.*<\/title>|<h1.*<\/h1>/g, "")
      .replace(/<[^>]*>/g, " ")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replace(/\s+/g, " ")
      .trim()
    expect(shown.replaceAll(" ,", ",")).toBe(letter.text.replace("-- \n", "").replace(/\s+/g, " ").trim())
  })

  test("asks for nothing from elsewhere, and can be read without its styles", () => {
    expect(letter.html).toMatch(/^<!doctype html>/)
    expect(letter.html).not.toMatch(/<(?:img|link|script|style|iframe|object|form|video|svg)\b|url\(|@import|\son\w+=/i)
    expect([...letter.html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).toEqual([
      "https://api.example/api/v1/orders/ord_1",
      "https://api.example/api/v1/notifications/preferences",
    ])
  })

  test("links to web addresses alone", () => {
    const odd = written({ subject: phrase`S`, paragraphs: [], link: "javascript:alert(1)", footer: [], footerLink: "/api" })
    expect(odd.html).not.toContain("<a ")
    expect(odd.text).not.toContain("javascript")
  })
})

const mail = (more: Partial<Mail> = {}): Mail => ({
  id: newId("mal", Date.now()),
  to: "a@example.test",
  subject: "Subject",
  text: "text",
  html: "<p>html</p>",
  ...more,
})

describe("Resend", () => {
  const answering = (answer: () => Response | Promise<Response>) => {
    const calls: Array<{ url: string; headers: Headers; body: Record<string, unknown>; signal: AbortSignal | null | undefined }> = []
    const fetcher = (async (url: unknown, init: RequestInit) => {
      calls.push({ url: String(url), headers: new Headers(init.headers), body: JSON.parse(String(init.body)), signal: init.signal })
      return answer()
    }) as typeof fetch
    return { calls, mailer: resendMailer(configOf(env), "key", fetcher) }
  }

  test("is given the mail's id as its key, and where mails are turned off as a header of the mail", async () => {
    const { calls, mailer } = answering(() => new Response("{}"))
    const sent = mail({ unsubscribeUrl: "https://api.example/stop?signature=0", token: "secret" })
    expect(await mailer.send(sent)).toEqual({ kind: "SENT" })
    const [call] = calls
    expect(call?.headers.get("idempotency-key")).toBe(sent.id)
    expect(call?.body).toEqual({
      from: configOf(env).MAIL_FROM,
      to: ["a@example.test"],
      subject: "Subject",
      text: "text",
      html: "<p>html</p>",
      headers: { "List-Unsubscribe": "<https://api.example/stop?signature=0>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
    })
    expect(call?.signal).toBeInstanceOf(AbortSignal)
  })

  test.each<[number, string | null, Sending]>([
    [200, "{}", { kind: "SENT" }],
    [400, '{"name":"validation_error","message":"a@example.test is odd"}', { kind: "REFUSED", reason: "HTTP_400_VALIDATION_ERROR" }],
    [422, '{"name":"invalid_from_address"}', { kind: "REFUSED", reason: "HTTP_422_INVALID_FROM_ADDRESS" }],
    [401, '{"name":"missing_api_key"}', { kind: "LATER", reason: "HTTP_401_MISSING_API_KEY" }],
    [403, '{"name":"invalid_api_key"}', { kind: "LATER", reason: "HTTP_403_INVALID_API_KEY" }],
    [409, '{"name":"invalid_idempotent_request"}', { kind: "SENT" }],
    [409, '{"name":"concurrent_idempotent_requests"}', { kind: "LATER", reason: "HTTP_409_CONCURRENT_IDEMPOTENT_REQUESTS" }],
    [429, '{"name":"rate_limit_exceeded"}', { kind: "LATER", reason: "HTTP_429_RATE_LIMIT_EXCEEDED", afterMs: 7_000 }],
    [500, "<html>", { kind: "LATER", reason: "HTTP_500" }],
    [503, '{"name":"<script>"}', { kind: "LATER", reason: "HTTP_503" }],
    [502, null, { kind: "LATER", reason: "HTTP_502" }],
  ])("%i %s", async (status, body, expected) => {
    const headers = status === 429 ? { "retry-after": "7" } : status === 500 ? { "retry-after": "Wed, 21 Oct" } : {}
    expect(await answering(() => new Response(body, { status, headers })).mailer.send(mail())).toEqual(expected)
  })

  test("that does not answer is asked again later, and never throws", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined)
    const { mailer } = answering(() => Promise.reject(new TypeError("network")))
    expect(await mailer.send(mail())).toEqual({ kind: "LATER", reason: "NO_ANSWER" })
  })
})

describe("kept mails", () => {
  const db = () => acrossTenants(env, new Meter(), "mails that tests keep and read")
  const keptOf = async (to: string) =>
    (await env.DB.prepare("select id, text from kept_mails where recipient = ?").bind(to).all<{ id: string; text: string }>()).results

  test("stand once by their id, the first as it was", async () => {
    const sent = mail({ to: "once@example.test" })
    for (const text of ["first", "second"]) expect(await keepingMailer(db(), Date.now()).send({ ...sent, text })).toEqual({ kind: "SENT" })
    expect(await keptOf("once@example.test")).toEqual([{ id: sent.id, text: "first" }])
  })

  test("that could not be kept may go later", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined)
    using faults = new D1Faults()
    faults.fail()
    expect(await keepingMailer(db(), Date.now()).send(mail())).toEqual({ kind: "LATER", reason: "NOT_KEPT" })
  })

  test("are development's alone: in production without a mail service nothing is kept, and the log says neither address nor token", async () => {
    const lines: string[] = []
    vi.spyOn(console, "warn").mockImplementation((line: string) => void lines.push(line))
    const config: Config = { ...configOf(env), ENVIRONMENT: "production", RESEND_API_KEY: "" }
    const sent = mail({ to: "nobody@example.test", token: "secret-token", text: "secret-token" })
    expect(await mailerOf(config, db, Date.now()).send(sent)).toEqual({ kind: "REFUSED", reason: "NO_MAIL_SERVICE" })
    expect(await keptOf("nobody@example.test")).toEqual([])
    expect(lines.join()).toContain(sent.id)
    expect(lines.join()).not.toMatch(/secret-token|nobody@/)
  })
})

describe("a mail with a token", () => {
  const posted = async (...answers: Sending[]) => {
    const given: Mail[] = []
    const mailer: Mailer = { send: async (one) => (given.push(one), answers[given.length - 1] ?? { kind: "SENT" }) }
    const lines: string[] = []
    vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line))
    await post({ mailer, now: Date.now() }, { to: "a@example.test", subject: "S", text: "the token", html: "", token: "the token" })
    return { ids: given.map(({ id }) => id), lines }
  }

  test("is tried once more under its id, and what does not go is logged without what it says", async () => {
    expect((await posted()).ids).toHaveLength(1)
    const again = await posted({ kind: "LATER", reason: "NO_ANSWER" })
    expect([again.ids.length, new Set(again.ids).size, again.lines]).toEqual([2, 1, []])
    const failed = await posted({ kind: "LATER", reason: "NO_ANSWER" }, { kind: "LATER", reason: "HTTP_503" })
    expect(failed.lines.join()).toContain("HTTP_503")
    expect(failed.lines.join()).not.toMatch(/the token|a@example/)
    expect((await posted({ kind: "REFUSED", reason: "HTTP_422" })).ids).toHaveLength(1)
  })
})
