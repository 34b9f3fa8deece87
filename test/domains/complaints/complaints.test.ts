import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { newId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { complain, credit, crushed, photo, rowIn, type Shop, shop, step } from "../../support/complaints.ts"
import { quiet } from "../../support/ledger.ts"
import { furnished, linked, ordered } from "../../support/tenants.ts"
import { type Answer, api, auditOf, costOf, eventsOf, hire, must, platformStaff, signUp } from "../../support/world.ts"

quiet()

const codeOf = ({ status, body }: Answer): string => (status < 400 ? String(status) : `${status} ${body.code}`)
const key = () => ({ "idempotency-key": crypto.randomUUID() })
const complaintEvents = async (orgId: string) => (await eventsOf(orgId)).filter((type) => type.startsWith("complaint."))
const eventData = async (orgId: string, type: string): Promise<Record<string, unknown>> => {
  const row = await env.DB.prepare("select data from events where org_id = ? and type = ? order by seq desc limit 1")
    .bind(orgId, type)
    .first<{ data: string }>()
  return JSON.parse(row?.data ?? "{}")
}

let at: Shop
let stranger: Awaited<ReturnType<typeof signUp>>
beforeAll(async () => {
  at = await shop()
  stranger = await signUp(["supplier", "buyer"])
})

describe("opening", () => {
  test("works for the buyer, on a line with evidence, and both sides see it in their words", async () => {
    const line = at.order.items[0].id
    const evidence = [await photo(at.buyer.token), await photo(at.buyer.token)]
    const answer = await api("POST", "/complaints", {
      token: at.buyer.token,
      body: { order_id: at.order.id, order_line_id: line, ...crushed, evidence },
    })
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    const { body } = answer
    expect(answer.headers.get("location")).toBe(`/api/v1/complaints/${body.id}`)
    expect(answer.headers.get("etag")).toBe('"1.1.b"')
    expect(body).toMatchObject({
      side: "buyer",
      order_id: at.order.id,
      order_number: at.order.number,
      order_line_id: line,
      ...crushed,
      status: "OPEN",
      level: "SALES",
      assignee_id: null,
      opened_by: { id: at.buyer.owner.id, name: "Olga Owner", organization_id: at.buyer.org.id },
      resolution: null,
      evidence,
      reopen_count: 0,
      version: 1,
      history: [{ from: null, to: "OPEN", level: "SALES", reason: null }],
    })
    expect(Date.parse(body.due_at) - Date.parse(body.created_at)).toBe(24 * 3_600_000)
    expect(body.link_id).toMatch(/^lnk_/)
    const theirs = await must(200, api("GET", `/complaints/${body.id}`, { token: at.rep.token }))
    expect(theirs).toEqual({ ...body, side: "supplier" })
    expect(await eventData(at.supplier.org.id, "complaint.opened")).toMatchObject({
      side: "supplier",
      complaint_id: body.id,
      order_number: at.order.number,
      title: crushed.title,
      level: "SALES",
      assignee_id: null,
      due_at: body.due_at,
      by: { id: at.buyer.owner.id, name: "Olga Owner" },
      counterparty_name: at.buyer.org.name,
    })
    expect((await auditOf(at.buyer.org.id)).map(({ action }) => action)).toContain("complaints.complaint.open")
  })

  test("works for the supplier, who may withdraw it; the buyer settles it all the same", async () => {
    const made = await complain(at, {}, at.rep.token)
    expect(made).toMatchObject({ side: "supplier", opened_by: { id: at.rep.id, organization_id: at.supplier.org.id } })
    expect(codeOf(await step(at.buyer.token, made.id, "withdraw"))).toBe("409 INVALID_TRANSITION")
    expect(codeOf(await step(at.rep.token, made.id, "resolve"))).toBe("200")
    expect(codeOf(await step(at.buyer.token, made.id, "confirm"))).toBe("200")
  })

  test("INV-CMP-7: goes on when the link is blocked since", async () => {
    const other = await shop()
    const { body: links } = await api("GET", "/links/my-links", { token: other.supplier.token })
    await must(200, api("PUT", `/links/${links.data[0].id}/status`, { token: other.supplier.token, body: { status: "BLOCKED" } }))
    const made = await complain(other)
    expect(made.link_id).toBe(links.data[0].id)
    expect(codeOf(await step(other.rep.token, made.id, "resolve"))).toBe("200")
    expect(codeOf(await step(other.buyer.token, made.id, "confirm"))).toBe("200")
  })

  test("is refused by role, for orders of others, for lines of other orders, and for what is no input", async () => {
    const worker = await hire(at.supplier.token, "warehouse_op")
    const open = (token: string, body: unknown) => api("POST", "/complaints", { token, body })
    const good = { order_id: at.order.id, ...crushed }
    expect(codeOf(await open(worker.token, good))).toBe("403 FORBIDDEN")
    expect(codeOf(await open(stranger.token, good))).toBe("404 NOT_FOUND")
    expect(codeOf(await open(at.buyer.token, { ...good, order_id: newId("ord", Date.now()) }))).toBe("404 NOT_FOUND")
    for (const [bad, pointer] of [
      [{ order_line_id: newId("oln", Date.now()) }, "/order_line_id"],
      [{ title: "" }, "/title"],
      [{ title: "two\nlines" }, "/title"],
      [{ description: " " }, "/description"],
      [{ description: "x".repeat(limits.descriptionCharsMax + 1) }, "/description"],
      [{ status: "RESOLVED" }, "/status"],
      [{ assignee_id: at.rep.id }, "/assignee_id"],
      [{ evidence: [newId("prd", Date.now())] }, "/evidence/0"],
      [{ evidence: Array.from({ length: limits.complaintEvidenceFilesMax + 1 }, () => newId("fil", Date.now())) }, "/evidence"],
    ] as const) {
      const { status, body } = await open(at.buyer.token, { ...good, ...bad })
      expect([status, body.errors?.[0]?.pointer], JSON.stringify(bad)).toEqual([422, pointer])
    }
    const twice = await photo(at.buyer.token)
    expect(codeOf(await open(at.buyer.token, { ...good, evidence: [twice, twice] }))).toBe("422 VALIDATION_FAILED")
  })

  test("repeated under one key, also at once, makes one complaint", async () => {
    const other = await shop()
    const headers = key()
    const body = { order_id: other.order.id, ...crushed }
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => api("POST", "/complaints", { token: other.buyer.token, body, headers })),
    )
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect((await api("GET", "/complaints", { token: other.supplier.token })).body.data).toHaveLength(1)
    expect(await complaintEvents(other.supplier.org.id)).toEqual(["complaint.opened"])
  })

  test("INV-CMP-9: an order has a bounded number of complaints, however many come at once and from whichever side", async () => {
    const other = await shop()
    const { id } = await complain(other)
    const left = 5
    const copy = (orgId: string) =>
      env.DB.prepare(
        `insert into complaints (org_id, id, side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, opened_by, evidence, history, reopen_count, created_at, updated_at, version)
       with recursive n (i) as (select 2 union all select i + 1 from n where i < ?1)
       select org_id, 'cmp_0' || printf('%025d', i), side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, opened_by, evidence, history, 0, 0, 0, 1
       from complaints, n where org_id = ?2 and id = ?3`,
      ).bind(limits.complaintsPerOrderMax - left, orgId, id)
    await env.DB.batch([copy(other.buyer.org.id), copy(other.supplier.org.id)])
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        api("POST", "/complaints", {
          token: n % 2 === 0 ? other.buyer.token : other.supplier.token,
          body: { order_id: other.order.id, ...crushed },
        }),
      ),
    )
    const refused = answers.filter(({ status }) => status !== 201)
    expect([answers.length - refused.length, new Set(refused.map(codeOf))]).toEqual([left, new Set(["409 CONFLICT"])])
    expect(refused[0]?.body.detail).toContain(String(limits.complaintsPerOrderMax))
    for (const orgId of [other.buyer.org.id, other.supplier.org.id]) {
      const rows = await env.DB.prepare("select count(*) as n from complaints where org_id = ? and order_id = ?")
        .bind(orgId, other.order.id)
        .first("n")
      expect(rows).toBe(limits.complaintsPerOrderMax)
      expect(await complaintEvents(orgId)).toHaveLength(1 + left)
    }
  })
})

describe("a complaint's whole way", () => {
  test("tells both sides of each step, in each one's words", async () => {
    const other = await shop()
    const { rep, manager, buyer, supplier } = other
    const { id } = await complain(other)
    expect(await must(200, step(rep.token, id, "assign"))).toMatchObject({ status: "ASSIGNED", assignee_id: rep.id, level: "SALES" })
    const up = await must(200, step(rep.token, id, "escalate", { reason: "They always complain" }))
    expect(up).toMatchObject({ status: "ESCALATED", level: "MANAGER", assignee_id: null })
    expect(Date.parse(up.due_at) - Date.parse(up.updated_at)).toBe(48 * 3_600_000)
    expect(codeOf(await step(rep.token, id, "assign"))).toBe("403 FORBIDDEN")
    await must(200, step(manager.token, id, "assign", { reason: "Mine then" }))
    const resolved = await must(200, step(manager.token, id, "resolve"))
    expect(resolved).toMatchObject({ status: "RESOLVED", resolution: credit, assignee_id: manager.id })
    expect(Date.parse(resolved.due_at) - Date.parse(resolved.updated_at)).toBe(7 * 24 * 3_600_000)
    expect(await must(200, step(buyer.token, id, "reopen", { reason: "No credit came" }))).toMatchObject({
      status: "REOPENED",
      resolution: null,
      reopen_count: 1,
    })
    await must(200, step(manager.token, id, "resolve", { resolution: { kind: "replace", text: "Two new crates" } }))
    const closed = await must(200, step(buyer.token, id, "confirm"))
    expect(closed).toMatchObject({ status: "CLOSED", due_at: null, resolution: { kind: "REPLACE", text: "Two new crates" } })

    const types = ["opened", "assigned", "escalated", "assigned", "resolved", "reopened", "resolved", "closed"].map(
      (type) => `complaint.${type}`,
    )
    expect(await complaintEvents(supplier.org.id)).toEqual(types)
    expect(await complaintEvents(buyer.org.id)).toEqual(types)
    expect(await eventData(supplier.org.id, "complaint.reopened")).toMatchObject({ assignee_id: manager.id, reason: "No credit came" })
    expect(await eventData(supplier.org.id, "complaint.escalated")).toMatchObject({ reason: "They always complain", level: "MANAGER" })
    expect(await eventData(buyer.org.id, "complaint.escalated")).toMatchObject({ reason: null, level: "MANAGER" })
    expect(Object.keys(await eventData(buyer.org.id, "complaint.assigned"))).not.toContain("assignee_id")

    const own = await must(200, api("GET", `/complaints/${id}`, { token: supplier.token }))
    expect(own.history.map(({ to, reason }: { to: string; reason: string | null }) => [to, reason])).toEqual([
      ["OPEN", null],
      ["ASSIGNED", null],
      ["ESCALATED", "They always complain"],
      ["ASSIGNED", "Mine then"],
      ["RESOLVED", credit.text],
      ["REOPENED", "No credit came"],
      ["RESOLVED", "Two new crates"],
      ["CLOSED", null],
    ])
    expect(own.history[3]).toMatchObject({
      from: "ESCALATED",
      by: { id: manager.id, organization_id: supplier.org.id },
      assignee_name: "Cleo Colleague",
    })
    // INV-CMP-6, in the answer and in the row itself.
    const seen = await must(200, api("GET", `/complaints/${id}`, { token: buyer.token }))
    expect(seen).toMatchObject({ assignee_id: null, assignee_name: "Cleo Colleague", status: "CLOSED" })
    for (const text of [JSON.stringify(seen), JSON.stringify(await rowIn(buyer.org.id, id))]) {
      expect(text).not.toContain("They always complain")
      expect(text).not.toContain("Mine then")
    }
    const [ours, theirs] = [await rowIn(supplier.org.id, id), await rowIn(buyer.org.id, id)]
    expect(theirs?.["assignee_id"]).toBeNull()
    expect([ours?.["version"], theirs?.["version"]]).toEqual([8, 8])
    const trail = (await auditOf(buyer.org.id)).filter(({ action }) => action.startsWith("complaints."))
    expect(trail.map(({ action }) => action)).toEqual([
      "complaints.complaint.open",
      "complaints.complaint.reopen",
      "complaints.complaint.confirm",
    ])
    expect(JSON.stringify(trail)).not.toContain(manager.id)
  })
})

describe("assigning", () => {
  test("sales staff take complaints on themselves; managers give them to whoever reaches the level", async () => {
    const made = await complain(at)
    expect(codeOf(await step(at.rep.token, made.id, "assign", { assignee_id: at.manager.id }))).toBe("403 FORBIDDEN")
    expect(await must(200, step(at.manager.token, made.id, "assign", { assignee_id: at.rep.id }))).toMatchObject({ assignee_id: at.rep.id })
    const again = await step(at.manager.token, made.id, "assign", { assignee_id: at.rep.id })
    expect([again.status, again.body.version]).toEqual([200, 2])
    const second = await hire(at.supplier.token, "sales_rep")
    expect(codeOf(await step(second.token, made.id, "assign"))).toBe("409 INVALID_TRANSITION")
    expect(await must(200, step(at.manager.token, made.id, "assign", { assignee_id: second.id }))).toMatchObject({
      assignee_id: second.id,
      version: 3,
    })
  })

  test("goes to active users of the supplier alone, whose roles, custom ones too, reach the level", async () => {
    const made = await complain(at)
    const worker = await hire(at.supplier.token, "warehouse_op")
    const gone = await hire(at.supplier.token, "sales_rep")
    await must(204, api("DELETE", `/users/${gone.id}`, { token: at.supplier.token }))
    for (const [whom, code] of [
      [worker.id, "LEVEL_TOO_LOW"],
      [gone.id, "UNKNOWN_USER"],
      [at.buyer.owner.id, "UNKNOWN_USER"],
      [stranger.owner.id, "UNKNOWN_USER"],
      [newId("usr", Date.now()), "UNKNOWN_USER"],
    ] as const) {
      const { status, body } = await step(at.manager.token, made.id, "assign", { assignee_id: whom })
      expect([status, body.errors?.[0]], code).toMatchObject([422, { pointer: "/assignee_id", code }])
    }
    const role = { name: "claims_desk", description: "Claims", permissions: ["complaints.complaint.handle", "complaints.complaint.read"] }
    await must(201, api("POST", "/roles", { token: at.supplier.token, body: role }))
    const desk = await hire(at.supplier.token, "claims_desk")
    expect(await must(200, step(at.manager.token, made.id, "assign", { assignee_id: desk.id }))).toMatchObject({ assignee_id: desk.id })
  })

  test("an API key gives complaints to people, never to itself", async () => {
    const made = await complain(at)
    const { secret } = await must(
      201,
      api("POST", "/api-keys", {
        token: at.supplier.token,
        body: { name: "Desk", permissions: ["complaints.complaint.handle", "complaints.complaint.assign", "complaints.complaint.read"] },
      }),
    )
    expect((await step(secret, made.id, "assign")).body.errors).toMatchObject([{ pointer: "/assignee_id", code: "REQUIRED" }])
    expect(await must(200, step(secret, made.id, "assign", { assignee_id: at.rep.id }))).toMatchObject({ assignee_id: at.rep.id })
  })

  test("at the owner's level it goes to owners and admins", async () => {
    const made = await complain(at)
    await must(200, step(at.rep.token, made.id, "escalate"))
    await must(200, step(at.manager.token, made.id, "escalate"))
    expect(codeOf(await step(at.manager.token, made.id, "escalate"))).toBe("409 INVALID_TRANSITION")
    expect(codeOf(await step(at.manager.token, made.id, "assign"))).toBe("403 FORBIDDEN")
    expect(codeOf(await step(at.manager.token, made.id, "assign", { assignee_id: at.rep.id }))).toBe("422 VALIDATION_FAILED")
    expect(codeOf(await step(at.manager.token, made.id, "resolve"))).toBe("403 FORBIDDEN")
    expect(await must(200, step(at.manager.token, made.id, "assign", { assignee_id: at.supplier.owner.id }))).toMatchObject({
      assignee_id: at.supplier.owner.id,
      level: "OWNER",
      due_at: null,
    })
    expect(codeOf(await step(at.supplier.token, made.id, "resolve"))).toBe("200")
  })
})

describe("every step", () => {
  const verbs = ["assign", "escalate", "resolve", "confirm", "reopen", "withdraw"] as const
  const ofSupplier = ["assign", "escalate", "resolve"] as const

  test.each(verbs)("%s is refused by role, to the other side, to strangers, and by state", async (verb) => {
    const made = await complain(at)
    const isSuppliers = ofSupplier.some((one) => one === verb)
    const worker = await hire(isSuppliers ? at.supplier.token : at.buyer.token, "warehouse_op")
    expect(codeOf(await step(worker.token, made.id, verb))).toBe("403 FORBIDDEN")
    expect(codeOf(await step(stranger.token, made.id, verb))).toBe("404 NOT_FOUND")
    expect(codeOf(await step(isSuppliers ? at.supplier.token : at.buyer.token, newId("cmp", Date.now()), verb))).toBe("404 NOT_FOUND")
    // An owner of the wrong side, whose role would do.
    if (verb !== "withdraw")
      expect(codeOf(await step(isSuppliers ? at.buyer.token : at.supplier.token, made.id, verb))).toBe("403 FORBIDDEN")
    if (verb === "confirm" || verb === "reopen") expect(codeOf(await step(at.buyer.token, made.id, verb))).toBe("409 INVALID_TRANSITION")
    await must(200, step(at.buyer.token, made.id, "withdraw"))
    const { status, body } = await step(isSuppliers ? at.supplier.token : at.buyer.token, made.id, verb)
    expect([status, body.code, body.current, body.allowed]).toEqual([409, "INVALID_TRANSITION", "WITHDRAWN", []])
    expect((await rowIn(at.supplier.org.id, made.id))?.["version"]).toBe(2)
  })

  test.each(verbs)("%s, repeated under one key and with If-Match, is made once", async (verb) => {
    const made = await complain(at)
    const isSuppliers = ofSupplier.some((one) => one === verb)
    if (verb === "confirm" || verb === "reopen") await must(200, step(at.rep.token, made.id, "resolve"))
    const token = isSuppliers ? at.rep.token : at.buyer.token
    const before = await api("GET", `/complaints/${made.id}`, { token })
    const stale = await step(token, made.id, verb, undefined, { "if-match": '"9.9.b"', ...key() })
    expect(codeOf(stale)).toBe("412 VERSION_MISMATCH")
    const headers = { "if-match": before.headers.get("etag") ?? "", ...key() }
    const first = await step(token, made.id, verb, verb === "resolve" ? credit : {}, headers)
    const second = await step(token, made.id, verb, verb === "resolve" ? credit : {}, headers)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.body).toEqual(first.body)
    expect(second.headers.get("etag")).toBe(first.headers.get("etag"))
    expect(first.body.version).toBe(before.body.version + 1)
    expect((await api("GET", `/complaints/${made.id}`, { token })).body).toEqual(first.body)
  })

  test("a resolution has a kind and words", async () => {
    const made = await complain(at)
    for (const body of [
      {},
      { kind: "CREDIT" },
      { kind: "GIFT", text: "x" },
      { kind: "CREDIT", text: "" },
      { resolution: { kind: "NONE" } },
      { ...credit, level: "OWNER" },
    ])
      expect(codeOf(await step(at.rep.token, made.id, "resolve", body)), JSON.stringify(body)).toBe("422 VALIDATION_FAILED")
  })

  test("platform staff who step in settle a complaint, and are nobody it could be assigned to", async () => {
    const made = await complain(at)
    const { token } = await platformStaff()
    const inside = { "x-tenant-id": at.supplier.org.id }
    expect((await step(token, made.id, "assign", undefined, inside)).body.errors).toMatchObject([
      { pointer: "/assignee_id", code: "UNKNOWN_USER" },
    ])
    expect(await must(200, step(token, made.id, "resolve", credit, inside))).toMatchObject({ status: "RESOLVED", assignee_id: null })
  })

  test("INV-CMP-4: the buyer reopens twice, and no third time", async () => {
    const made = await complain(at)
    await must(200, step(at.supplier.token, made.id, "resolve", { kind: "REFUSE", text: "Nothing was crushed" }))
    expect(await must(200, step(at.buyer.token, made.id, "reopen"))).toMatchObject({ status: "REOPENED" })
    await must(200, step(at.supplier.token, made.id, "resolve"))
    await must(200, step(at.buyer.token, made.id, "reopen"))
    await must(200, step(at.supplier.token, made.id, "resolve"))
    const { body } = await step(at.buyer.token, made.id, "reopen")
    expect(body).toMatchObject({ code: "INVALID_TRANSITION", current: "RESOLVED", allowed: ["CLOSED"] })
  })
})

describe("INV-CMP-2: of several at once", () => {
  const settled = async (answers: readonly Answer[]): Promise<void> => {
    const codes = answers.map(codeOf)
    expect(codes.filter((code) => code === "200")).toHaveLength(1)
    for (const code of codes) expect(["200", "409 INVALID_TRANSITION", "412 VERSION_MISMATCH", "403 FORBIDDEN"]).toContain(code)
  }

  test("two resolve: one does, one event and one audit row tell of it", async () => {
    const other = await shop()
    const { id } = await complain(other)
    const words = ["by the rep", "by the manager", "by the owner"]
    const answers = await Promise.all(
      [other.rep.token, other.manager.token, other.supplier.token].map((token, index) =>
        step(token, id, "resolve", { kind: "CREDIT", text: words[index] }),
      ),
    )
    await settled(answers)
    const row = await must(200, api("GET", `/complaints/${id}`, { token: other.buyer.token }))
    expect(row).toMatchObject({ status: "RESOLVED", version: 2, resolution: answers.find(({ status }) => status === 200)?.body.resolution })
    expect((await complaintEvents(other.buyer.org.id)).filter((type) => type === "complaint.resolved")).toHaveLength(1)
    expect((await auditOf(other.supplier.org.id)).filter(({ action }) => action === "complaints.complaint.resolve")).toHaveLength(1)
  })

  test("one withdraws while another takes it: both sides agree on what came of it", async () => {
    for (let round = 0; round < 3; round += 1) {
      const { id } = await complain(at)
      await settled(
        await Promise.all([step(at.buyer.token, id, "withdraw"), step(at.rep.token, id, "assign"), step(at.rep.token, id, "resolve")]),
      )
      const [ours, theirs] = [await rowIn(at.supplier.org.id, id), await rowIn(at.buyer.org.id, id)]
      expect([ours?.["status"], ours?.["version"]]).toEqual([theirs?.["status"], theirs?.["version"]])
    }
  })

  test("one confirms while another reopens", async () => {
    const { id } = await complain(at)
    await must(200, step(at.rep.token, id, "resolve"))
    await settled(await Promise.all([step(at.buyer.token, id, "confirm"), step(at.buyer.token, id, "reopen")]))
    const [ours, theirs] = [await rowIn(at.supplier.org.id, id), await rowIn(at.buyer.org.id, id)]
    expect([ours?.["status"], ours?.["version"]]).toEqual([theirs?.["status"], theirs?.["version"]])
  })

  test("a colleague who is disabled meanwhile gets nothing", async () => {
    const { id } = await complain(at)
    const leaving = await hire(at.supplier.token, "sales_rep")
    const [given, gone] = await Promise.all([
      step(at.manager.token, id, "assign", { assignee_id: leaving.id }),
      api("DELETE", `/users/${leaving.id}`, { token: at.supplier.token }),
    ])
    expect(gone.status).toBe(204)
    expect(["200", "412 VERSION_MISMATCH", "422 VALIDATION_FAILED"]).toContain(codeOf(given))
  })
})

describe("lists", () => {
  test("show one's own side's, newest first, by each filter and several, a page at a time", async () => {
    const other = await shop()
    const ids: string[] = []
    for (let n = 0; n < 6; n += 1) ids.unshift((await complain(other)).id)
    const second = await must(201, api("POST", "/orders", { token: other.buyer.token, body: other.place }))
    const elsewhere = (await complain(other, { order_id: second.id })).id
    ids.unshift(elsewhere)
    for (const id of ids.slice(0, 3)) await must(200, step(other.rep.token, id, "assign"))
    await must(200, step(other.rep.token, ids[0] ?? "", "escalate"))
    const list = async (query: string, token = other.supplier.token) =>
      (await must(200, api("GET", `/complaints?${query}`, { token }))).data.map(({ id }: { id: string }) => id)
    expect(await list("")).toEqual(ids)
    expect(await list("", other.buyer.token)).toEqual(ids)
    expect(await list("", stranger.token)).toEqual([])
    expect(await list("status=assigned")).toEqual(ids.slice(1, 3))
    expect(await list("level=MANAGER")).toEqual(ids.slice(0, 1))
    expect(await list(`assignee=${other.rep.id}`)).toEqual(ids.slice(1, 3))
    expect(await list(`assignee=${other.rep.id}`, other.buyer.token)).toEqual([])
    expect(await list(`order_id=${second.id}`)).toEqual([elsewhere])
    expect(await list("status=OPEN&level=SALES")).toEqual(ids.slice(3))
    expect(await list(`status=OPEN&level=SALES&order_id=${other.order.id}&limit=2`)).toEqual(ids.slice(3, 5))
    expect(await list(`assignee=${other.rep.id}&status=RESOLVED`)).toEqual([])
    for (const query of ["", "status=OPEN", "status=OPEN&level=SALES"]) {
      const seen: string[] = []
      let cursor = ""
      do {
        const { data, next_cursor } = await must(200, api("GET", `/complaints?limit=2&${query}${cursor}`, { token: other.supplier.token }))
        seen.push(...data.map(({ id }: { id: string }) => id))
        cursor = next_cursor === null ? "" : `&cursor=${next_cursor}`
      } while (cursor !== "")
      expect(seen, query).toEqual(query === "" ? ids : ids.slice(3))
    }
    const [row] = (await must(200, api("GET", "/complaints?limit=1", { token: other.supplier.token }))).data
    expect(Object.keys(row)).not.toContain("history")
    for (const bad of ["status=GONE", "level=1", "assignee=me", "order_id=x", "cursor=x", "limit=0", "side=buyer"])
      expect((await api("GET", `/complaints?${bad}`, { token: other.supplier.token })).status, bad).toBe(422)
  })

  test.each([60, 600])("cost one trip and at most two rows a row returned, of %i complaints", async (count) => {
    const other = await shop()
    const made = await complain(other)
    await env.DB.prepare(
      `insert into complaints (org_id, id, side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description, status, level, assignee_id, assignee_name, opened_by, evidence, history, reopen_count, created_at, updated_at, version)
       with recursive n (i) as (select 1 union all select i + 1 from n where i < ?1)
       select org_id, 'cmp_0' || printf('%025d', i), side, counterparty_id, supplier_name, buyer_name, order_id, order_number, title, description,
         iif(i % 2, 'ASSIGNED', 'CLOSED'), iif(i % 2, 'MANAGER', 'OWNER'), iif(i % 2, 'usr_01jd8x2y3zf4g5h6j7k8m9n0pq', null), 'Sam', opened_by, evidence, history, 0, 0, 0, 1
       from complaints, n where org_id = ?2 and id = ?3`,
    )
      .bind(count, other.supplier.org.id, made.id)
      .run()
    for (const query of [
      "",
      "&status=ASSIGNED",
      "&level=MANAGER",
      "&assignee=usr_01jd8x2y3zf4g5h6j7k8m9n0pq",
      `&order_id=${other.order.id}`,
    ]) {
      const costs = []
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const answer = await api("GET", `/complaints?limit=20${query}`, { token: other.supplier.token })
        expect(answer.body.data).toHaveLength(20)
        costs.push(costOf(answer))
      }
      const [cost] = costs.sort((a, b) => a.trips - b.trips || a.read - b.read)
      expect(cost?.trips, query).toBe(1)
      expect(cost?.read, query).toBeLessThanOrEqual(2 * 21)
      expect(cost?.written).toBe(0)
    }
    const answer = await api("GET", "/complaints?limit=20&status=ASSIGNED&level=OWNER", { token: other.supplier.token })
    expect(costOf(answer).read).toBeLessThanOrEqual(2 * limits.filterScanRowsMax + 20)
  })

  test("one complaint is one trip and a few rows, and is not sent twice to who has it", async () => {
    const made = await complain(at)
    const first = await api("GET", `/complaints/${made.id}`, { token: at.supplier.token })
    expect(costOf(first)).toMatchObject({ trips: 1, written: 0 })
    expect(costOf(first).read, "the complaint, twice, and its link").toBeLessThanOrEqual(3)
    const again = await api("GET", `/complaints/${made.id}`, {
      token: at.supplier.token,
      headers: { "if-none-match": first.headers.get("etag") ?? "" },
    })
    expect(again.status).toBe(304)
    expect(codeOf(await api("GET", `/complaints/${made.id}`, { token: stranger.token }))).toBe("404 NOT_FOUND")
  })
})

describe("an organization that buys and sells", () => {
  test("is each side in turn", async () => {
    const [north, south] = [await furnished("northfield", ["supplier", "buyer"]), await furnished("southgate", ["supplier", "buyer"])]
    await linked(north, south)
    await linked(south, north)
    const bought = await ordered(south, north, "we buy")
    const sold = await ordered(north, south, "we sell")
    const ours = await must(201, api("POST", "/complaints", { token: north.token, body: { order_id: bought.id, ...crushed } }))
    const theirs = await must(201, api("POST", "/complaints", { token: south.token, body: { order_id: sold.id, ...crushed } }))
    expect([ours.side, theirs.side]).toEqual(["buyer", "buyer"])
    expect(codeOf(await step(north.token, ours.id, "resolve"))).toBe("403 FORBIDDEN")
    expect(codeOf(await step(north.token, theirs.id, "resolve"))).toBe("200")
    expect((await api("GET", "/complaints", { token: north.token })).body.data).toHaveLength(2)
  })
})
