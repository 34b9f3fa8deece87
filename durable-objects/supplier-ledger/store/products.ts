import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import { gtin14 } from "../../../src/kernel/gs1.ts"
import type { OrganizationId, ProductId } from "../../../src/kernel/ids.ts"
import type { Levels } from "./levels.ts"
import { LedgerTable } from "./table.ts"

type ProductRow = Omit<ProductFacts, "supplierId" | "stockMilli" | "availableMilli" | "stockSeq">

export class Products {
  readonly table: LedgerTable<ProductRow, ProductFacts>
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage, levels: Levels, owner: () => { readonly id: OrganizationId }) {
    this.#sql = sql
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
        archivedAt: "value",
        createdAt: "value",
        updatedAt: "value",
        version: "value",
        seq: "value",
      },
      fact: (row) => ({ ...row, supplierId: owner().id, ...levels.totalOf(row.id) }),
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

  save(product: ProductRow): void {
    this.table.save(product)
  }
}
