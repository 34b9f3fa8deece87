import { describe, expect, test } from "vitest"
import { auditEndpoints } from "../../../src/domains/audit/index.ts"
import { type AuditId, mintId, newId, type OrganizationId, platformOrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { type AuditEntry, UnitOfWork } from "../../../src/platform/db/unit-of-work.ts"
import { auditLogs } from "../../../src/platform/events/tables.ts"
import { appOf, asPlatformStaff, signedIn } from "../../support/app.ts"
import { dbOf } from "../../support/tenant-db.ts"

const ask = appOf(auditEndpoints)

const organization = () => newId("org", Date.now())
const owner = (orgId: OrganizationId) => signedIn({ orgId, roles: ["owner"] })

/** `count` entries a second apart from `start`, the newest last; `action` by index. */
async function seed(
  orgId: OrganizationId,
  count: number,
  start = 1_700_000_000_000,
  action: (index: number) => string = () => "orders.order.place",
): Promise<AuditId[]> {
  const db = dbOf(orgId)
  const rows = Array.from({ length: count }, (_, index) => ({
    id: mintId("aud", { at: start + index * 1_000, random: crypto.getRandomValues(new Uint8Array(10)) }),
    index,
  }))
  for (let from = 0; from < count; from += 100) {
    await db.run(
      rows.slice(from, from + 100).map(({ id, index }) =>
        db.insert(auditLogs, {
          id,
          actorKind: "USER",
          actorId: `usr_${index % 2}`,
          actorName: "Ada",
          action: action(index),
          entity: "order",
          entityId: `ord_${index}`,
          before: null,
          after: { index },
          ipAddress: "192.0.2.1",
          userAgent: "curl/8",
          at: start + index * 1_000,
        }),
      ),
    )
  }
  return rows.map(({ id }) => id)
}

type Page = { data: Array<{ id: AuditId; action: string; after: { index: number } }>; next_cursor: string | null }

async function list(orgId: OrganizationId, query = ""): Promise<Page & { response: Response }> {
  const response = await ask(`/api/v1/audit-logs?${query}`, { headers: await owner(orgId) })
  return { ...((await response.json()) as Page), response }
}

async function everyPage(orgId: OrganizationId, query: string, after: string | null = null): Promise<{ ids: AuditId[]; sizes: number[] }> {
  const ids: AuditId[] = []
  const sizes: number[] = []
  let cursor = after
  do {
    const page: Page = await list(orgId, `${query}${cursor === null ? "" : `&cursor=${cursor}`}`)
    ids.push(...page.data.map(({ id }) => id))
    sizes.push(page.data.length)
    cursor = page.next_cursor
  } while (cursor !== null)
  return { ids, sizes }
}

const rowsRead = (response: Response): number =>
  Number(/d1;desc="\d+ trips?, (\d+) read/.exec(response.headers.get("server-timing") ?? "")?.[1])

describe("an organization's audit log", () => {
  test("shows who did what, without secrets, as the contract has it", async () => {
    const orgId = organization()
    const entry: AuditEntry = {
      action: "identity.user.update",
      entity: "user",
      entityId: "usr_x",
      before: { name: "A" },
      after: { name: "B", password: "s3cret" },
      actor: { kind: "API_KEY", id: "key_x", name: "ERP", organizationId: orgId },
    }
    const db = dbOf(orgId)
    await new UnitOfWork(1_700_000_000_123, { ipAddress: "192.0.2.7", userAgent: "curl/8" }).audit(db, entry).commit(db)
    const { data } = await list(orgId)
    expect(data).toEqual([
      {
        id: expect.stringMatching(/^aud_/),
        actor: { kind: "API_KEY", id: "key_x", name: "ERP" },
        action: "identity.user.update",
        entity: "user",
        entity_id: "usr_x",
        before: { name: "A" },
        after: { name: "B", password: null },
        ip_address: "192.0.2.7",
        user_agent: "curl/8",
        at: "2023-11-14T22:13:20.123Z",
      },
    ])
    const one = await ask(`/api/v1/audit-logs/${data[0]?.id}`, { headers: await owner(orgId) })
    expect(await one.json()).toEqual(data[0])
    const again = await ask(`/api/v1/audit-logs/${data[0]?.id}`, {
      headers: { ...(await owner(orgId)), "if-none-match": one.headers.get("etag") ?? "" },
    })
    expect(again.status).toBe(304)
  })

  test("pages newest first, each entry once, also while entries are added", async () => {
    const orgId = organization()
    const ids = await seed(orgId, 25)
    const first = await list(orgId, "limit=10")
    await seed(orgId, 5, Date.now())
    const rest = await everyPage(orgId, "limit=10", first.next_cursor)
    expect([...first.data.map(({ id }) => id), ...rest.ids]).toEqual([...ids].reverse())
  })

  test("dates bound it: from included, to not", async () => {
    const orgId = organization()
    const ids = await seed(orgId, 10)
    const at = (index: number) => encodeURIComponent(new Date(1_700_000_000_000 + index * 1_000).toISOString())
    expect((await list(orgId, `from=${at(3)}&to=${at(6)}`)).data.map(({ id }) => id)).toEqual([ids[5], ids[4], ids[3]])
    expect((await list(orgId, "from=2023-11-15")).data).toEqual([])
    expect((await list(orgId, "to=0001-01-01")).data).toEqual([])
    expect((await list(orgId, "from=0001-01-01")).data).toHaveLength(10)
  })

  test("each filter selects what it says", async () => {
    const orgId = organization()
    await seed(orgId, 10, undefined, (index) => (index < 3 ? "catalog.product.create" : "orders.order.place"))
    const indexes = async (query: string) => (await list(orgId, query)).data.map(({ after }) => after.index)
    expect(await indexes("action=catalog.product.create")).toEqual([2, 1, 0])
    expect(await indexes("action=catalog.product.create&actor_id=usr_1")).toEqual([1])
    expect(await indexes("entity_id=ord_7")).toEqual([7])
    expect(await indexes("entity=order&limit=2")).toEqual([9, 8])
    expect(await indexes("entity=nothing")).toEqual([])
  })

  test("INV-AUD-4: a rare match is found page by page, none reading more than the scan's limit", async () => {
    const orgId = organization()
    const ids = await seed(orgId, 1_203, undefined, (index) => (index === 1 || index === 700 ? "rare.thing.happen" : "orders.order.place"))
    const first = await list(orgId, "action=rare.thing.happen")
    expect(first.data).toEqual([])
    expect(first.next_cursor).not.toBeNull()
    expect(rowsRead(first.response)).toBeLessThanOrEqual(limits.filterScanRowsMax + 20)
    const { ids: found, sizes } = await everyPage(orgId, "action=rare.thing.happen")
    expect(found).toEqual([ids[700], ids[1]])
    expect(sizes).toEqual([0, 1, 1])
    expect(rowsRead((await list(orgId, "entity=order&limit=50")).response)).toBeLessThanOrEqual(limits.filterScanRowsMax + 51 * 4 + 20)
    const common = await everyPage(orgId, "entity=order&limit=100")
    expect(common.ids).toEqual([...ids].reverse())
  })

  test("INV-AUD-4: a page reads its own rows and one, however long the log", async () => {
    const short = organization()
    const long = organization()
    await seed(short, 60)
    await seed(long, 600)
    for (const orgId of [short, long]) expect(rowsRead((await list(orgId, "limit=50")).response)).toBeLessThanOrEqual(51 + 5)
  })
})

describe("who may read it", () => {
  test("those whose role says so, and nobody unknown", async () => {
    const orgId = organization()
    for (const path of ["/api/v1/audit-logs", `/api/v1/audit-logs/${newId("aud", 1)}`]) {
      expect((await ask(path)).status).toBe(401)
      expect((await ask(path, { headers: await signedIn({ orgId, roles: ["manager"] }) })).status).toBe(403)
    }
    expect((await ask("/api/v1/audit-logs", { headers: await signedIn({ orgId, roles: ["admin"] }) })).status).toBe(200)
  })

  test("INV-AUD-2: nobody sees another organization's", async () => {
    const [mine, theirs] = [organization(), organization()]
    const [id] = await seed(theirs, 1)
    expect((await list(mine)).data).toEqual([])
    expect((await list(mine, "entity=order")).data).toEqual([])
    expect((await ask(`/api/v1/audit-logs/${id}`, { headers: await owner(mine) })).status).toBe(404)
    expect((await ask(`/api/v1/audit-logs?organization_id=${theirs}`, { headers: await owner(mine) })).status).toBe(403)
    expect((await ask(`/api/v1/audit-logs/${id}?organization_id=${theirs}`, { headers: await owner(mine) })).status).toBe(403)
    expect((await list(mine, `organization_id=${mine}`)).response.status).toBe(200)
  })

  test("a cursor of theirs shows only mine, and a made-up one is refused", async () => {
    const [mine, theirs] = [organization(), organization()]
    const ids = await seed(mine, 3)
    await seed(theirs, 3, 1_700_000_001_500)
    const { next_cursor } = await list(theirs, "limit=1")
    expect((await list(mine, `cursor=${next_cursor}`)).data.every(({ id }) => ids.includes(id))).toBe(true)
    for (const cursor of ["x", "WyJvcmRlcnMiLDFd", btoa('["audit-logs","aud_1"]').replace(/=+$/, ""), ""])
      expect((await list(mine, `cursor=${cursor}`)).response.status).toBe(422)
  })

  test("INV-AUD-3: platform staff read their own log, and one organization's by name, which their log then says", async () => {
    const orgId = organization()
    const [id] = await seed(orgId, 1)
    const headers = await asPlatformStaff()
    const before = (await (await ask("/api/v1/audit-logs", { headers })).json()) as Page
    expect(before.data.some((entry) => entry.id === id)).toBe(false)
    const named = (await (await ask(`/api/v1/audit-logs?organization_id=${orgId}`, { headers })).json()) as Page
    expect(named.data.map((entry) => entry.id)).toEqual([id])
    expect((await ask(`/api/v1/audit-logs/${id}?organization_id=${orgId}`, { headers })).status).toBe(200)
    expect((await ask(`/api/v1/audit-logs/${id}`, { headers })).status).toBe(404)
    const own = await dbOf(platformOrganizationId).many(auditLogs)
    expect(own.filter((row) => row.action === "platform.audit.read" && row.entityId === orgId)).toHaveLength(2)
  })

  test("what is asked wrongly is told: unknown filters, wrong ids, wrong dates", async () => {
    const orgId = organization()
    for (const query of [
      "actor=x",
      "from=yesterday",
      "organization_id=usr_01jd8x2y3zf4g5h6j7k8m9n0pq",
      "limit=0",
      "limit=101",
      "action=",
    ]) {
      expect((await list(orgId, query)).response.status, query).toBe(422)
    }
    expect((await ask(`/api/v1/audit-logs/${newId("usr", 1)}`, { headers: await owner(orgId) })).status).toBe(422)
  })
})
