import { and, desc, eq, gte, lt, sql } from "drizzle-orm"
import { idFloor, type OrderId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import { type Scan, scanNewestFirst } from "../../platform/db/scan.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { OrderStatus, Side } from "./rules.ts"
import { type OrderRow, orders } from "./tables.ts"

export type OrderFilter = {
  readonly status: OrderStatus | undefined
  readonly side: Side | undefined
  readonly q: string | undefined
  readonly from: Instant | undefined
  readonly to: Instant | undefined
  readonly after: OrderId | undefined
  readonly rowsMax: number
}

export const orderStore = (db: TenantDb) => ({
  byId: (id: OrderId): Promise<OrderRow | undefined> => db.one(orders, eq(orders.id, id)),

  /** Newest first. State and dates are bounds in the index; side and text are looked for within a bounded scan. */
  async page({ status, side, q, from, to, after, rowsMax }: OrderFilter): Promise<Scan<OrderRow>> {
    const within = and(
      status === undefined ? undefined : eq(orders.status, status),
      after === undefined ? undefined : lt(orders.id, after),
      from === undefined ? undefined : gte(orders.id, idFloor("ord", from)),
      to === undefined ? undefined : lt(orders.id, idFloor("ord", to)),
    )
    const text = q === undefined || q === "" ? undefined : q.toLowerCase()
    if (side === undefined && text === undefined) {
      return { rows: await db.many(orders, { where: within, orderBy: [desc(orders.id)], limit: rowsMax }), stoppedAt: undefined }
    }
    const matches = and(
      side === undefined ? undefined : sql`side = ${side}`,
      text === undefined ? undefined : sql`instr(lower(number || char(10) || case side when 'supplier' then buyer_name else supplier_name end), ${text}) > 0`,
    )
    return scanNewestFirst(db, orders, { within, matches, rowsMax })
  },
})
