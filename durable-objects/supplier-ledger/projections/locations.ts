import { locations } from "../../../src/domains/warehouses/tables.ts"
import { kindOf } from "./kind.ts"

/** The owner's row, and one for whoever runs or ran the place: it shows what they may see of it, and whether they still do. */
export const location = kindOf({
  table: locations,
  isTwoParty: true,
  source: (store) => store.locations.table,
  rows: ({ operators, ...place }, { orgId, generation }) => [
    { ...place, orgId, generation, side: "supplier" as const, counterpartyId: "" as const, isCurrent: true },
    ...operators.map(({ id, name, isCurrent }) => ({
      ...place,
      generation,
      orgId: id,
      side: "buyer" as const,
      counterpartyId: orgId,
      operator: { id, name },
      isDefault: false,
      isCurrent,
    })),
  ],
})
