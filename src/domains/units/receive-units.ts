import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { LocationId, ProductId, UnitId } from "../../kernel/ids.ts"
import type { Result } from "../../kernel/result.ts"
import type { Ctx } from "../../platform/http/context.ts"
import type { ReceiveUnits, UnitFact } from "./rules.ts"

type Shared = {
  readonly warehouse_id?: LocationId | undefined
  readonly lot_number?: string | undefined
  readonly expires_on?: string | undefined
  readonly unit_cost?: string | number | undefined
}
type Given = Shared & { readonly product_id?: ProductId | undefined; readonly gtin?: string | undefined; readonly serial: string }

/** One unit, many of one product, or many of any; the schema has seen to it that it is one of these. */
type ReceiveUnitsBody = Shared & {
  readonly product_id?: ProductId | undefined
  readonly gtin?: string | undefined
  readonly serial?: string | undefined
  readonly serials?: readonly string[] | undefined
  readonly items?: readonly Given[] | undefined
}

/** Takes units into stock, all or none. */
export const receiveUnits = (
  ctx: Ctx,
  body: ReceiveUnitsBody,
): Promise<Result<{ readonly id: UnitId; readonly units: readonly UnitFact[] }>> => command(ctx, ctx.orgId, "receiveUnits", inputOf(body))

function inputOf({ items, serials, serial, ...shared }: ReceiveUnitsBody): ReceiveUnits {
  if (items !== undefined) return { form: "items", items: items.map(itemOf) }
  if (serials !== undefined) return { form: "serials", items: serials.map((one) => itemOf({ ...shared, serial: one })) }
  return { form: "one", items: serial === undefined ? [] : [itemOf({ ...shared, serial })] }
}

const itemOf = ({ product_id, gtin, serial, warehouse_id, lot_number, expires_on, unit_cost }: Given) => ({
  serial,
  ...(product_id === undefined ? {} : { productId: product_id }),
  ...(gtin === undefined ? {} : { gtin }),
  ...(warehouse_id === undefined ? {} : { locationId: warehouse_id }),
  ...(lot_number === undefined ? {} : { lotNumber: lot_number }),
  ...(expires_on === undefined ? {} : { expiresOn: expires_on }),
  ...(unit_cost === undefined ? {} : { unitCost: unit_cost }),
})
