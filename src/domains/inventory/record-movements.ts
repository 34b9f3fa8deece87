import { command } from "../../../durable-objects/supplier-ledger/client.ts"
import type { InputFault, Refusal, Result } from "../../kernel/result.ts"
import { RefusalError } from "../../kernel/result.ts"
import { withoutUndefined } from "../../kernel/without-undefined.ts"
import { may } from "../../platform/auth/actor.ts"
import type { Ctx } from "../../platform/http/context.ts"
import { invalid } from "../../platform/http/input.ts"
import type { MovementBody, RecordMovementsBody } from "./movement-schemas.ts"
import type { ShownMovement } from "./rules.ts"

type MovementInput = Parameters<typeof command<"recordMovements">>[3]["items"][number]

/** Of a batch: what was recorded, and which rows were not. */
type RecordedBatch = {
  readonly movements: readonly ShownMovement[]
  readonly failed: ReadonlyArray<{ readonly index: number; readonly code: string; readonly errors: readonly InputFault[] }>
}

/** @throws RefusalError FORBIDDEN for a serial of somebody who may not receive units. */
export async function recordMovement(ctx: Ctx, body: MovementBody): Promise<Result<ShownMovement>> {
  checkSerials(ctx, [body])
  const result = await command(ctx, ctx.orgId, "recordMovements", { items: [inputOf(body)], onError: "reject_all" })
  if (!result.ok) return result
  const [movement] = result.value.movements
  if (movement === undefined) throw new Error("a movement was recorded and is not there")
  return { ok: true, value: movement }
}

/** @throws RefusalError FORBIDDEN as above; VALIDATION_FAILED where no row is a movement. */
export async function recordBatch(
  ctx: Ctx,
  { rows, on_error }: Extract<RecordMovementsBody, { rows: unknown }>,
): Promise<Result<RecordedBatch>> {
  const good = rows.filter((row) => "said" in row)
  const bad = rows.flatMap((row) => ("faults" in row ? [{ index: row.index, code: "VALIDATION_FAILED", errors: row.faults }] : []))
  const faults = bad.flatMap(({ index, errors }) => errors.map((fault) => within(index, fault)))
  if (good.length === 0) throw invalid(faults)
  checkSerials(
    ctx,
    good.map(({ said }) => said),
  )
  const indexOf = (place: number): number => good[place]?.index ?? place
  const result = await command(ctx, ctx.orgId, "recordMovements", { items: good.map(({ said }) => inputOf(said)), onError: on_error })
  if (!result.ok) return { ok: false, error: placedAnew(result.error, indexOf, faults) }
  const refused = result.value.failed.map(({ index, refusal }) => ({
    index: indexOf(index),
    code: refusal.code,
    errors: refusal.errors ?? [{ pointer: "", code: refusal.code, message: refusal.detail ?? refusal.code }],
  }))
  return { ok: true, value: { movements: result.value.movements, failed: [...bad, ...refused].sort((a, b) => a.index - b.index) } }
}

/** What a lone row of a batch is refused for without saying where. */
const ofTheRow: ReadonlySet<Refusal["code"]> = new Set(["STOCK_INSUFFICIENT", "CONFLICT"])

/** The ledger counts the rows it was given, and of a single one it says nothing of rows at all. */
function placedAnew(refusal: Refusal, indexOf: (place: number) => number, bad: readonly InputFault[]): Refusal {
  const { code, detail, errors = ofTheRow.has(code) ? [{ pointer: "", code, message: detail ?? code }] : undefined } = refusal
  if (errors === undefined) return refusal
  const placed = errors.map((fault) => {
    const [, place, rest = ""] = /^\/items\/(\d+)(.*)$/.exec(fault.pointer) ?? []
    return place === undefined ? within(indexOf(0), fault) : within(indexOf(Number(place)), { ...fault, pointer: rest })
  })
  return { ...refusal, errors: [...bad, ...placed] }
}

const within = (index: number, fault: InputFault): InputFault => ({ ...fault, pointer: `/items/${index}${fault.pointer}` })

/** A serial makes a unit, and not everybody who moves stock may. */
function checkSerials(ctx: Ctx, rows: readonly MovementBody[]): void {
  if (may(ctx.actor, "inventory.unit.receive") || rows.every(({ serial }) => serial === undefined)) return
  throw new RefusalError({ code: "FORBIDDEN", detail: "A serial needs the permission inventory.unit.receive." })
}

function inputOf(body: MovementBody): MovementInput {
  const given = withoutUndefined({
    productId: body.product_id,
    unit: body.unit,
    gtin: body.gtin,
    locationId: body.warehouse_id,
    toLocationId: body.to_warehouse_id,
    viaTransit: body.via_transit,
    lotNumber: body.lot_number,
    expiresOn: body.expires_on,
    serial: body.serial,
    unitCost: body.unit_cost,
    reason: body.reason,
    reference: body.reference,
    corrects: body.corrects,
    receives: body.receives,
    effectiveAt: body.effective_at,
  })
  return { type: body.type, quantityMilli: body.quantity, ...given }
}
