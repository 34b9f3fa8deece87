import { createExecutionContext } from "cloudflare:test"
import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { endpoints } from "../../src/domains/endpoints.ts"
import { type EndpointSpec, fullPath } from "../../src/platform/http/endpoint.ts"
import { fieldsOf } from "../../src/platform/http/schemas.ts"
import worker from "../../src/worker.ts"
import { quiet } from "../support/ledger.ts"
import { pathOf, requiredQueryOf } from "../support/requests.ts"
import { furnished, type Tenant, tablesOfD1, wholeLedgerOf, wholeOfD1 } from "../support/tenants.ts"
import { newEmail, password } from "../support/world.ts"

/** What the protocol itself allows to be said in two ways: methods, paths, encodings, names said twice. One request is one thing, or is refused. */

quiet()

const specs = endpoints.map(({ spec }) => spec).filter(({ isDevelopmentOnly }) => isDevelopmentOnly !== true)
const gets = specs.filter(({ method, isSocket }) => method === "get" && isSocket !== true)

let a: Tenant
let tables: string[]

beforeAll(async () => {
  a = await furnished("httpster", ["supplier", "buyer"])
  tables = await tablesOfD1()
}, 120_000)

let addresses = 0

async function send(method: string, path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: BodyInit } = {}) {
  addresses += 1
  const response = await worker.fetch(
    new Request(`http://api.waybill.test${path}`, {
      method,
      headers: { "cf-connecting-ip": `2001:db8:77:${addresses.toString(16)}::1`, ...headers },
      ...(body === undefined ? {} : { body }),
    }),
    env,
    createExecutionContext(),
  )
  const text = await response.text()
  const isJson = response.headers.get("content-type")?.includes("json") === true && text !== ""
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
}

const signedIn = (headers: Record<string, string> = {}) => ({ authorization: `Bearer ${a.token}`, ...headers })
const inJson = (headers: Record<string, string> = {}) => signedIn({ "content-type": "application/json", ...headers })

const state = async () => JSON.stringify([await wholeOfD1(tables), { ...(await wholeLedgerOf(a.org.id)), due: "" }])

const urlOf = (spec: EndpointSpec): string => `${pathOf(spec).slice(1)}${requiredQueryOf(spec)}`

/** A GET with a body, as it comes by the wire: no script can make one. */
function getWith(body: string, path: string): Request {
  const posted = new Request(`http://api.waybill.test${path}`, { method: "POST", headers: inJson(), body })
  return new Proxy(posted, {
    get: (target, name) => {
      if (name === "method") return "GET"
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
}

describe("HEAD", () => {
  test.each(gets.map((spec) => [spec.operationId, spec] as const))("%s answers as GET does, without a body", async (_, spec) => {
    const get = await send("GET", urlOf(spec), { headers: signedIn() })
    const head = await send("HEAD", urlOf(spec), { headers: signedIn() })
    expect([head.status, head.text]).toEqual([get.status, ""])
    const anonymous = [await send("GET", urlOf(spec)), await send("HEAD", urlOf(spec))].map(({ status }) => status)
    expect(anonymous[1]).toBe(anonymous[0])
  })

  test("opens no stream: nobody reads it, and it would count against whoever may open one", async () => {
    for (let n = 0; n < 20; n += 1) {
      const { status, headers, text } = await send("HEAD", "/api/v1/events", { headers: signedIn({ accept: "text/event-stream" }) })
      expect([status, text]).toEqual([200, ""])
      expect(headers.get("x-request-id")).toMatch(/./)
    }
    const get = await worker.fetch(
      new Request("http://api.waybill.test/api/v1/events", { headers: signedIn({ accept: "text/event-stream" }) }),
      env,
      createExecutionContext(),
    )
    expect(get.status).toBe(200)
    await get.body?.cancel()
  })
})

test("a socket is opened by GET alone", async () => {
  for (const [method, answer] of [
    ["HEAD", 422],
    ["POST", 405],
    ["PUT", 405],
  ] as const) {
    const request = new Request("http://api.waybill.test/api/v1/chat/ws", { method, headers: signedIn({ upgrade: "websocket" }) })
    const { status, webSocket } = await worker.fetch(request, env, createExecutionContext())
    expect([method, status, webSocket]).toEqual([method, answer, null])
  }
})

test("no other method does anything, by any name", async () => {
  const before = await state()
  for (const method of ["OPTIONS", "PROPFIND", "LOCK", "PURGE"]) {
    for (const path of ["/api/v1/products", `/api/v1/products/${a.productId}`, "/api/v1/auth/me"]) {
      const { status } = await send(method, path, { headers: signedIn() })
      expect([method, path, [404, 405].includes(status)]).toEqual([method, path, true])
    }
  }
  expect(await state()).toBe(before)
})

const ofProduct = (id: string) => `/api/v1/products/${id}`

describe("a path", () => {
  test("with a slash behind it, or letters written as percent signs, is the same resource to the same people", async () => {
    const id = a.productId
    const encoded = `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`
    for (const path of [ofProduct(id), `${ofProduct(id)}/`, ofProduct(encoded)]) {
      expect([path, (await send("GET", path)).status]).toEqual([path, 401])
      const { status, body } = await send("GET", path, { headers: signedIn() })
      expect([path, status, body.id]).toEqual([path, 200, id])
    }
  })

  test("encoded twice, with an encoded slash, dots, a null, in capitals or without end is nobody's", async () => {
    const id = a.productId
    for (const odd of [
      `%25${id.charCodeAt(0).toString(16)}${id.slice(1)}`,
      `${id}%2f`,
      `${id}%2F..%2F${id}`,
      `..%2fproducts%2f${id}`,
      `${id}%00`,
      `${id}%0a`,
      `%20${id}`,
      `${id}%20`,
      `${id};v=1`,
      `${id}.json`,
      id.toUpperCase(),
      `${id.slice(0, 4)}${id.slice(4).toUpperCase()}`,
      `${id}${id}`,
      "prd_".padEnd(9_000, "0"),
      "%ff%fe",
      "%",
      "%zz",
    ]) {
      const { status, body } = await send("GET", ofProduct(odd), { headers: signedIn() })
      expect([odd.slice(0, 60), [400, 404, 422].includes(status), typeof body?.code]).toEqual([odd.slice(0, 60), true, "string"])
    }
  })

  test("takes an id of its own kind alone, wherever one is taken", async () => {
    for (const spec of specs) {
      for (const name of Object.keys(fieldsOf(spec.params))) {
        for (const text of ["__proto__", "constructor", "ORG_01JD8X2Y3ZF4G5H6J7K8M9N0PQ", "x".repeat(2_000), "%F0%9F%92%A9"]) {
          const path = fullPath(spec).replace(/\{(\w+)\}/g, (_, other: string) => (other === name ? text : "x"))
          const { status } = await send(spec.method.toUpperCase(), `${path}${requiredQueryOf(spec)}`, {
            headers: inJson(),
            ...(spec.method === "get" || spec.method === "delete" ? {} : { body: "{}" }),
          })
          expect([spec.operationId, text.slice(0, 20), status >= 400 && status < 500]).toEqual([spec.operationId, text.slice(0, 20), true])
        }
      }
    }
  })
})

describe("a body", () => {
  const product = (sku: string) => JSON.stringify({ sku, name: "Crates", price: "1.00" })
  const post = (body: BodyInit, headers: Record<string, string> = {}) =>
    send("POST", "/api/v1/products", { headers: inJson(headers), body })

  test("with a byte order mark is read without it, and one in another encoding is refused", async () => {
    expect((await post(`\ufeff${product("BOM")}`)).body.sku).toBe("BOM")
    const utf16 = new Uint8Array(Array.from(product("U16"), (letter) => [letter.charCodeAt(0), 0]).flat())
    expect((await post(utf16)).body.code).toMatch(/MALFORMED_JSON|VALIDATION_FAILED/)
    expect((await post(utf16, { "content-type": "application/json; charset=utf-16" })).body.code).toMatch(
      /MALFORMED_JSON|VALIDATION_FAILED/,
    )
  })

  test("that is compressed is not unpacked, whatever it would unpack to", async () => {
    const before = await state()
    for (const [format, plain] of [
      ["gzip", product("GZIP")],
      ["deflate", product("DEFLATE")],
      ["gzip", "0".repeat(50_000_000)],
    ] as const) {
      const packed = await new Response(new Blob([plain]).stream().pipeThrough(new CompressionStream(format))).arrayBuffer()
      for (const path of ["/api/v1/products", "/api/v1/auth/token"]) {
        const { status } = await send("POST", path, { headers: inJson({ "content-encoding": format }), body: packed })
        expect([format, path, [400, 413, 415].includes(status)]).toEqual([format, path, true])
      }
    }
    expect(await state()).toBe(before)
  })

  test("that says a name twice means the last alone, for the limits as for the deed", async () => {
    const stranger = newEmail()
    const twice = `{"email":"${stranger}","email":"${a.owner.email}","password":"${password}"}`
    const inForm = (secret: string) =>
      new URLSearchParams([
        ["grant_type", "password"],
        ["username", stranger],
        ["username", a.owner.email],
        ["password", secret],
      ]).toString()
    const signIn = (body: string, type = "application/json", headers: Record<string, string> = {}) =>
      send("POST", "/api/v1/auth/token", { headers: { "content-type": type, ...headers }, body })
    const form = "application/x-www-form-urlencoded"
    for (const { status, body } of [await signIn(twice), await signIn(inForm(password), form)]) {
      expect(status).toBe(200)
      const me = await send("GET", "/api/v1/auth/me", { headers: { authorization: `Bearer ${body.access_token}` } })
      expect([me.status, me.body.id]).toEqual([200, a.owner.id])
    }
    const both = JSON.stringify({ email: a.owner.email, username: stranger, password })
    expect((await signIn(both)).status).toBe(422)

    // Guesses count for the name that is meant, whatever stands before it: an address spends the allowance of that name alone.
    for (const [address, guess, type] of [
      ["2001:db8:78:1::1", twice.replace(password, "not-it-at-all"), "application/json"],
      ["2001:db8:78:2::1", inForm("not-it-at-all"), form],
    ] as const) {
      const here = { "cf-connecting-ip": address }
      const plain = async (email: string) => (await signIn(JSON.stringify({ email, password }), "application/json", here)).status
      const guesses: number[] = []
      // The limiter's minute may turn between the last guess and the look: then it is spent anew.
      let isSpent = false
      for (let n = 0; n < 100 && !isSpent; n += 1) {
        const { status } = await signIn(guess, type, here)
        guesses.push(status)
        isSpent = status === 429 && (await plain(a.owner.email)) === 429
      }
      expect([type, isSpent, [...new Set(guesses)].sort()]).toEqual([type, true, [401, 429]])
      expect([type, await plain(stranger)]).toEqual([type, 401])
    }
  })

  test("cannot make an object of what every object has, at any depth, in any place that takes one", async () => {
    const before = await state()
    for (const extra of ['"__proto__":{"isAdmin":true}', '"constructor":{"prototype":{"isAdmin":true}}', '"hasOwnProperty":1']) {
      const bodies: ReadonlyArray<readonly [string, string]> = [
        ["/api/v1/products", `{"sku":"P","name":"P","price":"1.00",${extra}}`],
        ["/api/v1/products", `{"sku":"P","name":"P","price":"1.00","packs":[{"unit":"box","quantity":12,${extra}}]}`],
        ["/api/v1/warehouses", `{"code":"P","name":"P","kind":"OWN","address":{"city":"x",${extra}}}`],
        [
          "/api/v1/auth/register",
          `{"email":"${newEmail()}","password":"${password}","organization":{"name":"P","capabilities":["buyer"],${extra}}}`,
        ],
      ]
      for (const [path, body] of bodies) expect((await send("POST", path, { headers: inJson(), body })).status, path + extra).toBe(422)
      const preferences = `{"preferences":[{"type":"order.placed","mail":false,${extra}}]}`
      expect((await send("PUT", "/api/v1/notifications/preferences", { headers: inJson(), body: preferences })).status).toBe(422)
    }
    for (const type of ["__proto__", "constructor", "toString"]) {
      const preferences = JSON.stringify({ preferences: [{ type, mail: false }] })
      expect((await send("PUT", "/api/v1/notifications/preferences", { headers: inJson(), body: preferences })).status).toBe(422)
    }
    expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined()
    expect(await state()).toBe(before)
  })

  test("of a GET is nobody's business", async () => {
    for (const spec of gets) {
      const plain = await send("GET", urlOf(spec), { headers: signedIn() })
      for (const body of ["{}", '{"limit":1}', "{", "\u0000".repeat(2_000_000)]) {
        const response = await worker.fetch(getWith(body, urlOf(spec)), env, createExecutionContext())
        expect([spec.operationId, response.status]).toEqual([spec.operationId, plain.status])
        await response.body?.cancel()
      }
    }
  })

  test("of a DELETE is nobody's business, but that it may not be without end", async () => {
    const nobodys = specs.filter(({ method, body }) => method === "delete" && body === undefined)
    expect(nobodys.length).toBeGreaterThan(5)
    for (const spec of nobodys) {
      const plain = await send("DELETE", urlOf(spec), { headers: signedIn() })
      expect([spec.operationId, plain.status >= 400]).toEqual([spec.operationId, true])
      for (const body of ["{}", '{"id":"x"}', "{"]) {
        const { status, body: said } = await send("DELETE", urlOf(spec), { headers: inJson(), body })
        expect([spec.operationId, body, status, said?.code]).toEqual([spec.operationId, body, plain.status, plain.body?.code])
      }
    }
    const statuses: number[] = []
    for (const body of [undefined, "{}", "{"]) {
      const { body: made } = await post(product(`DELETED-${String(body)}`))
      const options = body === undefined ? { headers: signedIn() } : { headers: inJson(), body }
      statuses.push((await send("DELETE", ofProduct(made.id), options)).status)
    }
    expect(statuses).toEqual([204, 204, 204])
  })
})

test("a list of columns with names that every object has is no import", async () => {
  for (const columns of [
    "sku,name,price,__proto__",
    "sku,name,price,constructor",
    "__proto__",
    "sku,name,price,sku",
    "=1+1,sku,name,price",
  ]) {
    const { status, body } = await send("POST", "/api/v1/products/import?name=x.csv", {
      headers: signedIn({ "content-type": "text/csv" }),
      body: `${columns}\nA,B,1.00,x\n`,
    })
    expect([columns, status, body.errors?.[0]?.pointer?.startsWith("/columns")]).toEqual([columns, 422, true])
  }
})
