import type { UnitStatus } from "../../src/domains/units/rules.ts"
import type { BundleComponentId, LocationId, MovementId, ProductId, UnitId } from "../../src/kernel/ids.ts"

export type KnownLot = { readonly productId: ProductId; readonly number: string; isHeld: boolean; isRecalled: boolean }
export type KnownPart = { readonly id: BundleComponentId; readonly parentId: ProductId; readonly childId: ProductId }
export type KnownUnit = { readonly id: UnitId; status: UnitStatus; version: number }
/** A movement that somebody stated: `change` is what it did at its place. */
export type KnownMovement = {
  readonly id: MovementId
  readonly productId: ProductId
  readonly locationId: LocationId
  readonly lotNumber: string | null
  readonly change: number
}

/** What the people of a supplier have heard of its stock. */
export class Stockroom {
  /** Where it lies: the default place first, then a store, then one that nothing is sold from. */
  places: readonly LocationId[] = []
  readonly lots: KnownLot[] = []
  /** What its kits are made of. */
  readonly parts = new Map<BundleComponentId, KnownPart>()
  readonly units = new Map<UnitId, KnownUnit>()
  /** That can be put right, each once. */
  readonly stated: KnownMovement[] = []
  /** Goods that were sent and have not arrived, with how much of them. */
  readonly onTheirWay = new Map<MovementId, { readonly movement: KnownMovement; left: number }>()

  heardOfUnit(heard: KnownUnit): void {
    const known = this.units.get(heard.id)
    if (known === undefined || heard.version >= known.version) this.units.set(heard.id, heard)
  }
}
