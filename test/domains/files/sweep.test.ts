import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { sweepFiles, sweepOrphans } from "../../../src/domains/files/index.ts"
import { newId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { day, hour, minute } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import { call, nothingStored, pdf, png, send, stored, textBytes, uploaded } from "../../support/files.ts"
import { api, signUp } from "../../support/world.ts"

const sweep = (at: number) => sweepFiles(env, new Meter(), at)
describe("INV-FIL-6: the sweep", () => {
  test("takes what nothing refers to after a day, and no sooner", async () => {
    const { token, org } = await signUp()
    const file = await uploaded(token, "import", textBytes("a;b"))
    await sweep(Date.now() + limits.fileUnattachedHours * hour - minute)
    expect((await stored(org.id)).rows.length).toBe(1)
    await sweep(Date.now() + limits.fileUnattachedHours * hour + minute)
    expect(await stored(org.id)).toEqual(nothingStored)
    expect((await call("GET", `/files/${file.id}`, { token })).status).toBe(404)
  })

  test("takes an upload whose Worker died in the middle after an hour, its object too", async () => {
    const { token, org } = await signUp()
    const file = await uploaded(token, "import", textBytes("a;b"))
    await env.DB.prepare("update files set status = 'UPLOADING', due_at = ? where id = ?")
      .bind(Date.now() + hour, file.id)
      .run()
    expect((await call("GET", file.url)).status).toBe(404)
    await sweep(Date.now())
    expect((await stored(org.id)).rows.length).toBe(1)
    await sweep(Date.now() + hour + minute)
    expect(await stored(org.id)).toEqual(nothingStored)
  })

  test("ends a deletion that stopped between the row and the object", async () => {
    const { token, org } = await signUp()
    const file = await uploaded(token, "import", textBytes("a;b"))
    await env.DB.prepare("update files set status = 'DELETING', due_at = ? where id = ?").bind(Date.now(), file.id).run()
    await Promise.all([sweep(Date.now()), sweep(Date.now())])
    expect(await stored(org.id)).toEqual(nothingStored)
  })

  test("lets a product's image be while the product shows it, and go where the ledger was never told", async () => {
    const { token, org } = await signUp()
    const { body: product } = await api("POST", "/products", { token, body: { sku: "S", name: "S", price: "1.00" } })
    const shown = (await send("POST", `/products/${product.id}/images`, { token, body: await png() })).body.images[0].file_id
    const lost = await uploaded(token, "product_image", await png())
    await env.DB.prepare("update files set status = 'ATTACHED', subject_kind = 'product', subject_id = ?, due_at = ? where id = ?")
      .bind(product.id, Date.now() + hour, lost.id)
      .run()
    const later = Date.now() + 2 * hour
    await sweep(later)
    expect((await stored(org.id)).rows).toMatchObject([
      { id: shown, status: "ATTACHED", due_at: null },
      { id: lost.id, status: "READY", due_at: later + limits.fileUnattachedHours * hour },
    ])
    await sweep(later + 2 * day)
    const { rows, keys } = await stored(org.id)
    expect([rows.map(({ id }) => id), keys.length]).toEqual([[shown], 1])
  })

  test("takes objects of the bucket that no row knows, once they are a day old; and nothing that is no file's", async () => {
    const { token, org } = await signUp()
    const file = await uploaded(token, "product_image", await png())
    await call("GET", `/files/${file.id}/content?width=160`, { token }).then((response) => response.arrayBuffer())
    const gone = newId("fil", Date.now())
    const keys = [`${org.id}/import/${gone}`, `${org.id}/import/${gone}/thumb-160`]
    for (const key of [...keys, "something-else"]) await env.FILES.put(key, "x")
    expect(await sweepOrphans(env, new Meter(), Date.now())).toBe(0)
    expect(await sweepOrphans(env, new Meter(), Date.now() + 2 * day)).toBe(2)
    expect((await stored(org.id)).keys).toEqual([`${org.id}/product_image/${file.id}`, `${org.id}/product_image/${file.id}/thumb-160`])
    expect(await env.FILES.head("something-else")).not.toBeNull()
  })
})

describe("INV-FIL-3: the quota", () => {
  const limited = async (orgId: string, bytesLeft: number): Promise<void> => {
    await env.DB.prepare("insert into file_usage (org_id, bytes) values (?, ?) on conflict (org_id) do update set bytes = excluded.bytes")
      .bind(orgId, Number(env.FILE_QUOTA_BYTES) - bytesLeft)
      .run()
  }

  test("is the organization's, and refuses what does not fit; what is deleted makes room", async () => {
    const { token, org } = await signUp()
    const bytes = pdf()
    await limited(org.id, bytes.byteLength)
    const file = await uploaded(token, "chat_attachment", bytes)
    const refused = await send("POST", "/files?purpose=chat_attachment", { token, body: textBytes("x") })
    expect([refused.status, refused.body.code]).toEqual([409, "QUOTA_EXCEEDED"])
    expect((await stored(org.id)).rows.length).toBe(1)
    await send("DELETE", `/files/${file.id}`, { token })
    await uploaded(token, "chat_attachment", bytes)
    await uploaded((await signUp()).token, "chat_attachment", bytes)
  })

  test("holds however many come at once", async () => {
    const { token, org } = await signUp()
    const bytes = pdf()
    await limited(org.id, bytes.byteLength * 2 + 5)
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => send("POST", "/files?purpose=chat_attachment", { token, body: bytes })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409, 409])
    expect((await stored(org.id)).keys.length).toBe(2)
  })

  test("of an upload that does not say its length sets aside the most it may be, and gives back the rest", async () => {
    const { token, org } = await signUp()
    const form = new FormData()
    form.set("purpose", "import")
    form.set("file", new File([new Uint8Array(2_000_000).fill(0x61)], "a.csv"))
    await limited(org.id, 3_000_000)
    expect((await send("POST", "/files", { token, body: form })).body.code).toBe("QUOTA_EXCEEDED")
    // As browsers send it: the form says how long it is, and no more than that is set aside.
    const encoded = new Response(form)
    const type = encoded.headers.get("content-type") ?? ""
    const body = new Uint8Array(await encoded.arrayBuffer())
    await limited(org.id, body.byteLength)
    expect((await send("POST", "/files", { token, body, headers: { "content-type": type } })).status).toBe(201)
    await limited(org.id, 30_000_000)
    const before = (await stored(org.id)).usage
    expect((await send("POST", "/files", { token, body: form })).status).toBe(201)
    expect((await stored(org.id)).usage - before).toBe(2_000_000)
  })
})
