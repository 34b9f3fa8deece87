import { beforeAll, describe, expect, test } from "vitest"
import { png, uploaded } from "../support/files.ts"
import { quiet } from "../support/ledger.ts"
import { market } from "../support/market.ts"
import { type Answer, api, hire, newEmail, password, platformStaff, signUp, tokenMailedTo, type World } from "../support/world.ts"

/**
 * A right is taken away while it is being used, many times at once. Whichever comes first, what is left afterwards agrees
 * with itself: what was answered with a success is there, nothing else is, and from then on nothing goes.
 */

quiet()

const tries = 6

/** The deed in the midst of as many uses. */
async function amid(use: (n: number) => Promise<Answer>, deed: () => Promise<Answer>): Promise<{ used: Answer[]; done: Answer }> {
  const before = Array.from({ length: tries / 2 }, (_, n) => use(n))
  const doing = deed()
  const after = Array.from({ length: tries / 2 }, (_, n) => use(tries / 2 + n))
  const [done, ...used] = await Promise.all([doing, ...before, ...after])
  return { used, done: done as Answer }
}

const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status)
const successes = (answers: readonly Answer[]): Answer[] => answers.filter(({ status }) => status < 300)

/** Dead: it opens nothing, and gets no other. */
async function expectDead({ body }: Answer): Promise<void> {
  expect((await api("GET", "/auth/me", { token: body.access_token })).status).toBe(401)
  expect((await api("POST", "/auth/refresh", { body: { refresh_token: body.refresh_token } })).status).toBe(401)
}

describe("people", () => {
  let world: World

  beforeAll(async () => {
    world = await signUp(["supplier"])
  })

  const refreshing = (tokens: readonly string[]) => (n: number) =>
    api("POST", "/auth/refresh", { body: { refresh_token: tokens[n] ?? "" } })
  /** As many sessions of one person, each with a token to refresh. */
  async function sessionsOf(email: string): Promise<string[]> {
    const answers: Answer[] = []
    // Each from an address of its own: guesses are counted.
    for (let n = 0; n < tries; n += 1) {
      const headers = { "cf-connecting-ip": `2001:db8:${Math.floor(Math.random() * 65_536).toString(16)}:${n}::1` }
      answers.push(await api("POST", "/auth/token", { headers, body: { email, password } }))
    }
    return answers.map(({ body }) => body.refresh_token)
  }

  test("who are disabled while they refresh their sessions have none left", async () => {
    const person = await hire(world.token, "staff")
    const { used, done } = await amid(refreshing(await sessionsOf(person.email)), () =>
      api("DELETE", `/users/${person.id}`, { token: world.token }),
    )
    expect(done.status).toBe(204)
    for (const answer of successes(used)) await expectDead(answer)
    expect((await api("GET", "/auth/me", { token: person.token })).status).toBe(401)
    expect((await api("POST", "/auth/token", { body: { email: person.email, password } })).status).toBe(401)
  })

  test("who are disabled while they sign in have no session either", async () => {
    const person = await hire(world.token, "staff")
    const signIn = (n: number) =>
      api("POST", "/auth/token", { headers: { "cf-connecting-ip": `2001:db8:5:${n}::1` }, body: { email: person.email, password } })
    let begin = (): void => undefined
    const isIn = new Promise<void>((resolve) => void (begin = resolve))
    const { used, done } = await amid(
      (n) => signIn(n).finally(begin),
      () => isIn.then(() => api("DELETE", `/users/${person.id}`, { token: world.token })),
    )
    expect(done.status).toBe(204)
    // Who is judged by what changed meanwhile is told to come back (503), and then is nobody.
    expect(statuses(used).filter((status) => ![200, 401, 503].includes(status))).toEqual([])
    expect(successes(used).length).toBeGreaterThan(0)
    for (const answer of successes(used)) await expectDead(answer)
    expect((await signIn(99)).status).toBe(401)
  })

  test("whose password is reset while a thief refreshes leave the thief nothing", async () => {
    const person = await hire(world.token, "staff")
    const tokens = await sessionsOf(person.email)
    await api("POST", "/auth/forgot-password", { body: { email: person.email } })
    const token = await tokenMailedTo(person.email)
    const reset = () => api("POST", "/auth/reset-password", { body: { token, password: "another battery staple" } })
    const { used, done } = await amid(refreshing(tokens), reset)
    // Refused where somebody went in between, it is asked for again until it is done.
    let last = done
    for (let n = 0; n < 20 && last.status !== 204; n += 1) {
      expect(last.status).toBeLessThan(500)
      last = await reset()
    }
    expect(last.status).toBe(204)
    for (const answer of successes(used)) await expectDead(answer)
    for (const token of tokens) expect((await api("POST", "/auth/refresh", { body: { refresh_token: token } })).status).toBe(401)
  })

  test("who are made less while they use what they were can do it no more afterwards", async () => {
    const person = await hire(world.token, "admin")
    const define = (n: number) =>
      api("POST", "/roles", {
        token: person.token,
        body: { name: `raced_${n}_${person.id.slice(-6)}`, permissions: ["orders.order.read"] },
      })
    const { used, done } = await amid(define, () =>
      api("POST", `/users/${person.id}/roles`, { token: world.token, body: { roles: ["staff"] } }),
    )
    expect(done.status).toBe(200)
    expect((await define(99)).status).toBe(401)
    const { body } = await api("GET", "/roles?limit=100", { token: world.token })
    const there = body.data.filter(({ name }: { name: string }) => name.endsWith(person.id.slice(-6)))
    expect(there).toHaveLength(successes(used).length)
  })

  test("invited join or are turned away: of withdrawing and redeeming at once one succeeds", async () => {
    const email = newEmail()
    const { body: invitation } = await api("POST", "/invitations", { token: world.token, body: { email, roles: ["staff"] } })
    const token = await tokenMailedTo(email)
    const { used, done } = await amid(
      () => api("POST", "/auth/register", { body: { invitation_token: token, password, full_name: "Joined" } }),
      () => api("DELETE", `/invitations/${invitation.id}`, { token: world.token }),
    )
    expect([...statuses(used), done.status].filter((status) => status < 300)).toHaveLength(1)
    const { body } = await api("GET", "/users?limit=100", { token: world.token })
    const joined = body.data.filter((user: { email: string }) => user.email === email)
    expect(joined).toHaveLength(successes(used).length)
  })
})

test("a key revoked while it is used opens nothing afterwards, whoever remembers it", async () => {
  const { token } = await signUp()
  const { body: key } = await api("POST", "/api-keys", { token, body: { name: "k", permissions: ["catalog.product.read"] } })
  const use = () => api("GET", "/products", { token: key.secret })
  const { used, done } = await amid(use, () => api("DELETE", `/api-keys/${key.id}`, { token }))
  expect([done.status, ...statuses(used)].filter((status) => ![200, 204, 401].includes(status))).toEqual([])
  expect(statuses([await use(), await use()])).toEqual([401, 401])
})

test("a file deleted while it is attached is either gone and shown nowhere, or kept and shown", async () => {
  const { supplier } = await market()
  const { body: products } = await api("GET", "/products", { token: supplier.token })
  const file = await uploaded(supplier.token, "product_image", await png(), "a.png")
  const { used, done } = await amid(
    () => api("POST", `/products/${products.data[0].id}/images`, { token: supplier.token, body: { file_id: file.id } }),
    () => api("DELETE", `/files/${file.id}`, { token: supplier.token }),
  )
  const isAttached = successes(used).length > 0
  expect(done.status).toBe(isAttached ? 409 : 204)
  const { body } = await api("GET", `/products/${products.data[0].id}`, { token: supplier.token })
  expect(body.images.length).toBe(isAttached ? 1 : 0)
})

describe("orders", () => {
  const placing = (token: string, body: object) => (n: number) =>
    api("POST", "/orders", { token, body, headers: { "idempotency-key": `race-${n}` } })
  const ordersOf = async ({ token }: World): Promise<number> =>
    (await api("GET", "/orders/my-orders?limit=100", { token })).body.data.length

  test("placed while the link is blocked are there or refused, and none comes after", async () => {
    const { supplier, buyer, body } = await market()
    const { body: links } = await api("GET", "/links/my-links", { token: supplier.token })
    const place = placing(buyer.token, body)
    const { used, done } = await amid(place, () =>
      api("PUT", `/links/${links.data[0].id}/status`, { token: supplier.token, body: { status: "BLOCKED" } }),
    )
    expect(done.status).toBe(200)
    for (const { status, body: said } of used)
      expect([status, said.code]).toEqual(status === 201 ? [201, undefined] : [403, "LINK_NOT_APPROVED"])
    expect((await place(99)).body.code).toBe("LINK_NOT_APPROVED")
    expect(await ordersOf(buyer)).toBe(successes(used).length)
    expect(await ordersOf(supplier)).toBe(successes(used).length)
  })

  test("placed while the product is archived are there or refused, and none comes after", async () => {
    const { supplier, buyer, body } = await market()
    const place = placing(buyer.token, body)
    const { used, done } = await amid(place, () => api("DELETE", `/products/${body.items[0]?.product_id}`, { token: supplier.token }))
    expect(done.status).toBe(204)
    for (const { status } of used) expect([201, 422]).toContain(status)
    expect((await place(99)).status).toBe(422)
    expect(await ordersOf(buyer)).toBe(successes(used).length)
  })

  test("placed while the supplier is deactivated are there or refused, and none comes after", async () => {
    const { supplier, buyer, body } = await market()
    const staff = await platformStaff()
    const place = placing(buyer.token, body)
    const { used, done } = await amid(place, () => api("DELETE", `/organizations/${supplier.org.id}`, { token: staff.token }))
    expect(done.status).toBeLessThan(300)
    for (const { status, body: said } of used)
      expect([status, said.code]).toEqual(status === 201 ? [201, undefined] : [403, "ORGANIZATION_DEACTIVATED"])
    expect((await place(99)).body.code).toBe("ORGANIZATION_DEACTIVATED")
    expect(await ordersOf(buyer)).toBe(successes(used).length)
  })
})
