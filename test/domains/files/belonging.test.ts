import { env } from "cloudflare:workers"
import { beforeAll, describe, expect, test } from "vitest"
import { attachFiles, fileViews } from "../../../src/domains/files/index.ts"
import { fileFlow, maySee } from "../../../src/domains/files/rules.ts"
import { reachable } from "../../../src/kernel/flow.ts"
import { type FileId, newId, type OrganizationId, platformOrganizationId } from "../../../src/kernel/ids.ts"
import { call, ctxOf, pdf, png, send, stored, uploaded } from "../../support/files.ts"
import { api, hire, type Person, platformStaff, signUp, type World } from "../../support/world.ts"

let world: World
let other: World
let staff: Person

beforeAll(async () => {
  world = await signUp(["supplier"])
  other = await signUp(["buyer"])
  staff = await platformStaff()
})

const complaint = () => ({ kind: "complaint", id: newId("cmp", Date.now()) }) as const

async function attached(
  ids: readonly string[],
  subject: { kind: "complaint" | "message"; id: string },
  more: { seenBy?: readonly string[] } = {},
) {
  const ctx = ctxOf(world.org.id, world.owner.id)
  const purpose = subject.kind === "complaint" ? "complaint_evidence" : "chat_attachment"
  const sharedWith = [other.org.id as OrganizationId]
  const to = { purpose, subject, sharedWith, pointer: "/evidence", ...(more as object) } as const
  await ctx.work.add(...(await attachFiles(ctx, ids as FileId[], to))).commit(ctx.db)
}

const faultsOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "taken",
    (error: { refusal: { errors: Array<{ pointer: string; code: string }> } }) =>
      error.refusal.errors.map(({ pointer, code }) => `${pointer} ${code}`),
  )

test("no state of a file is out of reach", () => {
  expect([...reachable(fileFlow, "UPLOADING")].sort()).toEqual(Object.keys(fileFlow).sort())
})

describe("INV-FIL-1: who may see a file follows from what it belongs to", () => {
  test("a complaint's evidence: both sides, whoever reads complaints", async () => {
    const file = await uploaded(world.token, "complaint_evidence", pdf())
    expect((await call("GET", `/files/${file.id}`, { token: other.token })).status).toBe(404)
    await attached([file.id], complaint())
    for (const { token } of [world, other, await hire(world.token, "staff"), await hire(other.token, "staff")]) {
      expect((await call("GET", `/files/${file.id}`, { token })).status).toBe(200)
      expect((await call("GET", `/files/${file.id}/content`, { token })).status).toBe(200)
    }
    const { body } = await send("GET", `/files/${file.id}`, { token: other.token })
    expect((await call("GET", body.url)).status).toBe(200)
    const stranger = await signUp()
    expect((await call("GET", `/files/${file.id}/content`, { token: stranger.token })).status).toBe(404)
    expect((await call("GET", `/files/${file.id}`, { token: staff.token })).status).toBe(404)
    // The other side's row is no room of its own, and not its to delete.
    expect((await stored(other.org.id)).usage).toBe(0)
    expect((await send("DELETE", `/files/${file.id}`, { token: other.token })).status).toBe(403)
    expect((await send("DELETE", `/files/${file.id}`, { token: world.token })).body.code).toBe("INVALID_TRANSITION")
  })

  test("a message between colleagues: those two alone", async () => {
    const [a, b, c] = [world.owner, await hire(world.token, "staff"), await hire(world.token, "admin")]
    const file = await uploaded(world.token, "chat_attachment", pdf())
    await attached([file.id], { kind: "message", id: newId("msg", Date.now()) }, { seenBy: [a.id, b.id] })
    expect((await call("GET", `/files/${file.id}`, { token: a.token })).status).toBe(200)
    expect((await call("GET", `/files/${file.id}`, { token: b.token })).status).toBe(200)
    expect((await call("GET", `/files/${file.id}`, { token: c.token })).status).toBe(404)
  })

  test("each kind asks for its own permission", () => {
    const row = { status: "ATTACHED", uploadedBy: "usr_1", seenBy: null } as const
    const permissions = {
      product: "catalog.product.read",
      message: "chat.message.read",
      complaint: "complaints.complaint.read",
      organization: "organizations.kyb.submit",
    } as const
    for (const subjectKind of ["product", "message", "complaint", "organization"] as const) {
      for (const permission of Object.values(permissions)) {
        expect(maySee({ id: "usr_1", permissions: new Set([permission]) }, { ...row, subjectKind })).toBe(
          permission === permissions[subjectKind],
        )
      }
      for (const status of ["UPLOADING", "DELETING"] as const) {
        expect(maySee({ id: "usr_1", permissions: new Set(Object.values(permissions)) }, { ...row, status, subjectKind })).toBe(false)
      }
    }
  })
})

describe("INV-FIL-4: a file belongs to one thing, and to the first that asks", () => {
  test("what is attached must be one's own, of the purpose, and free", async () => {
    const ctx = ctxOf(world.org.id, world.owner.id)
    const to = { purpose: "complaint_evidence", subject: complaint(), pointer: "/evidence" } as const
    const mine = await uploaded(world.token, "complaint_evidence", pdf())
    const taken = await uploaded(world.token, "complaint_evidence", pdf())
    await attached([taken.id], complaint())
    const photo = await uploaded(world.token, "visit_photo", await png())
    const theirs = await uploaded(other.token, "complaint_evidence", pdf())
    const clerks = await uploaded((await hire(world.token, "staff")).token, "complaint_evidence", pdf())
    const ids = [mine.id, taken.id, photo.id, theirs.id, clerks.id, newId("fil", Date.now()), mine.id] as FileId[]
    expect(await faultsOf(attachFiles(ctx, ids, to))).toEqual([
      "/evidence/1 ATTACHED",
      "/evidence/2 WRONG_PURPOSE",
      "/evidence/3 UNKNOWN_FILE",
      "/evidence/4 UNKNOWN_FILE",
      "/evidence/5 UNKNOWN_FILE",
      "/evidence/6 DUPLICATE",
    ])
  })

  test("two that ask at once: one gets it", async () => {
    const file = await uploaded(world.token, "complaint_evidence", pdf())
    const outcomes = await Promise.allSettled([attached([file.id], complaint()), attached([file.id], complaint())])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"])
  })

  test("the same again is no fault", async () => {
    const file = await uploaded(world.token, "complaint_evidence", pdf())
    const subject = complaint()
    await attached([file.id], subject)
    await attached([file.id], subject)
    const { results } = await env.DB.prepare("select org_id from files where id = ?").bind(file.id).all()
    expect(results.length).toBe(2)
  })

  test("views come by id, of what the organization may see, in one trip", async () => {
    const shared = await uploaded(world.token, "complaint_evidence", pdf(), "note.pdf")
    const own = await uploaded(world.token, "complaint_evidence", pdf())
    await attached([shared.id], complaint())
    const ctx = ctxOf(other.org.id, other.owner.id)
    const views = await fileViews(ctx, [shared.id, own.id, newId("fil", 1)] as FileId[])
    expect([...views.keys()]).toEqual([shared.id])
    const view = views.get(shared.id as FileId)
    expect(view).toMatchObject({ id: shared.id, name: "note.pdf", content_type: "application/pdf" })
    expect((await call("GET", view?.url ?? "")).status).toBe(200)
  })
})

describe("documents of the verification", () => {
  const submit = (token: string, id: string, body: unknown, headers: Record<string, string> = {}) =>
    api("POST", `/organizations/${id}/kyb`, { token, body, headers })

  test("are seen by the platform and by whoever submits, and by nobody else", async () => {
    const firm = await signUp()
    const document = await uploaded(firm.token, "kyb_document", pdf(), "register.pdf")
    expect((await call("GET", `/files/${document.id}`, { token: staff.token })).status).toBe(404)
    const headers = { "idempotency-key": crypto.randomUUID() }
    const { status, body } = await submit(firm.token, firm.org.id, { documents: [document.id] }, headers)
    expect([status, body.kyb_status, body.kyb_documents]).toEqual([200, "PENDING", [document.id]])
    expect((await submit(firm.token, firm.org.id, { documents: [document.id] }, headers)).status).toBe(200)
    const seen = await send("GET", `/files/${document.id}`, { token: staff.token })
    expect([seen.status, seen.body.name]).toEqual([200, "register.pdf"])
    expect((await call("GET", seen.body.url)).status).toBe(200)
    expect((await api("GET", `/organizations/${firm.org.id}`, { token: staff.token })).body.kyb_documents).toEqual([document.id])
    expect((await call("GET", `/files/${document.id}`, { token: firm.token })).status).toBe(200)
    expect((await call("GET", `/files/${document.id}`, { token: (await hire(firm.token, "manager")).token })).status).toBe(404)
    expect((await call("GET", `/files/${document.id}`, { token: other.token })).status).toBe(404)
    const { rows } = await stored(platformOrganizationId)
    expect(rows.filter(({ id }) => id === document.id)).toMatchObject([{ owner_id: firm.org.id, subject_id: firm.org.id }])
    // Turned down, it hands in the same again and one more.
    await api("PUT", `/organizations/${firm.org.id}/kyb`, { token: staff.token, body: { status: "REJECTED", reason: "Too old." } })
    const more = await uploaded(firm.token, "kyb_document", pdf())
    expect((await submit(firm.token, firm.org.id, { documents: [document.id, more.id] })).status).toBe(200)
  })

  test("must be the organization's own, and may be missing", async () => {
    const firm = await signUp()
    const theirs = await uploaded(other.token, "kyb_document", pdf())
    const photo = await uploaded(firm.token, "chat_attachment", pdf())
    const { status, body } = await submit(firm.token, firm.org.id, { documents: [theirs.id, photo.id] })
    expect([status, body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`)]).toEqual([
      422,
      ["/documents/0 UNKNOWN_FILE", "/documents/1 WRONG_PURPOSE"],
    ])
    expect((await api("GET", `/organizations/${firm.org.id}`, { token: firm.token })).body.kyb_status).toBe("UNVERIFIED")
    expect((await submit(firm.token, firm.org.id, {})).body).toMatchObject({ kyb_status: "PENDING", kyb_documents: [] })
  })
})
