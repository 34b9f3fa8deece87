/** The stockroom's part of `limits`. */
export const stockLimits = {
  unitHistoryMax: 50,
  serialCharsMax: 64,
  unitsPerReceiptMax: 500,
  unitReservationHoursMax: 720,
  /** Ids that an event names; beyond, its reader looks for itself. */
  eventUnitsMax: 50,
  movementsPerBatchMax: 500,
  /** Ids that an event names; beyond, its reader looks for itself. */
  eventMovementsMax: 50,
  lotNumberCharsMax: 64,
  referenceCharsMax: 100,
  locationsMax: 1_000,
  locationOperatorsMax: 20,
  /** Cells at a place that begins or ceases to sell: each product's stock for sale is told anew. */
  locationKindCellsMax: 2_000,
  placeMinimumsMax: 100,
  expiringDaysDefault: 30,
  expiringDaysMax: 3_650,
  locationCodeCharsMax: 32,
  lotTraceMovementsMax: 5_000,
  /** Orders that a lot's trace and recall name; each buyer is told all the same. */
  lotOrdersMax: 5_000,
  /** Orders of one buyer that the word of a recall names, the newest first; its quantity counts them all. */
  recallOrdersToldMax: 100,
  /** Products that a lot number is found with, where it does not say of which. */
  lotsOfNumberMax: 20,
  gtinDigits: 14,
  elementStringCharsMax: 500,
} as const
