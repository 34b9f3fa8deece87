import { linkFlow } from "../../../src/domains/partners/rules.ts"
import type { AuditRow, Books } from "../books.ts"
import type { Journal } from "../journal.ts"
import { groupBy, must, mustStand, ofKind } from "./check.ts"

export function linksStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const links = ledgers.flatMap((ledger) => ledger.links)
  const requests = groupBy(
    audits.filter(({ action }) => action === "partners.link.request"),
    ({ after }) => after?.["message"] as string,
  )
  const moves = groupBy(
    audits.filter(({ action }) => action === "partners.link.set-status"),
    ({ after }) => after?.["reason"] as string,
  )
  const commands = [...ofKind(journal, "request link"), ...ofKind(journal, "move link")]
  for (const command of commands) {
    const found = (command.kind === "request link" ? requests : moves).get(command.key) ?? []
    mustStand(command, found.length, "change of a link")
    const [row] = found
    if (row === undefined) continue
    must(
      command.target === undefined || row.entity_id === command.target,
      () => `${command.key} was about ${command.target} and changed ${row.entity_id}`,
    )
    must(
      links.some(({ id }) => id === row.entity_id),
      () => `${command.key} changed ${row.entity_id}, which no ledger has`,
    )
  }
  const changes = groupBy(
    audits.filter(({ entity }) => entity === "link"),
    (row) => row.entity_id,
  )
  for (const { id, version } of links)
    must(
      changes.get(id)?.length === version,
      () => `${id} is at version ${version} with ${changes.get(id)?.length ?? 0} changes on the audit trail`,
    )
  return commands.length
}

/** Terms change a link, and lead it nowhere. */
const isStep = ({ entity, action }: AuditRow): boolean => entity === "link" && action !== "partners.terms.set"

/** Where a link went, of which the trail has a row each. */
function stepOf({ before, after, at }: AuditRow): { readonly from: string | null; readonly to: string; readonly at: number } {
  return { from: before === null ? null : String(before["status"]), to: String(after?.["status"]), at }
}

const mayGo = (from: string | null, to: string): boolean => {
  const next: readonly string[] = from === null ? ["PENDING"] : (linkFlow[from as keyof typeof linkFlow] ?? [])
  return next.includes(to)
}

/** There is one link a pair, however often it ended and was asked for again, and its steps are those of its machine. */
export function linksMoveByTheirMachine({ ledgers, audits }: Books): number {
  const changes = groupBy(audits.filter(isStep), (row) => row.entity_id)
  let steps = 0
  for (const { organization, links } of ledgers) {
    const pairs = new Set(links.map(({ buyer_id: buyerId }) => buyerId))
    must(pairs.size === links.length, () => `${organization.name} has ${links.length} links with ${pairs.size} buyers`)
    for (const { id, status } of links) {
      const balance = new Map<string, number>()
      for (const { from, to } of (changes.get(id) ?? []).map(stepOf)) {
        must(mayGo(from, to), () => `${id} went from ${from} to ${to}`)
        balance.set(to, (balance.get(to) ?? 0) + 1)
        if (from !== null) balance.set(from, (balance.get(from) ?? 0) - 1)
        steps += 1
      }
      // Each state is left as often as it is entered, but for the one that the link is in: no step is missing between two.
      for (const [state, count] of balance)
        must(
          count === (state === status ? 1 : 0),
          () => `${id} is ${status} and was ${count} times more often made ${state} than that was ended`,
        )
    }
  }
  return steps
}

/** The times at which a link was approved and ended again; it cannot be approved twice without an end between. */
function approvedTimes(rows: readonly AuditRow[]): ReadonlyArray<{ readonly from: number; readonly to: number }> {
  const steps = rows.filter(isStep).map(stepOf)
  const times = (isWanted: (step: { from: string | null; to: string }) => boolean): number[] =>
    steps
      .filter(isWanted)
      .map(({ at }) => at)
      .sort((a, b) => a - b)
  const ends = times(({ from }) => from === "APPROVED")
  return times(({ to }) => to === "APPROVED").map((from, index) => ({ from, to: ends[index] ?? Number.POSITIVE_INFINITY }))
}

/** By the ledger's own clock, which never goes back. */
export function ordersNeedALink({ ledgers, audits }: Books): number {
  const byThing = groupBy(audits, (row) => row.entity_id)
  let checked = 0
  for (const { links, orders } of ledgers) {
    const approved = new Map(links.map(({ id, buyer_id: buyerId }) => [buyerId, approvedTimes(byThing.get(id) ?? [])]))
    for (const { id, buyer_id: buyerId } of orders) {
      const placed = (byThing.get(id) ?? []).find(({ action }) => action.endsWith(".place"))
      must(placed !== undefined, () => `${id} has no audit row of its placing`)
      if (placed === undefined) continue
      const isLinked = (approved.get(buyerId) ?? []).some(({ from, to }) => from <= placed.at && placed.at <= to)
      must(isLinked, () => `${id} was placed at ${placed.at}, when ${buyerId} had no approved link`)
      checked += 1
    }
  }
  return checked
}
