import { placeEventDataOf, placeEvents } from "../../../src/domains/warehouses/events.ts"
import {
  fixedTerms,
  isSellableFrom,
  type Location,
  type LocationTerms,
  type Operator,
  operatorsAfter,
  transitCode,
  whyNotArchived,
} from "../../../src/domains/warehouses/rules.ts"
import type { LocationId, OrganizationId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { quantityNumber } from "../../../src/kernel/quantity.ts"
import { err, ok, type Refusal, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, checkVersion } from "./command.ts"

type CreateLocation = LocationTerms & { readonly operatorId: OrganizationId | null }
type UpdateLocation = Partial<CreateLocation> & { readonly locationId: LocationId }
type ArchiveLocation = { readonly locationId: LocationId }

/** The place, unless it is archived or at another version than If-Match names. */
function toChange({ store }: LedgerWork, id: LocationId, ifMatch: number | undefined): Result<Location> {
  const found = store.locations.find(id)
  if (found === undefined || found.archivedAt !== null) return refuse("NOT_FOUND", "There is no such warehouse.")
  return checkVersion("warehouse", found, ifMatch) ?? ok(found)
}

/** A place of the owner's, as it begins: with nobody else to run it. */
export const newPlace = (work: LedgerWork, terms: LocationTerms): Location => ({
  id: work.mint("whs"),
  ...terms,
  operator: null,
  operators: [],
  isDefault: false,
  archivedAt: null,
  createdAt: work.now,
  updatedAt: work.now,
  version: 1,
  seq: work.seq,
})

function createLocation(work: LedgerWork, { operatorId, ...terms }: CreateLocation): Result<Location> {
  const { store } = work
  if (store.locations.count() >= limits.locationsMax)
    return refuse("CONFLICT", `An organization has at most ${limits.locationsMax} warehouses, archived ones counted.`)
  const taken = checkCode(work, terms.code)
  if (taken !== undefined) return err(taken)
  const operator = operatorId === null ? ok(null) : operatorOf(work, operatorId)
  if (!operator.ok) return operator
  const operators = operator.value === null ? [] : [{ ...operator.value, isCurrent: true }]
  return save(work, { ...newPlace(work, terms), operator: operator.value, operators }, "create")
}

function updateLocation(work: LedgerWork, input: UpdateLocation, ifMatch: number | undefined): Result<Location> {
  const { store } = work
  const found = toChange(work, input.locationId, ifMatch)
  if (!found.ok) return found
  const before = found.value
  const { code = before.code, name = before.name, kind = before.kind } = input
  const { address = before.address, capacityMilli = before.capacityMilli } = input
  const operatorId = input.operatorId === undefined ? (before.operator?.id ?? null) : input.operatorId
  const taken = code === before.code ? undefined : checkCode(work, code)
  if (taken !== undefined) return err(taken)
  // Whoever runs it already is not looked up again: their link may be anything but gone, or they would not run it.
  const operator =
    operatorId === null || operatorId === before.operator?.id
      ? ok(operatorId === null ? null : before.operator)
      : operatorOf(work, operatorId)
  if (!operator.ok) return operator
  const terms = { code, name, kind, address, capacityMilli }
  const fixed = fixedTerms(before, { ...terms, operator: operator.value })
  if (fixed.length > 0) {
    return refuse("CONFLICT", "The warehouse is one that stock falls back on, and keeps what makes it so.", {
      errors: fixed.map((term) => ({ pointer: `/${term}`, code: "FIXED", message: "Cannot be changed of this warehouse." })),
    })
  }
  const operators = operatorsAfter(before.operators, operator.value, limits.locationOperatorsMax)
  if (operators === undefined) {
    return refuse("CONFLICT", `A warehouse has at most ${limits.locationOperatorsMax} operators, former ones counted.`, {
      errors: [{ pointer: "/operator_id", code: "TOO_MANY", message: "Too many organizations have run this warehouse." }],
    })
  }
  const shown = isSellableFrom(before.kind) === isSellableFrom(kind) ? undefined : sellOtherwise(work, before.id, isSellableFrom(kind))
  if (shown?.ok === false) return shown
  const place = {
    ...before,
    ...terms,
    operator: operator.value,
    operators,
    ...work.revise(before),
  }
  // The cells are told anew by the kind that the place has from now on.
  store.locations.save(place)
  shown?.value()
  return save(work, place, "update", before)
}

function archiveLocation(work: LedgerWork, { locationId }: ArchiveLocation, ifMatch: number | undefined): Result<Location> {
  const { store } = work
  const found = toChange(work, locationId, ifMatch)
  if (!found.ok) return found
  const before = found.value
  // INV-WHS-2
  const why = whyNotArchived(before, { ...store.holdings.of(locationId), hasUnits: store.levels.hasUnitsAt(locationId) })
  if (why === "NOT_EMPTY") return refuse("CONFLICT", "The warehouse holds or expects goods; move them first.")
  if (why !== undefined) return refuse("CONFLICT", "The warehouse is one that stock falls back on, and stays.")
  for (const { productId } of store.minimums.atLocation(locationId)) work.stock.setMinimum(productId, locationId, 0)
  const operators = before.operators.map((operator) => ({ ...operator, isCurrent: false }))
  const place = {
    ...before,
    operator: null,
    operators,
    archivedAt: work.now,
    ...work.revise(before),
  }
  return save(work, place, "archive", before)
}

/** INV-WHS-4: whose link is no longer approved runs no place any more. @returns those that they ran. */
export function leavePlaces(work: LedgerWork, organizationId: OrganizationId): LocationId[] {
  const { store } = work
  return store.locations.operatedBy(organizationId).map((place) => {
    const operators = place.operators.map((operator) => ({ ...operator, isCurrent: false }))
    store.locations.save({ ...place, operators, ...work.revise(place) })
    work.touch("location", place.id)
    return place.id
  })
}

/** INV-WHS-1: a place that begins or ceases to sell tells anew what of its products can be sold; nothing stays promised where nothing is sold. */
function sellOtherwise(work: LedgerWork, locationId: LocationId, sells: boolean): Result<() => void> {
  const { levels, reservations } = work.store
  const cells = levels.atLocation(locationId, limits.locationKindCellsMax + 1)
  if (cells.length > limits.locationKindCellsMax) {
    const message = `Of a warehouse with more than ${limits.locationKindCellsMax} products and lots the kind cannot begin or cease to sell.`
    return refuse("CONFLICT", message, { errors: [{ pointer: "/kind", code: "TOO_MANY_LEVELS", message }] })
  }
  return ok(() => {
    for (const cell of cells) {
      if (!sells) for (const reservation of reservations.ofCell(cell)) if (reservation.unitId === null) work.stock.release(reservation)
      work.stock.restamp(cell)
    }
  })
}

function checkCode(work: LedgerWork, code: string): Refusal | undefined {
  if (code !== transitCode && work.store.locations.byCode(code) === undefined) return undefined
  const message = "Another warehouse has or had this code."
  return { code: "CONFLICT", detail: message, errors: [{ pointer: "/code", code: "TAKEN", message }] }
}

function operatorOf(work: LedgerWork, organizationId: OrganizationId): Result<Operator> {
  const link = work.store.links.ofBuyer(organizationId)
  if (link?.status === "APPROVED") return ok({ id: organizationId, name: link.buyerName })
  const message = "A warehouse is operated by an organization that buys under an approved link."
  return refuse("LINK_NOT_APPROVED", message, { errors: [{ pointer: "/operator_id", code: "NOT_LINKED", message }] })
}

function save(work: LedgerWork, place: Location, verb: "create" | "update" | "archive", before?: Location): Result<Location> {
  const { store } = work
  store.locations.save(place)
  work.touch("location", place.id)
  work.audit({
    action: `inventory.warehouse.${verb}`,
    entity: "warehouse",
    entityId: place.id,
    before: before === undefined ? undefined : said(before),
    after: said(place),
  })
  const owner = store.organization
  const type = { create: placeEvents.created, update: placeEvents.updated, archive: placeEvents.archived }[verb]
  work.emit(owner.id, type, placeEventDataOf(place, owner))
  const [was, is] = [before?.operator ?? null, place.operator]
  if (was !== null && was.id !== is?.id)
    work.emit(was.id, placeEvents.left, placeEventDataOf({ ...(before ?? place), operator: was }, owner))
  if (is !== null && was?.id !== is.id) work.emit(is.id, placeEvents.assigned, placeEventDataOf(place, owner))
  return ok(place)
}

const said = ({ code, name, kind, address, capacityMilli, operator }: Location) => ({
  code,
  name,
  kind,
  address,
  capacity: capacityMilli === null ? null : quantityNumber(capacityMilli),
  operator_id: operator?.id ?? null,
})

export const placeCommands = {
  createLocation: { by: "owner", run: createLocation },
  updateLocation: { by: "owner", run: updateLocation },
  archiveLocation: { by: "owner", run: archiveLocation },
} as const satisfies Record<string, Command>
