import { and, eq, gte, lt, sql } from "drizzle-orm"
import { idFloor, type OrderId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import { newestFirst } from "../../platform/db/by-id.ts"
import type { Scan } from "../../platform/db/scan.ts"
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
  page({ status, side, q, from, to, after, rowsMax }: OrderFilter): Promise<Scan<OrderRow>> {
    const text = q === undefined || q === "" ? undefined : q.toLowerCase()
    return newestFirst(db, orders, {
      after,
      where: and(
        status === undefined ? undefined : eq(orders.status, status),
        from === undefined ? undefined : gte(orders.id, idFloor("ord", from)),
        to === undefined ? undefined : lt(orders.id, idFloor("ord", to)),
      ),
      matches: and(
        side === undefined ? undefined : sql`side = ${side}`,
        text === undefined
          ? undefined
          : sql`instr(lower(number || char(10) || case side when 'supplier' then buyer_name else supplier_name end), ${text}) > 0`,
      ),
      indexedBy: status === undefined ? undefined : "orders_status",
      rowsMax,
    })
  },
})
