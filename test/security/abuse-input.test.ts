import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test, vi } from "vitest"
import { newId } from "../../src/kernel/ids.ts"
import { configOf } from "../../src/platform/env.ts"
import { resendMailer } from "../../src/platform/mail/adapters.ts"
import { type Answer, api, mailsTo, newEmail, type Person, password, platformStaff, signUp, unique, type World } from "../support/world.ts"
import { deployed, json } from "./deployment.ts"
import { exampleFor, type Method, send, withBody } from "./mutations.ts"

/** What somebody tries with what they send: fields that are none of theirs, words that would be code, names that would be headers. */

let world: World
let staff: Person

beforeAll(async () => {
  world = await signUp(["supplier", "buyer"])
  staff = await platformStaff()
})

describe("mass assignment", () => {
  /** What the server alone decides. */
  const forbidden = [
    "id",
    "org_id",
    "organization_id",
    "tenant_id",
    "owner_id",
    "user_id",
    "supplier_id",
    "buyer_id",
    "actor",
    "role",
    "roles",
    "permissions",
    "is_admin",
    "is_active",
    "is_built_in",
    "status",
    "kyb_status",
    "price",
    "unit_price_at_time",
    "line_total",
    "total_amount",
    "total_minor",
    "stock_quantity",
    "availability",
    "version",
    "seq",
    "generation",
    "created_at",
    "updated_at",
    "placed_at",
    "created_by",
    "invited_by",
    "password_hash",
    "secret",
    "secret_hash",
    "number",
    "history",
    "internal_note",
    "routing",
    "constructor",
  ]
  /** Fields of those that an operation is there to take. */
  const taken: Readonly<Record<string, readonly string[]>> = {
    createUser: ["roles"],
    assignRoles: ["roles"],
    invite: ["roles"],
    updateUser: ["is_active"],
    defineRole: ["permissions"],
    changeRole: ["permissions"],
    createApiKey: ["permissions"],
    updateOrganization: ["status"],
    decideKyb: ["status"],
    setLinkStatus: ["status"],
    updateWebhook: ["status"],
    setOrderStatus: ["status", "internal_note"],
    requestLink: ["supplier_id"],
    placeOrder: ["supplier_id", "buyer_id"],
    createProduct: ["price", "is_active", "stock_quantity"],
    createVariant: ["price", "is_active", "stock_quantity"],
    addBundleComponent: ["role"],
    updateProduct: ["price", "is_active", "stock_quantity"],
  }
  const unknownFields = ({ body }: Answer): string[] =>
    (body.errors ?? [])
      .filter(({ code }: { code: string }) => code === "UNKNOWN_FIELD")
      .map(({ pointer }: { pointer: string }) => pointer.slice(1))
  const chunks = (list: readonly string[], size = 15) =>
    Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size))

  test.each(withBody.map((spec) => [spec.operationId, spec] as const))(
    "%s takes no field that the server decides, and names each",
    async (operationId, spec) => {
      const example = exampleFor(spec) as Record<string, unknown>
      expect(spec.body?.safeParse(example).success).toBe(true)
      for (const fields of chunks(forbidden.filter((field) => taken[operationId]?.includes(field) !== true))) {
        const answer = await send(
          spec,
          { ...example, ...Object.fromEntries(fields.map((field) => [field, "super_admin"])) },
          { owner: world.token, staff: staff.token },
        )
        expect([answer.status, unknownFields(answer).sort()]).toEqual([422, [...fields].sort()])
      }
    },
  )

  test("reaches no deeper either: the organization of a registration, settings, the lines of an order", async () => {
    const id = (prefix: string) => `${prefix}_01jd8x2y3zf4g5h6j7k8m9n0pq`
    const line = { product_id: id("prd"), quantity: 1 }
    const attempts: ReadonlyArray<readonly [Method, string, object, string]> = [
      [
        "POST",
        "/auth/register",
        { email: newEmail(), password, organization: { name: "X", capabilities: ["supplier"], kyb_status: "VERIFIED" } },
        "/organization/kyb_status",
      ],
      [
        "POST",
        "/auth/register",
        { email: newEmail(), password, organization: { name: "X", capabilities: ["supplier"], id: world.org.id } },
        "/organization/id",
      ],
      [
        "POST",
        "/auth/register",
        { email: newEmail(), password, organization: { name: "X", capabilities: ["supplier"], settings: { share_stock: true } } },
        "/organization/settings",
      ],
      ["PATCH", `/organizations/${world.org.id}`, { settings: { kyb_status: "VERIFIED" } }, "/settings/kyb_status"],
      ["POST", "/orders", { supplier_id: id("org"), items: [{ ...line, unit_price_at_time: "0.01" }] }, "/items/0/unit_price_at_time"],
      ["POST", "/orders", { supplier_id: id("org"), items: [{ ...line, price: "0.01" }] }, "/items/0/price"],
    ]
    for (const [method, path, body, pointer] of attempts) {
      const answer = await api(method, path, { token: world.token, body })
      expect([answer.status, answer.body.errors]).toEqual([422, [expect.objectContaining({ pointer, code: "UNKNOWN_FIELD" })]])
    }
  })

  test("by __proto__, a duplicate key or a list for an object changes nothing of what is decided", async () => {
    const register = (email: string, extra: string) =>
      api("POST", "/auth/register", {
        body: `{"email":"${email}","password":"${password}",${extra}"organization":{"name":"Proto","capabilities":["buyer"]}}`,
      })
    expect((await register(newEmail(), `"__proto__":{"roles":["super_admin"]},`)).status).toBe(422)
    expect((await api("POST", "/auth/register", { body: [{ email: newEmail() }] })).status).toBe(422)
    const last = newEmail()
    const twice = await register(newEmail(), `"email":"${last}",`)
    expect([twice.body.user.email, twice.body.user.roles]).toEqual([last, ["owner"]])
    expect(({} as Record<string, unknown>)["roles"]).toBeUndefined()
  })

  test("an organization's own people set neither its status nor waive verification where the platform asks for it", async () => {
    const path = `/organizations/${world.org.id}`
    expect((await api("PATCH", path, { token: world.token, body: { status: "DEACTIVATED" } })).status).toBe(403)
    expect((await api("PUT", `${path}/kyb`, { token: world.token, body: { status: "VERIFIED" } })).status).toBe(403)
  })
})

describe("SQL and FTS metacharacters are data", () => {
  const hostile = [
    "'",
    "''",
    '"',
    "`",
    ";",
    "--",
    "/*",
    "*/",
    "\\",
    "%",
    "_",
    "?",
    "?1",
    ":x",
    "@x",
    "$1",
    "' OR '1'='1",
    "'; DROP TABLE products; --",
    '") OR 1=1 --',
    "x' UNION SELECT secret_hash FROM api_keys --",
    "*",
    "tom*",
    "^tom",
    '"tom',
    'tom"',
    "NEAR(tom, 5)",
    "tom AND",
    "OR",
    "NOT tom",
    "org : tom",
    "{org sku} : tom",
    "-tom",
    "tom + ato",
    "(",
    ")",
    "((((",
    "\\0",
    "%00",
    "${7*7}",
    "{{7*7}}",
    "<script>alert(1)</script>",
  ]

  /** One of each kind, where every one costs many requests. */
  const few = hostile.filter((_, n) => n % 4 === 0)

  test("a product keeps every one of them as its name, SKU, category and description, and is found by its words", async () => {
    const { token } = await signUp()
    const made = new Map<string, string>()
    for (const [n, text] of hostile.entries()) {
      const { status, body } = await api("POST", "/products", {
        token,
        body: { sku: `${text} ${n}`, name: `zebra ${text}`, category: text, description: text, price: "1.00" },
      })
      expect([text, status]).toEqual([text, 201])
      made.set(text, body.id)
    }
    const { body: all } = await api("GET", "/products?limit=100", { token })
    for (const [text, id] of made) {
      expect(all.data.find((product: { id: string }) => product.id === id)).toMatchObject({
        name: `zebra ${text}`,
        category: text,
        description: text,
      })
    }
    for (const text of few) {
      const inCategory = await api("GET", `/products/catalog?category=${encodeURIComponent(text)}`, { token })
      expect(inCategory.body.data.map((product: { id: string }) => product.id)).toEqual([made.get(text)])
    }
    expect((await api("GET", "/products/catalog?q=zebra", { token })).body.data).toHaveLength(hostile.length)
  })

  test("searched for, none is syntax: no error, and no row of an organization that is not linked", async () => {
    const other = await signUp(["supplier"])
    await api("POST", "/products", { token: other.token, body: { sku: "SECRET", name: "tomato of another", price: "1.00" } })
    const { token } = await signUp()
    const { body: mine } = await api("POST", "/products", { token, body: { sku: "MINE", name: "tomato of mine", price: "1.00" } })
    const suffix = other.org.id.slice(4)
    const escapes = [
      `tomato") OR org : ("${suffix}`,
      `" OR org : ${suffix}`,
      `{org} : "${suffix}"`,
      suffix,
      `org:${suffix}`,
      `tomato OR ${suffix}`,
      `tomato) OR (org : ${suffix}`,
      `*${suffix}*`,
    ]
    for (const q of [...hostile, ...escapes]) {
      for (const path of few.includes(q) ? ["/products/catalog", "/orders/my-orders", "/organizations/directory"] : ["/products/catalog"]) {
        const { status, body } = await api("GET", `${path}?q=${encodeURIComponent(q)}`, { token })
        expect([path, q, status]).toEqual([path, q, 200])
        if (path !== "/organizations/directory") expect(JSON.stringify(body)).not.toContain(other.org.id)
      }
    }
    const found = await api("GET", `/products/catalog?q=${encodeURIComponent('"tomato" *')}`, { token })
    expect(found.body.data.map((product: { id: string }) => product.id)).toEqual([mine.id])
  })

  test("as a filter each finds what is so called and nothing else: wildcards match themselves alone", async () => {
    const name = unique("100%_pure")
    const { org, token } = await signUp(["supplier"], name)
    const { token: looking } = await signUp()
    const directory = async (q: string) =>
      (await api("GET", `/organizations/directory?q=${encodeURIComponent(q)}`, { token: looking })).body.data.map(
        (entry: { id: string }) => entry.id,
      )
    expect(await directory("100%_PURE")).toContain(org.id)
    for (const q of ["%pure", "1__%", "100__pure", "' OR '1'='1"]) expect(await directory(q)).not.toContain(org.id)
    for (const text of few) {
      for (const filter of ["action", "entity", "entity_id", "actor_id"]) {
        const { status, body } = await api("GET", `/audit-logs?${filter}=${encodeURIComponent(text)}`, { token })
        expect([filter, text, status, body.data]).toEqual([filter, text, 200, []])
      }
    }
  })

  test("as an id, a date, a number, a state or a tenant each is refused or unknown, and never an error of ours", async () => {
    const { token } = await signUp()
    for (const text of few) {
      const word = encodeURIComponent(text)
      const paths = [
        `/users/${word}`,
        `/products/${word}`,
        `/orders/${word}`,
        `/links/my-links?status=${word}`,
        `/orders/my-orders?from=${word}`,
        `/products/catalog?min_price=${word}`,
        `/products/catalog?sort=${word}`,
        `/products?limit=${word}`,
        `/products/catalog?supplier_id=${word}`,
      ]
      for (const path of paths) expect([404, 422]).toContain((await api("GET", path, { token })).status)
      const tenant = await api("GET", "/users", { token: staff.token, headers: { "x-tenant-id": text } })
      expect([text, tenant.status]).toEqual([text, 404])
    }
    const tables = await env.DB.prepare("select count(*) as n from sqlite_schema where name in ('products', 'users', 'api_keys')").first<{
      n: number
    }>()
    expect(tables?.n).toBe(3)
  })

  test("in people's and organizations' names each is kept as it was sent", async () => {
    const { org, token } = await signUp()
    for (const text of few) {
      expect((await api("PATCH", "/auth/me", { token, body: { full_name: text } })).body.full_name).toBe(text)
      expect((await api("PATCH", `/organizations/${org.id}`, { token, body: { name: text } })).body.name).toBe(text)
    }
  })

  test("half a surrogate pair and control characters are refused, so that ledger and database hold the same text", async () => {
    const { token } = await signUp()
    for (const text of ["a\\ud800b", "\\udc00", "a\\u0000b", "a\\u001bb", "a\\u007f"]) {
      const { status } = await api("POST", "/products", { token, body: `{"sku":"S","name":"${text}","price":"1.00"}` })
      expect([text, status]).toEqual([text, 422])
    }
  })
})

describe("header injection in mails", () => {
  const breaks = ["\r\n", "\n", "\r", "\u2028", "\u2029", "\u0085"]

  test("no name of a person or organization holds a line break", async () => {
    for (const line of breaks) {
      const name = `Firm${line}Bcc: everybody@example.test`
      expect((await api("PATCH", "/auth/me", { token: world.token, body: { full_name: name } })).status).toBe(422)
      expect((await api("PATCH", `/organizations/${world.org.id}`, { token: world.token, body: { name } })).status).toBe(422)
    }
  })

  test("no address holds a second one, a header, a name or a comment", async () => {
    const tail = [
      "\r\nBcc: b@example.test",
      "\nSubject: x",
      ",b@example.test",
      ";b@example.test",
      " b@example.test",
      "%0ABcc:b@example.test>",
      "(comment)",
      "\0",
    ]
    const addresses = [
      ...tail.map((text) => `a@example.test${text}`),
      "A <a@example.test>",
      '"a b"@example.test',
      "a@example.test@example.test",
      "a@[127.0.0.1]",
      "a@localhost",
      "@example.test",
    ]
    for (const email of addresses) {
      expect([email, (await api("POST", "/auth/forgot-password", { body: { email } })).status]).toEqual([email, 422])
    }
  })

  test("a subject leaves as one line whatever it is made of, and markup in a name as text", async () => {
    const sent: Array<{ subject: string; to: string[] }> = []
    const fetcher = (async (_url: unknown, init: RequestInit) => {
      sent.push(JSON.parse(String(init.body)) as (typeof sent)[number])
      return new Response("{}")
    }) as typeof fetch
    await resendMailer(configOf(env), "key", fetcher).send({
      id: newId("mal", Date.now()),
      to: "a@example.test",
      subject: `Join${breaks.join("Bcc: x@example.test")}us`,
      text: "",
      html: "",
    })
    expect(sent).toHaveLength(1)
    expect(sent[0]?.subject).not.toMatch(/[\r\n\u0085\u2028\u2029]/)
    expect(sent[0]?.to).toEqual(["a@example.test"])

    const markup = `<img src=x onerror="alert(1)">&'`
    const { token } = await signUp(["supplier"], markup)
    const email = newEmail()
    await api("POST", "/invitations", { token, body: { email, roles: ["staff"] } })
    const [mail] = await mailsTo(email)
    expect(mail?.html).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;")
    expect(mail?.html).not.toContain("<img")
  })

  test("a mail never names the host that a request came by: outside development only PUBLIC_URL is believed", async () => {
    const { owner } = await signUp()
    const sent: string[] = []
    const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
      sent.push(String(init?.body))
      return new Response("{}")
    })
    try {
      for (const PUBLIC_URL of ["", "https://api.waybill.example"]) {
        const call = deployed({ ENVIRONMENT: "production", PUBLIC_URL, RESEND_API_KEY: "key" })
        const forged = {
          host: "evil.example",
          "x-forwarded-host": "evil.example",
          forwarded: "host=evil.example",
          "x-original-host": "evil.example",
          "cf-connecting-ip": "192.0.2.9",
        }
        expect((await call("https://evil.example/api/v1/auth/forgot-password", json({ email: owner.email }, forged))).status).toBe(202)
      }
    } finally {
      spy.mockRestore()
    }
    expect(sent).toHaveLength(2)
    for (const mail of sent) expect(mail).not.toContain("evil.example")
    expect(sent[0]).toContain("to /api/v1/auth/reset-password")
    expect(sent[1]).toContain("https://api.waybill.example/api/v1/auth/reset-password")
  })
})
