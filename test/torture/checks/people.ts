import type { AuditRow, Books } from "../books.ts"
import { tokensTried } from "../employee.ts"
import type { Command, Journal } from "../journal.ts"
import { groupBy, must, mustStand, ofKind } from "./check.ts"
import { isOwner } from "./told.ts"

const addressIn = ({ after }: AuditRow): string => String(after?.["email"])

/** A user is made by an owner or joins by an invitation: once, as the address it was meant for; nobody else is there but founders. */
export function peopleStandOnce({ users, audits }: Books, journal: Journal): number {
  const byAddress = groupBy(users, ({ email }) => email)
  const rowsOf = (action: string) =>
    groupBy(
      audits.filter((row) => row.action === action),
      addressIn,
    )
  const [created, invited, joined] = ["identity.user.create", "identity.invitation.create", "identity.invitation.redeem"].map(rowsOf)
  const hired = ofKind(journal, "create user")
  for (const command of hired) {
    const address = `${command.key}@torture.test`
    mustStand(command, created?.get(address)?.length ?? 0, "audit row")
    mustStand(command, byAddress.get(address)?.length ?? 0, "user")
    mustStand(command, invited?.get(address)?.length ?? 0, "invitation")
  }
  for (const command of ofKind(journal, "invite"))
    mustStand(command, invited?.get(`${command.key}@torture.test`)?.length ?? 0, "invitation")
  for (const command of ofKind(journal, "join")) {
    const address = String(command.asked["email"])
    mustStand(command, joined?.get(address)?.length ?? 0, "audit row")
    mustStand(command, byAddress.get(address)?.length ?? 0, "user")
  }
  const meant = new Set([
    ...hired.map(({ key }) => `${key}@torture.test`),
    ...ofKind(journal, "join").map(({ asked }) => String(asked["email"])),
  ])
  for (const { id, email } of users) must(isOwner(email) || meant.has(email), () => `${id} (${email}) was neither hired nor invited`)
  return hired.length + ofKind(journal, "invite", "join").length
}

const actionOf = {
  "assign roles": "identity.role.assign",
  "disable user": "identity.user.disable",
  "enable user": "identity.user.enable",
} as const

/** What users are now is the last of their changes, each of which builds upon the one before and was asked for. */
export function changesOfPeopleStandOnce({ users, audits, events }: Books, journal: Journal): number {
  const rows = groupBy(
    audits.filter(({ entity }) => entity === "user"),
    (row) => row.entity_id,
  )
  const told = groupBy(
    events.filter(({ type }) => type.startsWith("user.")),
    ({ data }) => String(data["id"]),
  )
  const commands = groupBy(ofKind(journal, "assign roles", "disable user", "enable user"), ({ target }) => target)
  for (const user of users) {
    const trail = (rows.get(user.id) ?? []).sort((a, b) => Number(a.after?.["version"]) - Number(b.after?.["version"]))
    // Founders came before the run, and by another way.
    if (trail.length === 0) continue
    trail.forEach(({ before, after }, index) => {
      const previous = trail[index - 1]?.after ?? null
      must(
        after?.["version"] === index + 1 && JSON.stringify(before) === JSON.stringify(previous),
        () =>
          `${user.id}: change ${index + 1} made version ${String(after?.["version"])} of ${JSON.stringify(before)}, not of ${JSON.stringify(previous)}`,
      )
    })
    const last = trail.at(-1)?.after
    must(
      user.version === trail.length &&
        (user.is_active === 1) === last?.["is_active"] &&
        JSON.stringify(user.roles) === JSON.stringify(last["roles"]),
      () => `${user.id} stands as ${JSON.stringify(user)}, and its last change says ${JSON.stringify(last)}`,
    )
    must(
      told.get(user.id)?.length === trail.length,
      () => `${user.id} changed ${trail.length} times and has ${told.get(user.id)?.length} events`,
    )
    mustBeAskedFor(user.id, trail, commands.get(user.id) ?? [])
  }
  return [...commands.values()].flat().length
}

/** Other roles are a change each; disabling who is disabled, and enabling who is not, is none. */
function mustBeAskedFor(id: string, trail: readonly AuditRow[], commands: readonly Command[]): void {
  for (const [kind, action] of Object.entries(actionOf)) {
    const asked = commands.filter((command) => command.kind === kind)
    const done = asked.filter(({ outcome }) => outcome === "acknowledged").length
    const perhaps = asked.filter(({ outcome }) => outcome === "unknown").length
    const stand = trail.filter((row) => row.action === action).length
    must(
      stand <= done + perhaps && (stand >= done || kind !== "assign roles") && (stand > 0 || done === 0 || kind === "enable user"),
      () => `${id}: ${kind} was acknowledged ${done} times, unanswered ${perhaps} times, and stands ${stand} times`,
    )
  }
}

/** Who is disabled has no open session; and while the run lasted, no token was taken that was over. */
export function disabledPeopleAreOut({ users, sessions }: Books, journal: Journal): number {
  const disabled = new Set(users.filter(({ is_active: isActive }) => isActive === 0).map(({ id }) => id))
  for (const { id, user_id: userId, revoked_at: revokedAt } of sessions)
    must(!disabled.has(userId) || revokedAt !== null, () => `${userId} is disabled and the session ${id} is open`)
  const wasDisabled = new Map<string, boolean>(
    [...groupBy(ofKind(journal, "disable user", "enable user"), ({ target }) => target)].map(([id, commands]) => [
      id,
      commands.some(({ kind, outcome }) => kind === "disable user" && outcome === "acknowledged") &&
        !commands.some(({ kind, outcome }) => kind === "enable user" && outcome !== "refused"),
    ]),
  )
  for (const [id, isOut] of wasDisabled) must(!isOut || disabled.has(id), () => `${id} was disabled, as its owner was told, and is not`)
  return journal.counted(tokensTried.over)
}
