import type { Books } from "../books.ts"
import { propagationMs } from "../employee.ts"
import type { Closure, Command, Journal } from "../journal.ts"
import { groupBy, must, mustStand, ofKind } from "./check.ts"

export function platformRowsStandOnce({ apiKeys, audits }: Books, journal: Journal): number {
  const keys = groupBy(apiKeys, ({ name }) => name)
  const updates = groupBy(
    audits.filter(({ action }) => /^organizations\.organization\.(?:update|reactivate)$/.test(action)),
    ({ after }) => /torture-\S+$/.exec(String(after?.["name"]))?.[0],
  )
  const commands = ofKind(journal, "create API key", "update organization", "reopen organization")
  for (const command of commands)
    mustStand(command, (command.kind === "create API key" ? keys : updates).get(command.key)?.length ?? 0, "row")
  return commands.length
}

/** Who is closed signs in and reads, and that is all. */
const mayBeDone = (action: string): boolean => action.startsWith("identity.session.")

/** Every time the platform closed or brought back an organization, once; and nothing of the organization's own between the two. */
export function closedOrganizationsRest({ audits, organizations }: Books, journal: Journal): number {
  const closed = groupBy(ofKind(journal, "close organization"), ({ target }) => target)
  for (const [id, commands] of closed) {
    const of = (verb: string): number =>
      audits.filter(({ entity_id: about, action }) => about === id && action === `organizations.organization.${verb}`).length
    const [done, perhaps] = [commands.filter(isDone).length, commands.filter(({ outcome }) => outcome === "unknown").length]
    const [ends, returns] = [of("deactivate"), of("reactivate")]
    must(
      ends >= done && ends <= done + perhaps,
      () => `${id} was closed ${ends} times, and ${done} to ${done + perhaps} times by its closers`,
    )
    const isOpen = organizations.find((row) => row.id === id)?.status === "ACTIVE"
    must(ends - returns === (isOpen ? 0 : 1), () => `${id} was closed ${ends} times, brought back ${returns} times and is open: ${isOpen}`)
  }
  for (const closure of journal.closures) {
    for (const { org_id: orgId, at, action, entity_id: about } of audits)
      must(
        orgId !== closure.orgId || mayBeDone(action) || !isCertain(closure, at, at, journal),
        () => `${orgId} did ${action} on ${about} at ${at}, ${at - closure.closedAt} ms after it was closed`,
      )
    for (const command of journal.commands)
      must(!isBreach(closure, command, journal), () => `${command.kind} ${command.key} was acknowledged while ${closure.orgId} was closed`)
  }
  return journal.commands.filter(({ refusals }) => refusals.includes("ORGANIZATION_DEACTIVATED")).length
}

const isDone = ({ outcome }: Command): boolean => outcome === "acknowledged"

/** Whether the closing must have been known everywhere while this lasted. */
function isCertain({ closedAt, reopenedAt }: Closure, from: number, to: number, journal: Journal): boolean {
  if (from < closedAt + propagationMs.usual || to > reopenedAt) return false
  return from >= closedAt + propagationMs.most || !journal.wasFailing(from, to)
}

/** A token that was asked for after the closing says so itself, and has no time to lose. */
function isBreach(closure: Closure, { orgId, answer, kind }: Command, journal: Journal): boolean {
  if (orgId !== closure.orgId || answer === undefined || kind === "join") return false
  const { sentAt, heardAt, tokenAskedAt } = answer
  const isNewToken = tokenAskedAt > closure.closedAt && heardAt <= closure.reopenedAt
  return isNewToken || isCertain(closure, sentAt, heardAt, journal)
}
