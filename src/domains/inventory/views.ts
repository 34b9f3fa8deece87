import { formatMoney } from "../../kernel/money.ts"
import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import type { PlainDate } from "../../kernel/zoned-time.ts"
import type { StockValue, Worth } from "./rules.ts"
import type { LevelSeen, LowSeen } from "./store.ts"

const placed = (level: LevelSeen) => ({
  product_id: level.productId,
  sku: level.sku,
  name: level.name,
  unit: level.unit,
  owner_id: level.ownerId,
  warehouse_id: level.locationId,
  warehouse_code: level.locationCode,
  lot_number: level.lotNumber,
  lot_status: level.lotStatus,
  expires_on: level.expiresOn,
})

const quantities = (level: LevelSeen) => ({
  on_hand: quantityNumber(level.onHandMilli),
  reserved: quantityNumber(level.reservedMilli),
  available: quantityNumber(level.availableMilli),
  incoming: quantityNumber(level.incomingMilli),
})

export const toLevelView = (level: LevelSeen) => ({ ...placed(level), ...quantities(level) })

/** `today` is the owner's; its ledger's word counts where the zone was another when the day was over. */
export const toExpiringView = (level: LevelSeen, today: PlainDate) => ({
  ...placed(level),
  is_expired: level.lotStatus === "EXPIRED" || (level.expiresOn !== null && level.expiresOn < today),
  ...quantities(level),
})

export const toLowStockView = (low: LowSeen) => ({
  product_id: low.productId,
  sku: low.sku,
  name: low.name,
  unit: low.unit,
  warehouse_id: low.locationId === "" ? null : low.locationId,
  warehouse_code: low.locationCode,
  on_hand: quantityNumber(low.onHandMilli),
  min_stock_level: quantityNumber(low.minMilli),
  low_since: formatInstant(low.lowSince),
})

const toWorthView = ({ currency, minor }: Worth) => ({ currency, value: formatMoney(minor, currency) })

export const toStockValueView = ({ totals, places, productsWithoutCost }: StockValue) => ({
  totals: totals.map(toWorthView),
  warehouses: places.map(({ id, code, name, worth }) => ({ warehouse_id: id, code, name, values: worth.map(toWorthView) })),
  products_without_cost: productsWithoutCost,
})
