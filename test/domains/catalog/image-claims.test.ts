import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import { claimProductImage, placeProductImage, sweepFiles } from "../../../src/domains/files/index.ts"
import type { FileId, ProductId } from "../../../src/kernel/ids.ts"
import { day, hour } from "../../../src/kernel/time.ts"
import { Meter } from "../../../src/platform/db/meter.ts"
import type { Bindings } from "../../../src/platform/env.ts"
import { call, ctxOf, png, send, stored, uploaded } from "../../support/files.ts"
import { api, signUp } from "../../support/world.ts"

const sweep = (at: number) => sweepFiles(env, new Meter(), at)

/** A product, a file that could be its image, and the steps of requests, to be taken in any order. */
async function stage() {
  const { token, org, owner } = await signUp(["supplier"])
  const { body } = await api("POST", "/products", { token, body: { sku: "S", name: "S", price: "1.00" } })
  const productId = body.id as ProductId
  const fileId = (await uploaded(token, "product_image", await png())).id as FileId
  const ctx = () => ctxOf(org.id, owner.id)
  const image = { fileId, contentType: "image/png", width: 64, height: 48 } as const
  return {
    token,
    org,
    fileId,
    path: `/products/${productId}/images`,
    place: () => placeProductImage(ctx(), productId, fileId),
    claim: () => claimProductImage(ctx(), productId, fileId),
    show: () => command(ctx(), ctx().orgId, "addProductImage", { productId, image }),
    takeOff: () => command(ctx(), ctx().orgId, "removeProductImage", { productId, fileId }),
    row: async () => (await stored(org.id)).rows[0],
    /** What stays when all claims are settled and the sweep has had its days. */
    async inTheEnd() {
      await sweep(Date.now() + 2 * hour)
      await sweep(Date.now() + 4 * day)
      const shown = (await api("GET", `/products/${productId}`, { token })).body.images.length as number
      const { rows, keys, usage } = await stored(org.id)
      return { shown, rows: rows.length, keys: keys.length, isSettled: rows.every((row) => row["due_at"] === null), usage }
    },
  }
}

const kept = { shown: 1, rows: 1, keys: 1, isSettled: true, usage: expect.any(Number) }
const gone = { shown: 0, rows: 0, keys: 0, isSettled: true, usage: 0 }

describe("INV-FIL-9: what a product shows is never swept, and what it does not show is", () => {
  test("however late D1 is: the sweep asks the ledger", async () => {
    const at = await stage()
    await at.place()
    expect((await at.show()).ok).toBe(true)
    await env.DB.prepare("update products set images = '[]' where org_id = ?").bind(at.org.id).run()
    await sweep(Date.now() + 2 * hour)
    expect(await at.row()).toMatchObject({ status: "ATTACHED", due_at: null })
  })

  test("and a ledger that does not answer is asked again, its files as they are", async () => {
    const at = await stage()
    await at.place()
    await at.show()
    const later = Date.now() + 2 * hour
    const away = {
      ...env,
      SUPPLIER_LEDGER: { idFromName: () => ({}), get: () => ({ readProduct: () => Promise.reject(new Error("away")) }) },
    }
    await sweepFiles(away as unknown as Bindings, new Meter(), later)
    expect(await at.row()).toMatchObject({ status: "ATTACHED", due_at: later + hour })
    expect(await at.inTheEnd()).toEqual(kept)
  })

  test("two place one file; the first is refused, the second shows it", async () => {
    const at = await stage()
    const [first, second] = [await at.place(), await at.place()]
    await first.settle()
    expect(await at.row()).toMatchObject({ status: "ATTACHED" })
    await at.show()
    await second.settle()
    expect(await at.inTheEnd()).toEqual(kept)
  })

  test("two place one file; the first shows it, the second is refused", async () => {
    const at = await stage()
    const [first, second] = [await at.place(), await at.place()]
    await second.settle()
    await at.show()
    await first.settle()
    expect(await at.inTheEnd()).toEqual(kept)
  })

  test("it is taken off while another shows it again, in every order of their ends", async () => {
    for (const [isClaimedFirst, isSettledFirst] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ]) {
      const at = await stage()
      const first = await at.place()
      await at.show()
      await first.settle()
      expect(await at.row()).toMatchObject({ due_at: null })
      const early = isClaimedFirst ? await at.claim() : undefined
      const again = await at.place()
      const off = early ?? (await at.claim())
      await at.takeOff()
      if (isSettledFirst) await off.settle()
      await at.show()
      await again.settle()
      if (!isSettledFirst) await off.settle()
      expect(await at.inTheEnd()).toEqual(kept)
    }
  })

  test("a request that was cut off before or after the ledger was told", async () => {
    const [before, after] = [await stage(), await stage()]
    await before.place()
    await after.place()
    await after.show()
    expect(await before.inTheEnd()).toEqual(gone)
    expect(await after.inTheEnd()).toEqual(kept)
  })

  test("an answer that is repeated says nothing of now", async () => {
    const at = await stage()
    const json = { "content-type": "application/json" }
    const add = {
      token: at.token,
      body: JSON.stringify({ file_id: at.fileId }),
      headers: { ...json, "idempotency-key": crypto.randomUUID() },
    }
    const off = { token: at.token, headers: { "idempotency-key": crypto.randomUUID() } }
    const one = `${at.path}/${at.fileId}`
    expect((await send("POST", at.path, add)).status).toBe(201)
    expect((await call("DELETE", one, off)).status).toBe(204)
    expect((await send("POST", at.path, add)).status).toBe(201)
    expect(await at.row()).toMatchObject({ status: "READY" })
    expect((await send("POST", at.path, { ...add, headers: json })).status).toBe(201)
    expect((await call("DELETE", one, off)).status).toBe(204)
    expect(await at.row()).toMatchObject({ status: "ATTACHED" })
    expect(await at.inTheEnd()).toEqual(kept)
  })

  test("however many add and take off at once", async () => {
    const at = await stage()
    const json = { "content-type": "application/json" }
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        n % 3 === 2
          ? call("DELETE", `${at.path}/${at.fileId}`, { token: at.token })
          : call("POST", at.path, { token: at.token, body: JSON.stringify({ file_id: at.fileId }), headers: json }),
      ),
    )
    const end = await at.inTheEnd()
    expect(end.shown === 1 ? kept : gone).toEqual(end)
  })
})
