import type { LotKey, Movement, ShownMovement } from "../../../src/domains/inventory/rules.ts"
import { stockLevels, stockMinimums, stockMovements } from "../../../src/domains/inventory/tables.ts"
import { shownStatusOf } from "../../../src/domains/lots/rules.ts"
import { lots } from "../../../src/domains/lots/tables.ts"
import { stockUnits } from "../../../src/domains/units/tables.ts"
import type { LedgerStore } from "../store/index.ts"
import { kindOf } from "./kind.ts"

const lotOf = (store: LedgerStore, lotId: LotKey) => (lotId === "" ? undefined : store.lots.find(lotId))

export function shownMovement(store: LedgerStore, movement: Movement): ShownMovement {
  const lot = lotOf(store, movement.lotId)
  return {
    ...movement,
    lotNumber: lot?.number ?? null,
    expiresOn: lot?.expiresOn ?? null,
    openMilli: store.movements.transit(movement.id)?.leftMilli ?? null,
  }
}

export const level = kindOf({
  table: stockLevels,
  key: ["product_id", "location_id", "lot_id"],
  often: ["on_hand_milli", "reserved_milli", "incoming_milli"],
  source: (store) => store.levels.table,
  rows: (level, common, store) => {
    const lot = lotOf(store, level.lotId)
    const incomingMilli = store.levels.incomingOf(level)
    return [
      {
        ...level,
        ...common,
        lotNumber: lot?.number ?? null,
        lotStatus: lot === undefined ? null : shownStatusOf(lot),
        expiresOn: lot?.expiresOn ?? null,
        reservedMilli: store.levels.reservedOf(level),
        incomingMilli,
        isShown: level.lotId === "" || level.onHandMilli !== 0 || incomingMilli !== 0,
      },
    ]
  },
})

export const movement = kindOf({
  table: stockMovements,
  source: (store) => store.movements.table,
  rows: (movement, common, store) => [
    { ...shownMovement(store, movement), ...common, lotId: movement.lotId === "" ? null : movement.lotId },
  ],
})

export const lot = kindOf({
  table: lots,
  source: (store) => store.lots.table,
  rows: (lot, common) => [{ ...lot, ...common }],
})

export const unit = kindOf({
  table: stockUnits,
  source: (store) => store.units.table,
  rows: (unit, common, store) => [{ ...unit, ...common, lotNumber: lotOf(store, unit.lotId)?.number ?? null }],
})

export const minimum = kindOf({
  table: stockMinimums,
  key: ["product_id", "location_id"],
  source: (store) => store.minimums.table,
  rows: (minimum, common) => [{ ...minimum, ...common }],
})
