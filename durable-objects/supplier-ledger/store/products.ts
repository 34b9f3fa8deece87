import { availabilityOf, explode } from "../../../src/domains/bundles/rules.ts"
import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import { gtin14 } from "../../../src/kernel/gs1.ts"
import type { OrganizationId, ProductId } from "../../../src/kernel/ids.ts"
import type { Milli } from "../../../src/kernel/quantity.ts"
import type { Components } from "./components.ts"
import type { Levels } from "./levels.ts"
import { LedgerTable } from "./table.ts"

type ProductRow = Omit<ProductFacts, "supplierId" | "stockMilli" | "availableMilli" | "stockSeq">

export class Products {
  readonly table: LedgerTable<ProductRow, ProductFacts>
  readonly #sql: SqlStorage

  readonly #levels: Levels
  readonly #components: Components

  constructor(sql: SqlStorage, levels: Levels, components: Components, owner: () => { readonly id: OrganizationId }) {
    this.#sql = sql
    this.#levels = levels
    this.#components = components
    this.table = new LedgerTable<ProductRow, ProductFacts>(sql, {
      name: "products",
      key: ["id"],
      forms: {
        id: "value",
        sku: "value",
        gtin: "value",
        name: "value",
        description: "value",
        category: "value",
        unit: "value",
        quantityStepMilli: "value",
        priceMinor: "value",
        currency: "value",
        minOrderMilli: "value",
        minStockMilli: "value",
        isActive: "flag",
        identityId: "value",
        color: "value",
        size: "value",
        condition: "value",
        images: "json",
        packs: "json",
        archivedAt: "value",
        createdAt: "value",
        updatedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => ({ ...row, supplierId: owner().id, ...this.#stockOf(row) }),
    })
  }

  find(id: ProductId): ProductFacts | undefined {
    return this.table.find(id)
  }

  /** The product that has this SKU now; archived ones give theirs up. */
  idBySku(sku: string): ProductId | undefined {
    const [row] = this.#sql.exec<{ id: ProductId }>("SELECT id FROM products WHERE sku = ? AND archived_at IS NULL", sku).toArray()
    return row?.id
  }

  /** The product that has this GTIN now, of whatever length it is written. */
  byGtin(gtin: string): ProductFacts | undefined {
    return this.table.where("substr('000000' || gtin, -14) = ? AND gtin IS NOT NULL AND archived_at IS NULL", gtin14(gtin))[0]
  }

  /** What it is called and its step, without its stock, which for a bundle takes all below it to count. */
  nameOf(id: ProductId): { readonly sku: string; readonly stepMilli: Milli } | undefined {
    return this.#sql
      .exec<{ sku: string; stepMilli: Milli }>("SELECT sku, quantity_step_milli AS stepMilli FROM products WHERE id = ?", id)
      .toArray()[0]
  }

  save(product: ProductRow): void {
    this.table.save(product)
  }

  /**
   * INV-BDL-7: a bundle's stock is what its components' is enough for, to its step. It changes when a component's does,
   * and when one is added or taken out anywhere in it.
   */
  #stockOf({ id, quantityStepMilli }: ProductRow): Pick<ProductFacts, "stockMilli" | "availableMilli" | "stockSeq"> {
    const own = this.#levels.totalOf(id)
    // Most products never had a component.
    if (this.#components.seqOf([id]) === 0) return own
    const exploded = explode((parentId) => this.#components.partsOf(parentId), id)
    if (!exploded.ok) return { ...own, stockMilli: 0, availableMilli: 0 }
    const { leaves, below, levels } = exploded.value
    const shapedSeq = this.#components.seqOf([id, ...below])
    if (levels === 0) return { ...own, stockSeq: Math.max(own.stockSeq, shapedSeq) }
    const totals = new Map([...leaves.keys()].map((leaf) => [leaf, this.#levels.totalOf(leaf)]))
    const enoughFor = (what: "stockMilli" | "availableMilli") =>
      availabilityOf(exploded.value, quantityStepMilli, (leaf) => totals.get(leaf)?.[what] ?? 0).buildableMilli
    return {
      stockMilli: enoughFor("stockMilli"),
      availableMilli: enoughFor("availableMilli"),
      stockSeq: Math.max(own.stockSeq, shapedSeq, ...[...totals.values()].map(({ stockSeq }) => stockSeq)),
    }
  }
}
