/** Names of members that hold secrets: null in replays, absent from audit rows, forbidden in logs. */
const secretMembers = [
  "access_token",
  "refresh_token",
  "token",
  "ticket",
  "secret",
  "password",
  "new_password",
  "current_password",
] as const

export type SecretMember = (typeof secretMembers)[number]

const isSecret = (name: string): name is SecretMember => (secretMembers as readonly string[]).includes(name)

/** A deep copy of plain JSON in which every secret member is null. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (value === null || typeof value !== "object") return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, isSecret(name) ? null : withoutSecrets(member)]))
}
