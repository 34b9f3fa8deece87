import { and, desc, eq, gte, lt, sql } from "drizzle-orm"
import { idFloor, type OrderId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import { type Scan, scanNewestFirst } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { OrderStatus, Side } from "./rules.ts"
import { type OrderRow, orders } from "./tables.ts"

type OrderFilter = {
  readonly status: OrderStatus | undefined
  readonly side: Side | undefined
  readonly q: string | undefined
  readonly from: Instant | undefined
  readonly to: Instant | undefined
  readonly after: OrderId | undefined
  readonly rowsMax: number
}

export const orderStore = (db: TenantDb) => ({
  byId: (id: OrderId): Promise<OrderRow | undefined> => db.byId(orders, id),

  /** Newest first. Dates are bounds in the key and a state has its index; side and text are looked for within a bounded scan. */
  async page({ status, side, q, from, to, after, rowsMax }: OrderFilter): Promise<Scan<OrderRow>> {
    const within = and(
      after === undefined ? undefined : lt(orders.id, after),
      from === undefined ? undefined : gte(orders.id, idFloor("ord", from)),
      to === undefined ? undefined : lt(orders.id, idFloor("ord", to)),
    )
    const inState = status === undefined ? undefined : eq(orders.status, status)
    const text = q === undefined || q === "" ? undefined : q.toLowerCase()
    if (side === undefined && text === undefined) {
      const page = { where: and(inState, within), orderBy: [desc(orders.id)], limit: rowsMax }
      return { rows: await db.many(orders, inState === undefined ? page : { ...page, indexedBy: "orders_status" }), stoppedAt: undefined }
    }
    const matches = and(
      inState,
      side === undefined ? undefined : sql`side = ${side}`,
      text === undefined
        ? undefined
        : sql`instr(lower(number || char(10) || case side when 'supplier' then buyer_name else supplier_name end), ${text}) > 0`,
    )
    return scanNewestFirst(db, orders, { within, matches, rowsMax })
  },
})
