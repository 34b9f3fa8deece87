import { type LinkId, type OrganizationId, platformOrganizationId } from "../../src/kernel/ids.ts"
import { fetchAgain } from "../support/server/fetch-again.ts"
import type { Wallet } from "./wallet.ts"

/** What the scenarios need of the seeded world, read over the API itself. */
export type World = {
  readonly suppliers: readonly Supplier[]
  readonly buyers: readonly Buyer[]
}
export type Product = { readonly id: string; readonly min_order_qty: number; readonly quantity_step: number; readonly name: string }
export type Supplier = { readonly id: OrganizationId; readonly products: readonly Product[] }
export type Buyer = { readonly id: OrganizationId; readonly supplierIds: readonly OrganizationId[]; readonly links: readonly Link[] }
export type Link = { readonly id: LinkId; readonly supplierId: OrganizationId }

type Organization = { readonly id: OrganizationId; readonly capabilities: readonly string[]; readonly slug: string }

export async function readJson<T>(url: string, path: string, token: string): Promise<T> {
  const answer = await fetchAgain(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

async function everything<T>(url: string, path: string, token: string): Promise<T[]> {
  const all: T[] = []
  for (let cursor = ""; ; ) {
    const page = await readJson<{ data: T[]; next_cursor: string | null }>(
      url,
      `${path}${path.includes("?") ? "&" : "?"}limit=100${cursor}`,
      token,
    )
    all.push(...page.data)
    if (page.next_cursor === null) return all
    cursor = `&cursor=${page.next_cursor}`
  }
}

const suppliersWithProducts = 50
const buyersMax = 100

export async function readWorld(url: string, wallet: Wallet): Promise<World> {
  const staff = await wallet.add(platformOrganizationId, ["super_admin"])
  const organizations = await everything<Organization>(url, "/organizations", staff)
  const suppliers: Supplier[] = []
  for (const { id } of organizations.filter(({ capabilities }) => capabilities.includes("supplier")).slice(0, suppliersWithProducts)) {
    const token = await wallet.add(id)
    const { data } = await readJson<{ data: Product[] }>(url, "/products?limit=100&is_active=true", token)
    if (data.length > 0) suppliers.push({ id, products: data })
  }
  const buyers: Buyer[] = []
  for (const { id } of organizations.filter(({ capabilities }) => capabilities.includes("buyer")).slice(0, buyersMax)) {
    const token = await wallet.add(id)
    const found = await everything<{ id: LinkId; supplier_id: OrganizationId; status: string }>(url, "/links/my-links?side=buyer", token)
    const links = found.filter(({ status }) => status === "APPROVED").map((link) => ({ id: link.id, supplierId: link.supplier_id }))
    if (links.length > 0) buyers.push({ id, links, supplierIds: links.map(({ supplierId }) => supplierId) })
  }
  return { suppliers, buyers }
}
