import { z } from "zod"
import type { OrganizationId } from "../../src/kernel/ids.ts"
import type { Scene } from "./steps/scene.ts"

const values = z.array(z.object({ currency: z.string(), value: z.string() }))
const worthBody = z.object({
  totals: values,
  warehouses: z.array(z.object({ warehouse_id: z.string(), values })),
  products_without_cost: z.number(),
})

/** What a supplier is told that its stock is worth. */
export type Worth = z.output<typeof worthBody> & { readonly orgId: OrganizationId }

/** That sum a ledger makes when it is asked, and nothing keeps it. @throws when it is not to be had. */
export async function readWorths({ world, client }: Scene): Promise<Worth[]> {
  const worths: Worth[] = []
  for (const { id: orgId } of world.suppliers) {
    const owner = world.importers.get(orgId)
    const answer = owner === undefined ? undefined : await client.send(owner, { method: "GET", path: "/inventory/value/total" })
    if (answer?.status !== 200) throw new Error(`${orgId} is not told what its stock is worth: ${answer?.status} ${answer?.text}`)
    worths.push({ orgId, ...worthBody.parse(JSON.parse(answer.text)) })
  }
  return worths
}
