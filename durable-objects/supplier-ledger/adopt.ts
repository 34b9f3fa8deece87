import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import { areLinksShownAnew } from "./projections/links.ts"
import { mainWarehouse } from "./store/locations.ts"
import type { LedgerWork } from "./work.ts"

/** What a new ledger begins with: a place for its stock. */
export function openBooks(work: LedgerWork): void {
  const id = work.mint("whs")
  work.store.locations.save(mainWarehouse(id, work.now, work.seq))
  work.touch("location", id)
}

/** Where links and their terms show something of the organization that changed, they are told anew. @returns whether. */
export function showLinksAnew(work: LedgerWork, before: OrganizationFacts): boolean {
  const { store, seq } = work
  if (!areLinksShownAnew(before, store.organization)) return false
  for (const link of store.links.all()) {
    store.links.save({ ...link, seq })
    work.touch("link", link.id)
    if (store.terms.touch(link.id, seq)) work.touch("terms", link.id)
    work.tellRoom(link.id)
  }
  return true
}
