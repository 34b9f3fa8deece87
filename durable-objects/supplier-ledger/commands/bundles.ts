import { bundleEvents, componentEventDataOf } from "../../../src/domains/bundles/events.ts"
import {
  type BundleComponent,
  type BundleFault,
  type ComponentRole,
  checkAddition,
  type Demand,
  demandOf,
  explode,
} from "../../../src/domains/bundles/rules.ts"
import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import type { BundleComponentId, ProductId } from "../../../src/kernel/ids.ts"
import { limits } from "../../../src/kernel/limits.ts"
import { isOnStep, type Milli } from "../../../src/kernel/quantity.ts"
import { ok, type Refusal, type Result, refuse } from "../../../src/kernel/result.ts"
import type { LedgerStore } from "../store/index.ts"
import type { LedgerWork } from "../work.ts"
import { type Command, checkVersion } from "./command.ts"

type AddComponent = {
  readonly parentId: ProductId
  readonly childId: ProductId
  readonly quantityMilli: Milli
  readonly role: ComponentRole
}
type RemoveComponent = { readonly componentId: BundleComponentId }

/** A component with what its two products are called now. */
type ComponentFact = BundleComponent & {
  readonly parent: Pick<ProductFacts, "sku" | "name">
  readonly child: Pick<ProductFacts, "sku" | "name" | "unit">
}

const faults: Readonly<Record<BundleFault, { readonly pointer: string; readonly message: string }>> = {
  CYCLE: { pointer: "/child_id", message: "The component contains the bundle, so that each would be part of itself." },
  TOO_DEEP: { pointer: "/child_id", message: `Bundles stand in bundles over at most ${limits.bundleLevelsMax} levels.` },
  TOO_MANY_PARTS: { pointer: "/child_id", message: `A bundle holds at most ${limits.bundlePartsMax} products, on all levels together.` },
  TOO_MANY_BUNDLES: { pointer: "/parent_id", message: `The bundle is part of more than ${limits.bundleParentsMax} others.` },
  QUANTITY_NOT_EXACT: { pointer: "/quantity", message: "Multiplied down to the leaves, a quantity would have more than three places." },
  QUANTITY_TOO_LARGE: { pointer: "/quantity", message: "Multiplied down to the leaves, a quantity would be too large." },
}

const conflict = (pointer: string, code: string, message: string) => refuse("CONFLICT", message, { errors: [{ pointer, code, message }] })

const refuseFault = (fault: BundleFault) => conflict(faults[fault].pointer, fault, faults[fault].message)

/** INV-BDL-1 to INV-BDL-4, decided where nothing else is decided meanwhile: of two additions that would close a cycle together, one is refused. */
function addComponent(work: LedgerWork, input: AddComponent): Result<ComponentFact> {
  const { store } = work
  const parent = live(store, input.parentId)
  const child = live(store, input.childId)
  if (parent === undefined || child === undefined) {
    const message = "There is no such product."
    const pointer = parent === undefined ? "/parent_id" : "/child_id"
    return refuse("NOT_FOUND", message, { errors: [{ pointer, code: "UNKNOWN_PRODUCT", message }] })
  }
  if (!isOnStep(input.quantityMilli, child.quantityStepMilli)) {
    const message = `Must be a multiple of the component's quantity_step ${child.quantityStepMilli / 1000}.`
    return refuse("OFF_STEP", undefined, { errors: [{ pointer: "/quantity", code: "OFF_STEP", message }] })
  }
  const siblings = store.components.partsOf(parent.id)
  if (siblings.some(({ childId }) => childId === child.id)) return conflict("/child_id", "TAKEN", "The bundle has this component already.")
  if (siblings.length >= limits.bundleComponentsMax) {
    return conflict("/parent_id", "TOO_MANY_COMPONENTS", `A bundle has at most ${limits.bundleComponentsMax} components of its own.`)
  }
  const fault = checkAddition(
    (id) => store.components.partsOf(id),
    (id, max) => store.components.parentsOf(id, max),
    parent.id,
    { childId: child.id, quantityMilli: input.quantityMilli },
  )
  if (fault !== undefined) return refuseFault(fault)

  const component: BundleComponent = { ...input, id: work.mint("bcp"), createdAt: work.now, removedAt: null, version: 1, seq: work.seq }
  return record(work, "add", component, parent, child)
}

function removeComponent(work: LedgerWork, { componentId }: RemoveComponent, ifMatch: number | undefined): Result<ComponentFact> {
  const { store } = work
  const before = store.components.find(componentId)
  const parent = before === undefined ? undefined : store.products.find(before.parentId)
  const child = before === undefined ? undefined : store.products.find(before.childId)
  if (before === undefined || before.removedAt !== null || parent === undefined || child === undefined) {
    return refuse("NOT_FOUND", "There is no such component.")
  }
  const stale = checkVersion("component", before, ifMatch)
  if (stale !== undefined) return stale
  return record(work, "remove", takenOut(work, before), parent, child)
}

/** INV-BDL-5: what is about to be archived is no component of anything; what it is made of itself comes apart with it. */
export function comeApart(work: LedgerWork, productId: ProductId): Refusal | undefined {
  const { components } = work.store
  const [bundle] = components.parentsOf(productId, 1)
  if (bundle !== undefined) {
    return { code: "CONFLICT", detail: `It is a component of ${work.store.products.find(bundle)?.sku ?? bundle}; take it out there first.` }
  }
  for (const component of components.ofBundle(productId)) save(work, takenOut(work, component))
  return undefined
}

/** What so much of a product takes from stock: each leaf that it comes apart into, or itself. A kit has no stock of its own. */
export function demandFor(store: LedgerStore, productId: ProductId, quantityMilli: Milli): Result<Demand[], BundleFault> {
  const explosion = explode((id) => store.components.partsOf(id), productId)
  return explosion.ok ? demandOf(explosion.value, quantityMilli) : explosion
}

function live(store: LedgerStore, id: ProductId): ProductFacts | undefined {
  const product = store.products.find(id)
  return product?.archivedAt === null ? product : undefined
}

const takenOut = (work: LedgerWork, component: BundleComponent): BundleComponent => ({
  ...component,
  removedAt: work.now,
  version: component.version + 1,
  seq: work.seq,
})

function save(work: LedgerWork, component: BundleComponent): void {
  work.store.components.save(component)
  work.touch("component", component.id)
  work.stock.reshape(component.parentId)
}

function record(
  work: LedgerWork,
  verb: "add" | "remove",
  component: BundleComponent,
  parent: ProductFacts,
  child: ProductFacts,
): Result<ComponentFact> {
  save(work, component)
  const fact: ComponentFact = {
    ...component,
    parent: { sku: parent.sku, name: parent.name },
    child: { sku: child.sku, name: child.name, unit: child.unit },
  }
  const said = componentEventDataOf(component, parent.sku, child.sku)
  work.audit({
    action: verb === "add" ? "bundles.component.add" : "bundles.component.remove",
    entity: "bundle_component",
    entityId: component.id,
    ...(verb === "add" ? { after: said } : { before: said }),
  })
  work.emit(work.store.organization.id, verb === "add" ? bundleEvents.added : bundleEvents.removed, said)
  return ok(fact)
}

export const bundleCommands = {
  addComponent: { by: "owner", run: addComponent },
  removeComponent: { by: "owner", run: removeComponent },
} as const satisfies Record<string, Command>
