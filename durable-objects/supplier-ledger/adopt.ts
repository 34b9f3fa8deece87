import { limits } from "../../src/kernel/limits.ts"
import { mainWarehouse } from "./store/locations.ts"
import type { LedgerWork } from "./work.ts"

/** What a new ledger begins with: a place for its stock. */
export function openBooks(work: LedgerWork): void {
  const id = work.mint("whs")
  work.store.locations.save(mainWarehouse(id, work.now, work.seq))
  work.touch("location", id)
}

/**
 * Where links and their terms show something of the organization that changed, they are told anew: of those from before
 * that change as many as a page has. @returns whether there may be more.
 */
export function showLinksAnew(work: LedgerWork): boolean {
  const { store, seq } = work
  const changeSeq = store.meta("links_anew")
  const links = store.links.before(changeSeq, limits.reconcilePageRows)
  for (const link of links) {
    store.links.save({ ...link, seq })
    work.touch("link", link.id)
    work.tellRoom(link.id)
  }
  const terms = store.terms.before(changeSeq, limits.reconcilePageRows)
  for (const { linkId } of terms) {
    store.terms.touch(linkId, seq)
    work.touch("terms", linkId)
  }
  const isMore = Math.max(links.length, terms.length) === limits.reconcilePageRows
  if (!isMore) store.setMeta("links_anew", 0)
  return isMore
}
