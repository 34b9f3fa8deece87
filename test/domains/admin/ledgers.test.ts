import { env } from "cloudflare:workers"
import { describe, expect, test } from "vitest"
import { newId, platformOrganizationId } from "../../../src/kernel/ids.ts"
import { api, auditOf, platformStaff, signUp, unique } from "../../support/world.ts"

const reconcile = (token: string, orgId: string) => api("GET", `/admin/ledgers/${orgId}/reconciliation`, { token })
const rebuild = (token: string, orgId: string) => api("POST", `/admin/ledgers/${orgId}/rebuild`, { token })

async function supplierWithGoods() {
  const world = await signUp(["supplier"])
  const made = await api("POST", "/products", {
    token: world.token,
    body: { sku: unique("SKU"), name: "Apples", price: "1.50", stock_quantity: 12 },
  })
  expect(made.status).toBe(201)
  return { ...world, productId: made.body.id as string }
}

const until = async (holds: () => Promise<boolean>) => {
  for (let attempt = 0; attempt < 1_000 && !(await holds()); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe("the operators' view of a ledger", () => {
  test("a projection that equals its ledger has no differences", async () => {
    const { org } = await supplierWithGoods()
    const { token } = await platformStaff()
    const { status, body } = await reconcile(token, org.id)
    expect(status).toBe(200)
    expect(body).toMatchObject({ differences: [], truncated: false, stuck: [] })
    expect(body.checked).toBeGreaterThan(0)
  })

  test("what was changed or lost behind the ledger's back is found, and mended", async () => {
    const { org, productId, token: owner } = await supplierWithGoods()
    const { token } = await platformStaff()
    await env.DB.prepare("update products set name = 'Pears' where org_id = ? and id = ?").bind(org.id, productId).run()
    const found = await reconcile(token, org.id)
    expect(found.body.differences).toContainEqual({ kind: "product", id: productId, problem: "DIFFERENT" })
    await until(async () => (await reconcile(token, org.id)).body.differences.length === 0)
    expect((await api("GET", `/products/${productId}`, { token: owner })).body.name).toBe("Apples")
  })

  test("INV-ADM-3: a rebuild sends every row anew, readers see no gap, and the platform's log says who asked", async () => {
    const { org, productId, token: owner } = await supplierWithGoods()
    const { token, id } = await platformStaff()
    await env.DB.prepare("delete from products where org_id = ? and id = ?").bind(org.id, productId).run()
    const { status, body } = await rebuild(token, org.id)
    expect(status).toBe(200)
    expect(body.generation).toBeGreaterThan(0)
    expect(body.rows).toBeGreaterThan(0)
    await until(async () => (await api("GET", `/products?limit=10`, { token: owner })).body.data.length === 1)
    expect((await reconcile(token, org.id)).body.differences).toEqual([])
    expect(
      (await auditOf(platformOrganizationId)).filter((entry) => entry.actor_id === id && entry.action === "platform.ledger.rebuild"),
    ).toHaveLength(1)
  })

  test("only the platform's staff may look, and only at organizations that exist", async () => {
    const { org, token: owner } = await signUp(["supplier"])
    const { token } = await platformStaff()
    for (const ask of [reconcile, rebuild]) {
      expect((await ask(owner, org.id)).status).toBe(403)
      expect((await ask("nonsense", org.id)).status).toBe(401)
      expect((await ask(token, newId("org", Date.now()))).status).toBe(404)
      expect((await ask(token, platformOrganizationId)).status).toBe(404)
      expect((await ask(token, newId("usr", Date.now()))).status).toBe(422)
    }
  })

  test("a ledger that never had a command has nothing to compare", async () => {
    const { org } = await signUp(["buyer"])
    const { token } = await platformStaff()
    expect((await reconcile(token, org.id)).body).toMatchObject({ differences: [], truncated: false })
  })
})
