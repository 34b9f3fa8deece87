import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import { links, linkTerms } from "../../../src/domains/partners/tables.ts"
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

/** Whether links and their terms show something of the supplier itself that changed. */
export const areLinksShownAnew = (before: OrganizationFacts, after: OrganizationFacts): boolean =>
  before.name !== after.name ||
  before.settings.share_stock !== after.settings.share_stock ||
  before.settings.time_zone !== after.settings.time_zone

export const terms = kindOf({
  table: linkTerms,
  isTwoParty: true,
  source: (store) => store.terms.table,
  rows: ({ linkId, terms, seq }, { orgId, generation }, store) => {
    const link = store.links.find(linkId)
    if (link === undefined) return []
    const shared = {
      id: linkId,
      ...terms,
      minShelfLifeDays: terms.minShelfLifeDays ?? null,
      timeZone: store.organization.settings.time_zone,
      seq,
      generation,
    }
    return [
      { ...shared, orgId, side: "supplier" as const, counterpartyId: link.buyerId },
      { ...shared, orgId: link.buyerId, side: "buyer" as const, counterpartyId: orgId },
    ]
  },
})
