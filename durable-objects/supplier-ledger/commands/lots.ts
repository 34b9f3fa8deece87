import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import type { LotKey, MovementType } from "../../../src/domains/inventory/rules.ts"
import { expiryCheckAt, type Lot } from "../../../src/domains/lots/rules.ts"
import { ok, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"

/** How a movement names a lot. */
export type LotGiven = { readonly lotNumber?: string; readonly expiresOn?: string }

/** A lot that is there, or that will be once it is saved: deciding comes before writing. */
type LotFound = { readonly lotId: LotKey; readonly save: () => void }

const fault = (pointer: string, code: string, message: string) =>
  refuse("VALIDATION_FAILED", undefined, { errors: [{ pointer, code, message }] })

/** The lot that a movement is of; goods that come in may bring a new one. A lot's expiry is stated once and stays. */
export function lotFor(
  work: LedgerWork,
  product: ProductFacts,
  { type, lotNumber, expiresOn }: LotGiven & { readonly type: MovementType },
): Result<LotFound> {
  const nothing = () => undefined
  if (lotNumber === undefined) {
    return expiresOn === undefined
      ? ok({ lotId: "", save: nothing })
      : fault("/lot_number", "REQUIRED", "What expires is told apart by its lot: name it.")
  }
  const known = work.store.lots.byNumber(product.id, lotNumber)
  if (known !== undefined) {
    if (expiresOn !== undefined && known.expiresOn !== expiresOn)
      return fault("/expires_on", "DIFFERS", `The lot is known to expire on ${known.expiresOn ?? "no day"}.`)
    if (type === "IN" && known.status === "RECALLED") return refuse("CONFLICT", "The lot is recalled: nothing more of it is taken in.")
    return ok({ lotId: known.id, save: nothing })
  }
  if (type !== "IN") return fault("/lot_number", "UNKNOWN_LOT", "There is no such lot of this product.")
  const lot: Lot = {
    id: work.mint("lot"),
    productId: product.id,
    number: lotNumber,
    expiresOn: expiresOn ?? null,
    status: "ACTIVE",
    reason: null,
    expiredAt: expiresOn !== undefined && expiresOn < work.today ? work.now : null,
    receivedAt: work.now,
    updatedAt: work.now,
    version: 1,
    seq: work.seq,
  }
  return ok({
    lotId: lot.id,
    save: () => {
      work.store.lots.save(lot)
      work.touch("lot", lot.id)
      if (lot.expiresOn !== null && lot.expiredAt === null) work.stock.lapsesAt(Math.max(work.now, expiryCheckAt(lot.expiresOn)))
    },
  })
}
