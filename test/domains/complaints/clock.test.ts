import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { runComplaintClock } from "../../../src/domains/complaints/index.ts"
import { recordStep } from "../../../src/domains/complaints/record-step.ts"
import { after, type ComplaintFacts, theClock } from "../../../src/domains/complaints/rules.ts"
import { complaintStore, dueComplaints } from "../../../src/domains/complaints/store.ts"
import { complaintOfRow, rowOf } from "../../../src/domains/complaints/views.ts"
import { cronTable } from "../../../src/jobs.ts"
import type { ComplaintId } from "../../../src/kernel/ids.ts"
import { RefusalError } from "../../../src/kernel/result.ts"
import { day, hour } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import type { TenantDb } from "../../../src/platform/db/tenant-db.ts"
import { UnitOfWork } from "../../../src/platform/db/unit-of-work.ts"
import { complain, rowIn, type Shop, shop, step } from "../../support/complaints.ts"
import { quiet } from "../../support/ledger.ts"
import { dbOf } from "../../support/tenant-db.ts"
import { api, auditOf, eventsOf, must } from "../../support/world.ts"

quiet()

const run = (now: number): Promise<number> => runComplaintClock(env, new Meter(), now)
const read = (at: Shop, id: string) => must(200, api("GET", `/complaints/${id}`, { token: at.supplier.token }))

async function factsOf(at: Shop, id: string): Promise<ComplaintFacts> {
  const row = await complaintStore(dbOf(at.supplier.org.id)).byId(id as ComplaintId)
  if (row === undefined) throw new Error("no such complaint")
  return complaintOfRow(row)
}

describe("the clock", () => {
  test("is wound every minute", () => {
    expect(cronTable["* * * * *"]?.map(({ name }) => name)).toContain("complaint-clock")
  })

  test("INV-CMP-5: escalates what waits too long, a level at a time, as nobody's act; the owner's level waits for the owner", async () => {
    const at = await shop()
    const { id, due_at } = await complain(at)
    await must(200, step(at.rep.token, id, "assign"))
    const due = Date.parse(due_at)
    expect(await run(due - 1)).toBe(0)
    expect(await run(due)).toBe(1)
    const up = await read(at, id)
    expect(up).toMatchObject({ status: "ESCALATED", level: "MANAGER", assignee_id: null, due_at: new Date(due + 48 * hour).toISOString() })
    expect(up.history.at(-1)).toMatchObject({ from: "ASSIGNED", to: "ESCALATED", by: { id: null, name: "Waybill", organization_id: null } })
    expect(await run(due)).toBe(0)
    expect(await run(due + 48 * hour)).toBe(1)
    expect(await read(at, id)).toMatchObject({ status: "ESCALATED", level: "OWNER", due_at: null })
    expect(await run(due + 365 * day)).toBe(0)
    for (const orgId of [at.supplier.org.id, at.buyer.org.id]) {
      expect((await eventsOf(orgId)).filter((type) => type === "complaint.escalated")).toHaveLength(2)
      expect(await rowIn(orgId, id)).toMatchObject({ level: "OWNER", version: 4 })
    }
    const trail = (await auditOf(at.supplier.org.id)).filter(({ action }) => action === "complaints.complaint.escalate")
    expect(trail.map(({ actor_id }) => actor_id)).toEqual([null, null])
  })

  test("INV-CMP-5: closes what was resolved once the window has ended, after which nobody reopens it", async () => {
    const at = await shop()
    const { id } = await complain(at)
    const { due_at } = await must(200, step(at.rep.token, id, "resolve"))
    const due = Date.parse(due_at)
    expect(await run(due - 1)).toBe(0)
    expect(await run(due)).toBe(1)
    expect(await read(at, id)).toMatchObject({ status: "CLOSED", due_at: null, resolution: { kind: "CREDIT" } })
    expect((await step(at.buyer.token, id, "reopen")).body.code).toBe("INVALID_TRANSITION")
    expect((await eventsOf(at.buyer.org.id)).at(-1)).toBe("complaint.closed")
    expect(await run(due + day)).toBe(0)
  })

  test("INV-CMP-5: two runs at once, and people beside them, do each thing once", async () => {
    const at = await shop()
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await complain(at)).id as string))
    const now = Date.now() + 25 * hour
    const [first, second, resolved] = await Promise.all([run(now), run(now), step(at.manager.token, ids[0] ?? "", "resolve")])
    expect([200, 403, 412]).toContain(resolved.status)
    const isResolved = (await factsOf(at, ids[0] ?? "")).history.some(({ to }) => to === "RESOLVED")
    const isEscalated = (await factsOf(at, ids[0] ?? "")).level === "MANAGER"
    expect(isResolved || isEscalated).toBe(true)
    expect(first + second).toBe(isEscalated ? 5 : 4)
    for (const id of ids.slice(1)) expect(await factsOf(at, id)).toMatchObject({ status: "ESCALATED", level: "MANAGER", version: 2 })
    expect((await eventsOf(at.supplier.org.id)).filter((type) => type === "complaint.escalated")).toHaveLength(isEscalated ? 5 : 4)
  })

  test("one that cannot be moved keeps none of the others waiting, and is tried again", async () => {
    const at = await shop()
    const [stuck, free] = [await complain(at), await complain(at)]
    // The other party's row is gone: no step can be written to both.
    await env.DB.prepare("delete from complaints where org_id = ? and id = ?").bind(at.buyer.org.id, stuck.id).run()
    const now = Date.now() + 25 * hour
    expect(await run(now)).toBe(1)
    expect(await factsOf(at, stuck.id)).toMatchObject({ status: "OPEN", version: 1 })
    expect(await factsOf(at, free.id)).toMatchObject({ status: "ESCALATED" })
    await env.DB.prepare("delete from complaints where id = ?").bind(stuck.id).run()
  })

  test("INV-CMP-10: hundreds that cannot be moved on keep none that is due after them waiting for more than a round", async () => {
    const at = await shop()
    const { id } = await complain(at)
    const { id: free } = await complain(at)
    const due = Date.now() + 25 * hour
    // More than a run takes, all due before the one that can be moved on; the buyer has no rows of them, and one is nobody's.
    await env.DB.batch([
      env.DB.prepare(
        `insert into complaints (org_id, id, side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, opened_by, evidence, history, reopen_count, created_at, updated_at, due_at, version)
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 620)
         select org_id, 'cmp_1' || printf('%025d', i), side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, iif(i = 300, 'null', opened_by), evidence, history, 0, 0, 0, i, 1
         from complaints, n where org_id = ?1 and id = ?2`,
      ).bind(at.supplier.org.id, id),
      env.DB.prepare("update complaints set due_at = ?1 where id = ?2").bind(due + 60 * day, id),
    ])
    try {
      expect(await run(due)).toBe(0)
      expect(await run(due)).toBe(1)
      expect(await factsOf(at, free)).toMatchObject({ status: "ESCALATED" })
      // The round is over: what failed has its turn again, once it can be moved on.
      await env.DB.prepare(
        `insert into complaints select ?1, id, 'buyer', org_id, supplier_name, buyer_name, link_id, order_id, order_number, order_line_id, title, description, status, level, null, assignee_name, opened_by, resolution, evidence, history, reopen_count, created_at, updated_at, due_at, version
         from complaints where org_id = ?2 and id = 'cmp_1' || printf('%025d', 7)`,
      )
        .bind(at.buyer.org.id, at.supplier.org.id)
        .run()
      expect(await run(due)).toBe(1)
    } finally {
      await env.DB.prepare("delete from complaints where id like 'cmp_1000%'").run()
      await env.DB.prepare("delete from job_cursors").run()
    }
  }, 120_000)

  test("walks an index: it reads what is due and nothing else, however many wait", async () => {
    const at = await shop()
    const { id } = await complain(at)
    const later = Date.now() + 1_000 * day
    await env.DB.prepare(
      `insert into complaints (org_id, id, side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, opened_by, evidence, history, reopen_count, created_at, updated_at, due_at, version)
       with recursive n (i) as (select 1 union all select i + 1 from n where i < 700)
       select org_id, 'cmp_0' || printf('%025d', i), side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, opened_by, evidence, history, 0, 0, 0, ?3 + iif(i <= 250, -1, i), 1
       from complaints, n where org_id = ?1 and id = ?2`,
    )
      .bind(at.supplier.org.id, id, later)
      .run()
    const meter = new Meter()
    await dueComplaints({ env, meter }, Date.now(), undefined, 100)
    expect(meter.cost.d1RowsRead).toBeLessThanOrEqual(2)
    const seen = new Set<string>()
    let cursor: Awaited<ReturnType<typeof dueComplaints>>[number] | undefined
    for (let page = 0; page < 3; page += 1) {
      const pageMeter = new Meter()
      const rows = await dueComplaints({ env, meter: pageMeter }, later - 1, cursor, 100)
      for (const row of rows) if (row.orgId === at.supplier.org.id) seen.add(row.id)
      expect(pageMeter.cost.d1RowsRead).toBeLessThanOrEqual(2 * rows.length + 4)
      cursor = rows.at(-1)
    }
    expect(seen.size).toBe(251)
    await env.DB.prepare("delete from complaints where id like 'cmp_0000%'").run()
  })
})

describe("writing a step", () => {
  test("INV-CMP-2: a step that was decided on another version changes neither row and tells nobody", async () => {
    const at = await shop()
    const { id } = await complain(at)
    const complaint = await factsOf(at, id)
    const write = async (db: TenantDb, level: "MANAGER" | "OWNER"): Promise<void> => {
      const work = new UnitOfWork(Date.now(), { ipAddress: null, userAgent: null })
      const moved = after(complaint, { status: "ESCALATED", level, dueAt: null }, theClock, null, Date.now())
      recordStep({ env, meter: new Meter(), work, db }, complaint, moved, "complaints.complaint.escalate")
      await work.commit(db)
    }
    await write(dbOf(at.supplier.org.id), "MANAGER")
    for (const orgId of [at.supplier.org.id, at.buyer.org.id]) {
      const error = await write(dbOf(orgId), "OWNER").catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(RefusalError)
      expect((error as RefusalError).refusal.code).toBe("VERSION_MISMATCH")
    }
    for (const orgId of [at.supplier.org.id, at.buyer.org.id]) {
      expect(await rowIn(orgId, id)).toMatchObject({ level: "MANAGER", version: 2 })
      expect((await eventsOf(orgId)).filter((type) => type === "complaint.escalated")).toHaveLength(1)
    }
  })

  test("INV-CMP-6: the buyer's row is what the rules make of the supplier's, column by column", async () => {
    const at = await shop()
    const { id } = await complain(at)
    await must(200, step(at.rep.token, id, "assign", { reason: "quietly" }))
    await must(200, step(at.rep.token, id, "resolve"))
    const bought = await complaintStore(dbOf(at.buyer.org.id)).byId(id as ComplaintId)
    expect(bought).toEqual({ orgId: at.buyer.org.id, ...rowOf(await factsOf(at, id), "buyer") })
  })
})
