import type { FailedRow } from "../../../durable-objects/import-job/client.ts"
import { commandAll, type Envelope } from "../../../durable-objects/supplier-ledger/client.ts"
import type { OrganizationId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { err, ok, type Refusal, type Result } from "../../kernel/result.ts"
import type { Meter } from "../../platform/db/meter.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import { organizationStore } from "../organizations/index.ts"
import { linkStore } from "../partners/index.ts"
import type { Unit } from "./batches.ts"
import { type OrderRow, orderRowOf } from "./order-rows.ts"
import { productOf } from "./product-rows.ts"
import { reasonOf } from "./rules.ts"
import type { ImportJobRow } from "./tables.ts"

/** What a unit comes to: a command for one ledger, or why there is none, row by row. */
type Planned = { readonly at: OrganizationId; readonly command: Envelope["command"] }
type Refused = (row: number) => string

type CarryOut = (units: readonly Unit[]) => Promise<readonly FailedRow[]>

/**
 * Carries out units of one import in the name of who started it. INV-IMP-2: each command's id follows from the import and
 * the unit's first row, so that a unit that is sent again changes nothing and is answered as before.
 */
export function carryingOut(env: Bindings, meter: Meter, db: TenantDb, job: ImportJobRow): CarryOut {
  const supplierOf = supplierFinder(env, meter, db)
  const plan = (unit: Unit): Promise<Result<Planned, Refused>> =>
    job.kind === "products" ? Promise.resolve(planProduct(job, unit)) : planOrder(job, unit, supplierOf)
  const envelopeOf = (unit: Unit, command: Envelope["command"]): Envelope => ({
    commandId: `${job.id}/${unit.rows[0]?.row ?? 0}`,
    requestHash: job.id,
    actor: { kind: job.startedByKind, id: job.startedBy, name: job.startedByName, organizationId: job.orgId },
    origin: { ipAddress: job.ipAddress, userAgent: job.userAgent },
    ifMatch: undefined,
    command,
  })
  return async (units) => {
    const failed: FailedRow[] = []
    const fail = ({ rows }: Unit, why: Refused) => failed.push(...rows.map(({ row, cells }) => ({ row, cells, reason: why(row) })))
    const planned: Array<Planned & { readonly unit: Unit }> = []
    for (const unit of units) {
      const command = await plan(unit)
      if (command.ok) planned.push({ ...command.value, unit })
      else fail(unit, command.error)
    }
    for (const [at, group] of Map.groupBy(planned, (one) => one.at)) {
      const results = await commandAll(
        env,
        meter,
        at,
        group.map(({ unit, command }) => envelopeOf(unit, command)),
      )
      group.forEach(({ unit }, index) => {
        const result = results[index]
        if (result === undefined) throw new Error("a ledger answers every command")
        if (!result.ok) fail(unit, () => reasonOf(namingRows(result.error, unit)))
      })
    }
    return failed.sort((a, b) => a.row - b.row)
  }
}

function planProduct(job: ImportJobRow, { rows: [row] }: Unit): Result<Planned, Refused> {
  if (row === undefined) throw new Error("a unit has a row")
  const { said } = row
  if (typeof said === "string") return err(() => said)
  const product = productOf(said)
  return product.ok ? ok({ at: job.orgId, command: { verb: "saveProduct", input: product.value } }) : err(() => product.error)
}

async function planOrder(job: ImportJobRow, { rows, isDoubtful }: Unit, supplierOf: SupplierFinder): Promise<Result<Planned, Refused>> {
  const why = new Map<number, string>()
  const lines: OrderRow[] = []
  for (const { row, said } of rows) {
    const line = typeof said === "string" ? err(said) : orderRowOf(said)
    if (line.ok) lines.push(line.value)
    else why.set(row, line.error)
  }
  const all = (reason: string) => err(() => reason)
  if (why.size > 0) {
    const [faulty] = why.keys()
    return err((row) => why.get(row) ?? `The order was not placed: see row ${faulty}.`)
  }
  const [first] = lines
  if (isDoubtful || first === undefined)
    return all("The order was not placed: the row before it could not be read, and may be one of its lines.")
  if (lines.length > limits.orderLinesMax) return all(`An order has at most ${limits.orderLinesMax} lines; this one has ${lines.length}.`)
  const supplierId = await supplierOf(first.supplierId, first.supplierSlug, job.supplierId)
  if (!supplierId.ok) return all(supplierId.error)
  const input = {
    buyerId: job.orgId,
    lines: lines.map(({ sku, quantityMilli, unit }) => ({ sku, quantityMilli, ...(unit === undefined ? {} : { unit }) })),
    note: lines.find(({ note }) => note !== undefined)?.note ?? null,
    requestedDeliveryOn: lines.find(({ requestedDeliveryOn: day }) => day !== undefined)?.requestedDeliveryOn ?? null,
  }
  return ok({ at: supplierId.value, command: { verb: "placeOrderBySku", input } })
}

type SupplierFinder = (
  id: OrganizationId | undefined,
  slug: string | undefined,
  usual: OrganizationId | null,
) => Promise<Result<OrganizationId, string>>

/** One that there is no approved link with is as unknown as none, and no ledger is woken for it. */
function supplierFinder(env: Bindings, meter: Meter, db: TenantDb): SupplierFinder {
  const bySlug = new Map<string, OrganizationId | undefined>()
  const isLinked = new Map<OrganizationId, boolean>()
  return async (given, slug, usual) => {
    if (given === undefined && slug !== undefined && !bySlug.has(slug)) {
      bySlug.set(slug, (await organizationStore({ env, meter }).bySlug(slug.trim().toLowerCase()))?.id)
    }
    const id = given ?? (slug === undefined ? (usual ?? undefined) : bySlug.get(slug))
    if (id === undefined && slug === undefined) return err("The row names no supplier.")
    if (id === db.orgId) return err("An organization does not order from itself.")
    if (id !== undefined && !isLinked.has(id)) isLinked.set(id, (await linkStore(db).withPartner("buyer", id))?.status === "APPROVED")
    return id !== undefined && isLinked.get(id) === true ? ok(id) : err("LINK_NOT_APPROVED There is no approved link with this supplier.")
  }
}

/** A fault in an order's line, by the row that the line stands in. */
function namingRows(refusal: Refusal, { rows }: Unit): Refusal {
  const errors = refusal.errors?.map((fault) => {
    const [, index = "", member = ""] = /^\/items\/(\d+)\/?(.*)$/.exec(fault.pointer) ?? []
    const row = rows[Number(index)]?.row
    return index === "" || row === undefined ? fault : { ...fault, pointer: `/row ${row} ${member === "product_id" ? "sku" : member}` }
  })
  return errors === undefined ? refusal : { ...refusal, errors }
}
