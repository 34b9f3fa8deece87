import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { newId, type OrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { signedIn } from "../../support/app.ts"
import { happen } from "../../support/events.ts"
import { type Answer, api, costOf } from "../../support/world.ts"

const organization = () => newId("org", Date.now())
const tokenOf = async (orgId: OrganizationId, ...roles: string[]) =>
  (await signedIn({ orgId, roles })).authorization.slice("Bearer ".length)

async function everyPage(token: string, query: string): Promise<{ ids: string[]; sizes: number[]; answers: Answer[] }> {
  const [ids, sizes, answers]: [string[], number[], Answer[]] = [[], [], []]
  let cursor: string | null = ""
  while (cursor !== null) {
    const answer: Answer = await api("GET", `/events?${query}${cursor === "" ? "" : `&cursor=${cursor}`}`, { token })
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    ids.push(...answer.body.data.map(({ id }: { id: string }) => id))
    sizes.push(answer.body.data.length)
    answers.push(answer)
    cursor = answer.body.next_cursor
  }
  return { ids, sizes, answers }
}

describe("the list of events", () => {
  test("has the newest first, by commit, each once, page by page", async () => {
    const orgId = organization()
    const token = await tokenOf(orgId, "staff")
    const ids = await happen(orgId, 25, (index) => ({ at: 1_700_000_000_000 - index }))
    const { ids: listed, sizes, answers } = await everyPage(token, "limit=10")
    expect(listed).toEqual([...ids].reverse())
    expect(sizes).toEqual([10, 10, 5])
    expect(answers[0]?.body.data[0]).toEqual({ id: ids.at(-1), type: "order.accepted", at: "2023-11-14T22:13:19.976Z", data: { n: 24 } })
    for (const answer of answers.slice(1, 2)) expect(costOf(answer)).toMatchObject({ trips: 1, written: 0 })
  })

  test("of a type, and of what the reader may see, looks at a bounded number and goes on from there", async () => {
    const orgId = organization()
    const token = await tokenOf(orgId, "staff")
    const ids = await happen(orgId, 1_203, (index) =>
      index === 1 || index === 700
        ? { type: "link.approved", permission: "partners.link.read" }
        : index % 2 === 0
          ? { type: "user.created", permission: "identity.user.read" }
          : {},
    )
    const { ids: found, sizes, answers } = await everyPage(token, "type=link.approved")
    expect(found).toEqual([ids[700], ids[1]])
    expect(sizes).toEqual([0, 1, 1])
    for (const answer of answers) expect(costOf(answer).read).toBeLessThanOrEqual(2 * limits.filterScanRowsMax + 10)
    const { ids: seen } = await everyPage(token, "limit=100")
    expect(seen).toEqual(ids.filter((_, index) => index % 2 === 1 || index === 700).reverse())
    // A full page ends the walk.
    expect(costOf(await api("GET", "/events?limit=10", { token })).read).toBeLessThanOrEqual(40)
  })

  test("shows an event that stays as it is, and nobody else's", async () => {
    const [mine, theirs] = [organization(), organization()]
    const [id] = await happen(mine, 1)
    const [other] = await happen(theirs, 1)
    const token = await tokenOf(mine, "staff")
    const one = await api("GET", `/events/${id}`, { token })
    expect(one.body).toMatchObject({ id, type: "order.accepted", data: { n: 0 } })
    const again = await api("GET", `/events/${id}`, { token, headers: { "if-none-match": one.headers.get("etag") ?? "" } })
    expect(again.status).toBe(304)
    expect((await api("GET", `/events/${other}`, { token })).status).toBe(404)
    expect((await everyPage(token, "limit=100")).ids).toEqual([id])
    const cursor = (await api("GET", "/events?limit=1", { token: await tokenOf(theirs, "owner") })).body.next_cursor
    expect(cursor).toBeNull()
  })

  test("is not for who may see nothing of it", async () => {
    const orgId = organization()
    const [id] = await happen(orgId, 1)
    const token = await tokenOf(orgId, "nobody")
    for (const path of ["/events", `/events/${id}`]) expect((await api("GET", path, { token })).status).toBe(403)
    expect((await api("GET", "/events", { token, headers: { accept: "text/event-stream" } })).status).toBe(403)
  })

  test("refuses what it does not know", async () => {
    const token = await tokenOf(organization(), "staff")
    for (const query of [
      "type=",
      "type=order.invented",
      "type=order.accepted,",
      "limit=0",
      "cursor=x",
      "types=order.accepted",
      `type=${"order.accepted,".repeat(200)}`,
    ])
      expect([query, (await api("GET", `/events?${query}`, { token })).status]).toEqual([query, 422])
    expect((await api("GET", `/events/${newId("ord", 1)}`, { token })).status).toBe(422)
    expect((await api("GET", "/events")).status).toBe(401)
  })

  test("is a stream only where Accept names it", async () => {
    const orgId = organization()
    const token = await tokenOf(orgId, "staff")
    for (const accept of ["*/*", "application/json", "text/*", "text/event-stream;q=0", "text/event-streams"])
      expect((await api("GET", "/events", { token, headers: { accept } })).headers.get("content-type")).toMatch(/json/)
  })

  test("knows whose act an event was, and tells nobody", async () => {
    const orgId = organization()
    const [id] = await happen(orgId, 1)
    await env.DB.prepare("update events set actor_id = 'usr_secret' where org_id = ?").bind(orgId).run()
    expect(Object.keys((await api("GET", `/events/${id}`, { token: await tokenOf(orgId, "owner") })).body)).toEqual([
      "id",
      "type",
      "at",
      "data",
    ])
  })
})
