import { locations } from "../../../src/domains/warehouses/tables.ts"
import { kindOf } from "./kind.ts"

/** INV-WHS-5: the owner's row, and one for whoever runs or ran the place; who no longer does is told so, and nothing of it that changed since. */
export const location = kindOf({
  table: locations,
  isTwoParty: true,
  source: (store) => store.locations.table,
  rows: ({ operators, ...place }, { orgId, generation }, store) => {
    const { onHandMilli, incomingMilli, heldSeq } = store.holdings.of(place.id)
    const held = { onHandMilli, incomingMilli, heldSeq }
    // Above all that was ever said to them of what it holds.
    const nothing = { onHandMilli: 0, incomingMilli: 0, heldSeq: place.seq }
    return [
      { ...place, ...held, orgId, generation, side: "supplier" as const, counterpartyId: "" as const, isCurrent: true },
      ...operators.map(({ id, name, isCurrent }) => ({
        ...place,
        ...(isCurrent ? held : nothing),
        generation,
        orgId: id,
        side: "buyer" as const,
        counterpartyId: orgId,
        ...(isCurrent ? {} : { code: "", name: "", address: null, capacityMilli: null }),
        operator: { id, name },
        isDefault: false,
        isCurrent,
      })),
    ]
  },
})
