import { locations, stockLevels, stockMovements } from "../../../src/domains/inventory/tables.ts"
import { kindOf } from "./kind.ts"

export const location = kindOf({
  table: locations,
  source: (store) => store.locations.table,
  rows: (location, common) => [{ ...location, ...common }],
})

export const level = kindOf({
  table: stockLevels,
  key: ["product_id", "location_id"],
  source: (store) => store.levels.table,
  rows: (level, common) => [{ ...level, ...common }],
})

export const movement = kindOf({
  table: stockMovements,
  source: (store) => store.movements.table,
  rows: (movement, common) => [{ ...movement, ...common }],
})
