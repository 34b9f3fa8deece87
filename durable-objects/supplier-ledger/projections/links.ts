import { links } from "../../../src/domains/partners/tables.ts"
import { kindOf } from "./kind.ts"

export const link = kindOf({
  table: links,
  isTwoParty: true,
  source: (store) => store.links.table,
  rows: ({ supplierId, supplierName, buyerId, buyerName, ...terms }, { generation }, store) => {
    const shared = { ...terms, sharesStock: store.organization.settings.share_stock, generation }
    return [
      {
        ...shared,
        orgId: supplierId,
        side: "supplier" as const,
        counterpartyId: buyerId,
        counterpartyName: buyerName,
        ownName: supplierName,
      },
      { ...shared, orgId: buyerId, side: "buyer" as const, counterpartyId: supplierId, counterpartyName: supplierName, ownName: buyerName },
    ]
  },
})
