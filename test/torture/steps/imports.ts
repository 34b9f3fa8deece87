import { z } from "zod"
import type { Step } from "../plan.ts"
import { pick, Random } from "../random.ts"
import type { Actor } from "../world.ts"
import { fileKeyOf, uploadOf } from "./files.ts"
import { type Given, give, type Play, plainManner, type Scene, supplierOf } from "./scene.ts"

/** What should come of some rows as a whole: a product's row, or all lines of an order. Rows count from 1. */
export type ImportUnit = {
  readonly key: string
  readonly rows: readonly number[]
  /** A new product or order; a change of a product that may be archived by then; or nothing, since it makes no sense. */
  readonly comesTo: "new" | "change" | "nothing"
  /** Of a new product. */
  readonly stock: number
}
type File = { readonly lines: readonly string[]; readonly units: readonly ImportUnit[] }

const startedBody = z.object({ id: z.string() })
const jobBody = z.object({ total: z.number(), done: z.number(), failed: z.number() })

export const importProducts: Play = (scene, actor, step) => importFile(scene, actor, step, "products", productsFile(actor, step))

export const importOrders: Play = async (scene, actor, step) => {
  const file = ordersFile(scene, actor, step)
  return file === undefined ? undefined : importFile(scene, actor, step, "orders", file)
}

function productsFile({ organization }: Actor, { key }: Step): File {
  const random = new Random(`${key} rows`)
  const known = [...organization.products.values()].filter(({ isActive, goods }) => isActive && goods === "counted")
  const units: ImportUnit[] = []
  const lines = ["sku,name,price,stock_quantity,description"]
  for (let row = 1, count = 3 + Math.floor(random.next() * 6); row <= count; row += 1) {
    const own = `${key}-r${row}`
    const [kind, at, price, stock] = [random.next(), random.next(), (1 + random.next() * 50).toFixed(2), Math.floor(random.next() * 80)]
    const changed = kind < 0.25 ? pick(known, at) : undefined
    const comesTo = changed !== undefined ? "change" : kind < 0.4 ? "nothing" : "new"
    units.push({ key: own, rows: [row], comesTo, stock: comesTo === "new" ? stock : 0 })
    if (changed !== undefined) lines.push(`${changed.sku},,${price},,${own}`)
    else lines.push(`${own},Product ${own},${comesTo === "nothing" ? "much" : price},${stock},${own}`)
  }
  return { lines, units }
}

function ordersFile(scene: Scene, { organization }: Actor, { key, picks: [at] }: Step): File | undefined {
  const random = new Random(`${key} rows`)
  const supplier = supplierOf(scene, organization, at)
  const products = [...supplier.products.values()].filter(({ isActive }) => isActive)
  if (products.length === 0) return undefined
  const units: ImportUnit[] = []
  const lines = ["supplier_id,reference,sku,quantity,note"]
  for (let order = 1, count = 2 + Math.floor(random.next() * 3); order <= count; order += 1) {
    const own = `${key}-o${order}`
    const rows = Array.from({ length: 1 + Math.floor(random.next() * 3) }, (_, index) => lines.length + index)
    const isNonsense = random.chance(0.2)
    for (const row of rows) {
      const sku = isNonsense && row === rows.at(-1) ? "no-such-product" : pick(products, random.next())?.sku
      lines.push(`${supplier.id},${own},${sku},${1 + Math.floor(random.next() * 6)},${own}`)
    }
    units.push({ key: own, rows, comesTo: isNonsense ? "nothing" : "new", stock: 0 })
  }
  return { lines, units }
}

/** A file with a good row and one that makes no sense; and a buyer's, with an order of something that nobody sells. */
export async function importLast(scene: Scene, seller: Actor, buyer: Actor, key: string): Promise<void> {
  const units: ImportUnit[] = [
    { key: `${key}-r1`, rows: [1], comesTo: "new", stock: 7 },
    { key: `${key}-r2`, rows: [2], comesTo: "nothing", stock: 0 },
  ]
  const rows = units.map(({ key: own, comesTo }) => `${own},Product ${own},${comesTo === "new" ? "1.50" : "much"},7,${own}`)
  const lines = ["sku,name,price,stock_quantity,description", ...rows]
  const step = { manner: plainManner, picks: [0, 1, 0, 1] } as const
  await importFile(scene, seller, { key, ...step }, "products", { lines, units })
  const own = `${key}-o1`
  await importFile(scene, buyer, { key: `${key}-orders`, ...step }, "orders", {
    lines: ["supplier_id,reference,sku,quantity,note", `${seller.organization.id},${own},no-such-product,1,${own}`],
    units: [{ key: own, rows: [1], comesTo: "nothing", stock: 0 }],
  })
}

/** As the body of the request, or uploaded first. Afterwards one look at how far it is. */
async function importFile(
  scene: Scene,
  { organization }: Actor,
  step: Pick<Step, "key" | "manner" | "picks">,
  kind: "products" | "orders",
  { lines, units }: File,
): Promise<Given | undefined> {
  const { world, client, journal } = scene
  const sender = world.importers.get(organization.id)
  if (sender === undefined) return undefined
  const bytes = new TextEncoder().encode(`${lines.join("\r\n")}\r\n`)
  const isUploadedFirst = step.picks[1] < 0.5
  const fileId = isUploadedFirst ? await uploadOf(scene, sender, step, "import", bytes) : undefined
  if (isUploadedFirst && fileId === undefined) return undefined
  const path = `/${kind}/import`
  const call =
    fileId === undefined
      ? ({ method: "POST", path: `${path}?name=${fileKeyOf(step)}`, bytes } as const)
      : ({ method: "POST", path, body: { file_id: fileId } } as const)
  const given = await give(scene, sender, step, { kind: `import ${kind}`, call, asked: { units, rows: lines.length - 1 } })
  const { answer } = given.command
  if (answer === undefined) return given
  const { id } = startedBody.parse(JSON.parse(answer.text))
  const seen = await client.send(sender, { method: "GET", path: `/jobs/${id}` })
  if (seen?.status === 200) {
    journal.count("imports looked at while they ran")
    const { total, done, failed } = jobBody.parse(JSON.parse(seen.text))
    if (done + failed > total || total > lines.length - 1)
      journal.violate(`the import ${id} of ${lines.length - 1} rows is at ${seen.text}`)
  } else if (seen !== undefined && seen.status < 500 && seen.status !== 429 && seen.status !== 401)
    journal.violate(`the import ${id} (${step.key}) was acknowledged, and whoever started it was answered ${seen.status}: ${seen.text}`)
  return given
}
