import { quantityNumber } from "../../kernel/quantity.ts"
import { formatInstant } from "../../kernel/time.ts"
import { withoutUndefined } from "../../kernel/without-undefined.ts"
import { etagOf } from "../../platform/http/reply.ts"
import { type Address, isOverCapacity, type LocationDetail, type SeenLocation } from "./rules.ts"
import type { WarehouseBody } from "./schemas.ts"
import type { LocationRow } from "./tables.ts"

export const toWarehouseView = (place: SeenLocation) => ({
  id: place.id,
  owner_id: place.ownerId,
  code: place.code,
  name: place.name,
  kind: place.kind,
  address: place.address === null ? null : toAddressView(place.address),
  capacity: place.capacityMilli === null ? null : quantityNumber(place.capacityMilli),
  operator_id: place.operator?.id ?? null,
  operator_name: place.operator?.name ?? null,
  is_default: place.isDefault,
  version: place.version,
  created_at: formatInstant(place.createdAt),
  updated_at: formatInstant(place.updatedAt),
})

/** A place with what it holds, to those who may read stock. */
export const toWarehouseDetailView = (place: LocationDetail, seesStock: boolean) => ({
  ...toWarehouseView(place),
  ...(seesStock
    ? {
        on_hand: quantityNumber(place.holds.onHandMilli),
        incoming: quantityNumber(place.holds.incomingMilli),
        is_over_capacity: isOverCapacity(place),
      }
    : {}),
})

const toAddressView = ({ postalCode, ...address }: Address) => ({ ...address, postal_code: postalCode })

/** Of whoever runs it the row names the owner as the other party. */
export const locationOfRow = (row: LocationRow): SeenLocation => ({
  ...row,
  ownerId: row.counterpartyId === "" ? row.orgId : row.counterpartyId,
})

export const locationDetailOfRow = (row: LocationRow): LocationDetail => ({
  ...locationOfRow(row),
  holds: { onHandMilli: row.onHandMilli ?? 0, incomingMilli: row.incomingMilli ?? 0 },
})

/** Of thousandths, as many as there will ever be at one place. */
const sumDigits = 16

/** What it holds changes without the place itself. */
export const warehouseDetailEtag = ({ version, seq, holds }: LocationDetail, isOwn: boolean, seesStock: boolean): string => {
  const held = seesStock ? [holds.onHandMilli, holds.incomingMilli].map((milli) => String(milli).padStart(sumDigits, "0")) : []
  return etagOf(version, `${seq}${held.join("")}`, isOwn ? "s" : "b")
}

export const warehouseEtag = ({ version, seq }: SeenLocation, isOwn: boolean): string => etagOf(version, seq, isOwn ? "s" : "b")

/** The body's names as the ledger has them, without what was not said. */
export function termsOf({ code, name, kind, address, capacity, operator_id }: WarehouseBody) {
  return withoutUndefined({
    code,
    name,
    kind,
    address: address === null || address === undefined ? address : toAddress(address),
    capacityMilli: capacity,
    operatorId: operator_id,
  })
}

const toAddress = ({ postal_code, ...address }: NonNullable<WarehouseBody["address"]>): Address => ({ ...address, postalCode: postal_code })
