import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { encodeCursor } from "../../src/kernel/cursor.ts"
import { newId } from "../../src/kernel/ids.ts"
import { market } from "../support/market.ts"
import { type Answer, api, hire, newEmail, password, signUp, unique } from "../support/world.ts"

/** What somebody tries with things that were meant for somebody else: kept answers, ETags and cursors. */

const keyed = (key: string) => ({ "idempotency-key": key })
const bodyOf = ({ status, body }: Answer) => [status, { ...body, request_id: null }]

describe("an Idempotency-Key", () => {
  test("of another organization, or of a colleague, finds nothing of theirs: each is carried out on its own", async () => {
    const [a, b] = [await signUp(), await signUp()]
    const colleague = await hire(a.token, "owner")
    const key = unique("shared")
    const create = (token: string) =>
      api("POST", "/products", { token, headers: keyed(key), body: { sku: unique("SKU"), name: "Secret", price: "1.00" } })
    const answers = [await create(a.token), await create(b.token), await create(colleague.token)]
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3)
    const invite = (token: string) =>
      api("POST", "/invitations", { token, headers: keyed(key), body: { email: newEmail(), roles: ["staff"] } })
    const invited = [await invite(a.token), await invite(b.token), await invite(colleague.token)]
    expect(new Set(invited.map(({ body }) => body.id)).size).toBe(3)
  })

  test("on another path or method is another command, also where the body is the same", async () => {
    const { token } = await signUp()
    const [one, two] = [await hire(token, "staff"), await hire(token, "staff")]
    const headers = keyed(unique("key"))
    const body = { roles: ["manager"] }
    const first = await api("POST", `/users/${one.id}/roles`, { token, headers, body })
    const second = await api("POST", `/users/${two.id}/roles`, { token, headers, body })
    expect([first.body.id, second.body.id]).toEqual([one.id, two.id])
  })

  test("with another body is refused and changes nothing, at the Worker and at the ledger", async () => {
    const { token } = await signUp()
    const headers = keyed(unique("key"))
    const role = (name: string) => api("POST", "/roles", { token, headers, body: { name, permissions: ["orders.order.read"] } })
    expect((await role("first_name")).status).toBe(201)
    expect((await role("second_name")).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    const product = (price: string) => api("POST", "/products", { token, headers, body: { sku: "SKU-1", name: "P", price } })
    const { body } = await product("1.00")
    expect((await product("0.01")).body.code).toBe("IDEMPOTENCY_KEY_REUSED")
    expect((await api("GET", `/products/${body.id}`, { token })).body.price).toBe("1.00")
  })

  test("gives nobody back what they may no longer do: the permission is asked before the kept answer", async () => {
    const { token } = await signUp()
    const admin = await hire(token, "admin")
    const headers = keyed(unique("key"))
    const body = { name: "exporter", permissions: ["orders.order.read"] }
    expect((await api("POST", "/api-keys", { token: admin.token, headers, body })).body.secret).toMatch(/^wbk_/)
    const replay = await api("POST", "/api-keys", { token: admin.token, headers, body })
    expect([replay.status, replay.body.secret]).toEqual([201, null])
    await api("POST", `/users/${admin.id}/roles`, { token, body: { roles: ["staff"] } })
    const demoted = (await api("POST", "/auth/refresh", { body: { refresh_token: admin.refreshToken } })).body.access_token
    expect((await api("POST", "/api-keys", { token: demoted, headers, body })).status).toBe(403)
    expect((await api("POST", "/api-keys", { headers, body })).status).toBe(401)
  })

  test("keeps no password, token or secret in the database, and no bare digest of a body", async () => {
    const email = newEmail()
    const body = { email, password: "a-password-to-look-for", organization: { name: unique("Firm"), capabilities: ["buyer"] } }
    const { body: made } = await api("POST", "/auth/register", { headers: keyed(unique("key")), body })
    await api("POST", "/api-keys", {
      token: made.access_token,
      headers: keyed(unique("key")),
      body: { name: "k", permissions: ["orders.order.read"] },
    })
    const { results } = await env.DB.prepare("select * from idempotency_keys").all()
    const kept = JSON.stringify(results)
    expect(kept).toContain(email)
    for (const secret of ["a-password-to-look-for", made.access_token, made.refresh_token, "wbk_"]) expect(kept).not.toContain(secret)
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(body))))
    expect(kept).not.toContain(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""))
  })

  test("that is no key is refused: empty, with spaces, too long", async () => {
    const { token } = await signUp()
    for (const key of ["", " ", "a b", "x".repeat(256), "a\tb"]) {
      const answer = await api("POST", "/roles", {
        token,
        headers: keyed(key),
        body: { name: "role_name", permissions: ["orders.order.read"] },
      })
      expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, "/header/Idempotency-Key"])
    }
  })

  test("of a stranger who signs in gives no stranger a token, and is refused to another body", async () => {
    const { owner } = await signUp()
    const headers = keyed(unique("key"))
    expect((await api("POST", "/auth/token", { headers, body: { email: owner.email, password } })).body.access_token).toBeTruthy()
    const again = await api("POST", "/auth/token", { headers, body: { email: owner.email, password } })
    expect([again.body.access_token, again.body.refresh_token]).toEqual([null, null])
    const other = await api("POST", "/auth/token", { headers, body: { email: owner.email, password: "guessed-guessed" } })
    expect(other.body.code).toBe("IDEMPOTENCY_KEY_REUSED")
  })
})

describe("an ETag", () => {
  test("of what one may not read answers 404 and never 304, whatever is guessed", async () => {
    const { supplier, body } = await market()
    const stranger = await signUp(["buyer"])
    const id = body.items[0]?.product_id ?? ""
    const { headers } = await api("GET", `/products/${id}`, { token: supplier.token })
    const etag = headers.get("etag") ?? ""
    for (const guess of ["*", etag, `W/${etag}`, '"1.1.b"', `"x", ${etag}, *`]) {
      expect((await api("GET", `/products/${id}`, { token: stranger.token, headers: { "if-none-match": guess } })).status).toBe(404)
      expect((await api("GET", `/users/${supplier.owner.id}`, { token: stranger.token, headers: { "if-none-match": guess } })).status).toBe(
        404,
      )
      expect((await api("GET", `/products/${id}`, { headers: { "if-none-match": guess } })).status).toBe(401)
    }
  })

  test("of one side is not the other's: the buyer's order is never called unchanged because of the supplier's", async () => {
    const { supplier, buyer, body } = await market()
    const { body: order } = await api("POST", "/orders", { token: buyer.token, body })
    const [sold, bought] = await Promise.all([supplier, buyer].map(({ token }) => api("GET", `/orders/${order.id}`, { token })))
    const etag = sold?.headers.get("etag") ?? ""
    expect(etag).not.toBe(bought?.headers.get("etag"))
    expect((await api("GET", `/orders/${order.id}`, { token: buyer.token, headers: { "if-none-match": etag } })).status).toBe(200)
    expect((await api("GET", `/orders/${order.id}`, { token: supplier.token, headers: { "if-none-match": etag } })).status).toBe(304)
  })

  test("of a product tells a buyer who may not see the stock of no sale, and everybody of a new availability", async () => {
    const { supplier, buyer, body } = await market(10)
    const id = body.items[0]?.product_id ?? ""
    const seen = async (token: string) => (await api("GET", `/products/${id}`, { token })).headers.get("etag") ?? ""
    const count = (stock: number) =>
      env.DB.prepare("select stock_milli from products where id = ? and stock_milli = ?")
        .bind(id, stock * 1000)
        .first()
    const sell = async (quantity: number) => {
      const { body: order } = await api("POST", "/orders", { token: buyer.token, body: { ...body, items: [{ product_id: id, quantity }] } })
      expect((await api("PUT", `/orders/${order.id}/status`, { token: supplier.token, body: { status: "ACCEPTED" } })).status).toBe(200)
    }
    const before = { buyer: await seen(buyer.token), supplier: await seen(supplier.token) }
    await sell(4)
    expect(await count(6)).not.toBeNull()
    expect(await seen(buyer.token)).toBe(before.buyer)
    expect(await seen(supplier.token)).not.toBe(before.supplier)
    await sell(6)
    const soldOut = await api("GET", `/products/${id}`, { token: buyer.token, headers: { "if-none-match": before.buyer } })
    expect([soldOut.status, soldOut.body.availability]).toEqual([200, "OUT_OF_STOCK"])
    expect(JSON.stringify(soldOut.body)).not.toContain("stock_quantity")
  })

  test("held from before the supplier shared its stock, or stopped to, is stale at once", async () => {
    const { supplier, buyer, body } = await market(10)
    const id = body.items[0]?.product_id ?? ""
    const read = (etag = "") => api("GET", `/products/${id}`, { token: buyer.token, headers: etag === "" ? {} : { "if-none-match": etag } })
    const share = (share_stock: boolean) =>
      api("PATCH", `/organizations/${supplier.org.id}`, { token: supplier.token, body: { settings: { share_stock } } })
    const hidden = await read()
    expect((await share(true)).status).toBe(200)
    const shared = await read(hidden.headers.get("etag") ?? "")
    expect([shared.status, shared.body.stock_quantity]).toEqual([200, 10])
    await share(false)
    const again = await read(shared.headers.get("etag") ?? "")
    expect([again.status, "stock_quantity" in again.body]).toEqual([200, false])
  })

  test("made up in If-Match changes nothing: it is stale or no ETag, and never an error of ours", async () => {
    const { supplier, body } = await market()
    const id = body.items[0]?.product_id ?? ""
    const forged = [
      '"2.1.s"',
      '"0.0.s"',
      '"99999999999999999999.1.s"',
      "1",
      '"1"',
      '"1.1.x"',
      '"-1.1.s"',
      '"1.1.s", "2.1.s"',
      'W/"1.1.s"',
      "'; drop table products; --",
      `"${"9".repeat(5_000)}.1.s"`,
    ]
    for (const etag of forged) {
      const answer = await api("PATCH", `/products/${id}`, {
        token: supplier.token,
        headers: { "if-match": etag },
        body: { price: "0.01" },
      })
      expect([answer.status, answer.body.code]).toEqual([412, "VERSION_MISMATCH"])
    }
    expect((await api("GET", `/products/${id}`, { token: supplier.token })).body.price).toBe("5.99")
  })

  test("and every answer besides it is for its reader alone: no shared cache keeps one, and nobody keeps a token", async () => {
    const { supplier, buyer, body } = await market()
    const product = await api("GET", `/products/${body.items[0]?.product_id}`, { token: buyer.token })
    expect(product.headers.get("cache-control")).toBe("private, no-cache")
    const others = [
      await api("POST", "/auth/token", { body: { email: supplier.owner.email, password } }),
      await api("POST", "/auth/refresh", { body: { refresh_token: supplier.owner.refreshToken } }),
      await api("GET", "/auth/me", { token: buyer.token }),
      await api("GET", "/products/catalog", { token: buyer.token }),
      await api("GET", "/users/usr_none", { token: buyer.token }),
      await api("GET", "/nothing", {}),
    ]
    for (const { headers } of others) expect(headers.get("cache-control")).toBe("no-store")
  })
})

describe("a cursor", () => {
  const lists = [
    "/users",
    "/roles",
    "/invitations",
    "/api-keys",
    "/auth/sessions",
    "/audit-logs",
    "/links/my-links",
    "/orders/my-orders",
    "/products",
    "/products/catalog",
    "/organizations/directory",
  ]
  const keyOf: Record<string, readonly [string, ...Array<string | number>]> = {
    "/users": ["users", `usr_${"0".repeat(26)}`],
    "/invitations": ["invitations", `inv_${"0".repeat(26)}`],
    "/api-keys": ["api-keys", `key_${"0".repeat(26)}`],
    "/auth/sessions": ["sessions", `ses_7${"z".repeat(25)}`],
    "/audit-logs": ["audit-logs", `aud_7${"z".repeat(25)}`],
    "/links/my-links": ["links", `lnk_7${"z".repeat(25)}`],
    "/orders/my-orders": ["orders", `ord_7${"z".repeat(25)}`],
    "/products": ["products", `prd_7${"z".repeat(25)}`],
    "/products/catalog": ["catalog", "", "", ""],
    "/products/catalog?q=tom": ["catalog-search", Number.MAX_SAFE_INTEGER],
    "/products/catalog?sort=price": ["catalog-by-price", -1, ""],
    "/organizations/directory": ["directory", "", ""],
  }

  test("made up to start anywhere shows no row of another organization's", async () => {
    const { supplier, buyer } = await market()
    await api("POST", "/invitations", { token: supplier.token, body: { email: newEmail(), roles: ["staff"] } })
    const stranger = await signUp(["supplier", "buyer"])
    for (const [path, [kind, ...key]] of Object.entries(keyOf)) {
      const cursor = encodeCursor(kind, key)
      const { status, body } = await api("GET", `${path}${path.includes("?") ? "&" : "?"}cursor=${cursor}`, { token: stranger.token })
      expect([path, status]).toEqual([path, 200])
      if (path !== "/organizations/directory") expect(JSON.stringify(body)).not.toContain(supplier.org.id)
      for (const secret of [supplier.owner.id, supplier.owner.email, buyer.org.id]) expect(JSON.stringify(body)).not.toContain(secret)
    }
  })

  test("that names an unlinked supplier in the catalog shows none of its products", async () => {
    const { supplier } = await market()
    const stranger = await signUp(["buyer"])
    for (const id of ["", newId("prd", 0)]) {
      const cursor = encodeCursor("catalog", [supplier.org.id, "", id])
      for (const more of ["", `&supplier_id=${supplier.org.id}`, "&in_stock=true", "&category=x"]) {
        const { status, body } = await api("GET", `/products/catalog?cursor=${cursor}${more}`, { token: stranger.token })
        expect([status, body.data]).toEqual([200, []])
      }
    }
  })

  test("of another list, another order, cut, grown, of other types or full of SQL is refused or finds nothing, and never an error of ours", async () => {
    const { token } = await signUp()
    const hostile = [
      "x",
      "====",
      "AAAA",
      encodeCursor("elsewhere", ["x"]),
      btoa("null"),
      btoa("[]"),
      btoa("{}"),
      btoa('["users"]'),
      btoa('["users",1]'),
      btoa('["users",null]'),
      btoa('["users",["x"]]'),
      btoa('["users",{"$gt":""}]'),
      btoa('["users","x","y"]'),
      btoa('["catalog-search",1.5]'),
      btoa('["catalog-search",1e400]'),
      btoa("[[[[[[[[[["),
      btoa(`["users","${"x".repeat(700)}"]`),
      "A".repeat(1001),
    ].map((cursor) => cursor.replace(/=+$/, ""))
    for (const path of lists) {
      for (const cursor of hostile) {
        const { status, body } = await api("GET", `${path}?cursor=${encodeURIComponent(cursor)}`, { token })
        if (status === 200) expect(body.data).toEqual([])
        else expect([path, cursor, status]).toEqual([path, cursor, 422])
      }
    }
    for (const [list, status] of [
      ["users", 422],
      ["roles", 200],
    ] as const) {
      const injected = encodeCursor(list, ["' OR '1'='1'; DROP TABLE users; --"])
      expect([list, (await api("GET", `/${list}?cursor=${injected}`, { token })).status]).toEqual([list, status])
    }
    expect((await api("GET", "/users", { token })).body.data).toHaveLength(1)
  })

  test("and a sorted list's own cursor is of use to that order alone", async () => {
    const { buyer } = await market()
    const cursor = encodeCursor("catalog-by-price", [0, ""])
    expect((await api("GET", `/products/catalog?sort=price&cursor=${cursor}`, { token: buyer.token })).status).toBe(200)
    for (const other of ["sort=-price", "sort=name", "q=tom", "limit=5"]) {
      expect(bodyOf(await api("GET", `/products/catalog?${other}&cursor=${cursor}`, { token: buyer.token }))[0]).toBe(422)
    }
  })
})
