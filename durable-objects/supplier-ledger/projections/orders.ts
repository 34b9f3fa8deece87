import { orders } from "../../../src/domains/orders/tables.ts"
import { kindOf } from "./kind.ts"

/** INV-ORD-4: the buyer's row holds neither the supplier's internal note nor anything of its stock. */
export const order = kindOf({
  table: orders,
  isTwoParty: true,
  source: (store) => store.orders.table,
  rows: ({ supplierId, buyerId, internalNote, ...order }, { generation }) => {
    const shared = { ...order, generation }
    return [
      { ...shared, orgId: supplierId, side: "supplier" as const, counterpartyId: buyerId, internalNote },
      { ...shared, orgId: buyerId, side: "buyer" as const, counterpartyId: supplierId, internalNote: null },
    ]
  },
})
