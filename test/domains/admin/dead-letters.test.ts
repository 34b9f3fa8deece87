import { describe, expect, test } from "vitest"
import { newId, platformOrganizationId } from "../../../src/kernel/ids.ts"
import { letter } from "../../support/events.ts"
import { api, auditOf, platformStaff, signUp } from "../../support/world.ts"

const replay = (token: string, id: string, headers = {}) => api("POST", `/admin/dead-letters/${id}/replay`, { token, headers })

describe("dead letters", () => {
  test("are listed newest first, by their state, page by page", async () => {
    const { token } = await platformStaff()
    const ids: string[] = []
    for (let index = 0; index < 5; index += 1) ids.push(await letter({ kind: "mails", org_id: "org_x", index }, 1_700_000_000_000 + index))
    await replay(token, ids[2] ?? "")
    const listed: string[] = []
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body, status } = await api("GET", `/admin/dead-letters?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`, { token })
      expect(status).toBe(200)
      listed.push(...body.data.map(({ id }: { id: string }) => id))
      cursor = body.next_cursor
    }
    expect(listed).toEqual([...ids].reverse())
    const waiting = await api("GET", "/admin/dead-letters?status=waiting", { token })
    expect(waiting.body.data.map(({ id }: { id: string }) => id)).toEqual(ids.filter((id) => id !== ids[2]).reverse())
    expect(waiting.body.data[0]).toEqual({
      id: ids[4],
      queue: "waybill-events",
      body: { kind: "mails", org_id: "org_x", index: 4 },
      attempts: 6,
      error: null,
      status: "WAITING",
      first_seen_at: "2023-11-14T22:13:20.004Z",
      replayed_at: null,
    })
  })

  test("INV-EVT-6: a replay puts the message into its queue, once, and the platform's log says who did", async () => {
    const { token, id: staff } = await platformStaff()
    const world = await signUp()
    const id = await letter({ kind: "events", org_id: world.org.id })
    const key = { "idempotency-key": crypto.randomUUID() }
    const first = await replay(token, id, key)
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ id, status: "REPLAYED", replayed_at: expect.any(String) })
    expect((await replay(token, id, key)).body).toEqual(first.body)
    const again = await replay(token, id)
    expect([again.status, again.body.code, again.body.current]).toEqual([409, "INVALID_TRANSITION", "REPLAYED"])
    const entries = (await auditOf(platformOrganizationId)).filter(
      ({ actor_id: actor, action }) => actor === staff && action.startsWith("platform."),
    )
    expect(entries.map(({ action }) => action)).toEqual(["platform.dead-letter.replay"])
  })

  test("are the platform's: nobody else sees or replays them, nor staff inside an organization", async () => {
    const world = await signUp()
    const { token } = await platformStaff()
    const id = await letter({ kind: "probe", at: 1 })
    for (const [bearer, status] of [
      [world.token, 403],
      ["nonsense", 401],
    ] as const) {
      expect((await api("GET", "/admin/dead-letters", { token: bearer })).status).toBe(status)
      expect((await replay(bearer, id)).status).toBe(status)
    }
    const inside = await api("GET", "/admin/dead-letters", { token, headers: { "x-tenant-id": world.org.id } })
    expect([inside.status, inside.body.code]).toEqual([403, "TENANT_MISMATCH"])
    expect((await replay(token, newId("dlt", Date.now()))).status).toBe(404)
    expect((await replay(token, newId("usr", Date.now()))).status).toBe(422)
    expect((await api("GET", "/admin/dead-letters?status=lost", { token })).status).toBe(422)
    expect((await api("GET", "/admin/dead-letters?cursor=x", { token })).status).toBe(422)
  })
})
