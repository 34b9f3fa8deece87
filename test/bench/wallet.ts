import { newId, type OrganizationId, withPrefix } from "../../src/kernel/ids.ts"
import { type SigningKey, signAccessToken } from "../../src/platform/auth/access-token.ts"

/** Access tokens live fifteen minutes; a run may be longer. */
const renewAfterMs = 5 * 60_000

/**
 * Access tokens of the organizations that a run acts for. They are signed here with the server's own key: no row stands
 * behind an access token, so no sign-in is spent on them.
 */
export class Wallet {
  readonly #keys: readonly SigningKey[]
  readonly #roles = new Map<OrganizationId, readonly string[]>()
  readonly #tokens = new Map<OrganizationId, string>()
  #signedAt = Date.now()

  constructor(keys: readonly SigningKey[]) {
    this.#keys = keys
  }

  async add(orgId: OrganizationId, roles: readonly string[] = ["owner"]): Promise<string> {
    this.#roles.set(orgId, roles)
    const token = await this.#sign(orgId, roles)
    this.#tokens.set(orgId, token)
    return token
  }

  of(orgId: OrganizationId): string {
    const token = this.#tokens.get(orgId)
    if (token === undefined) throw new Error(`no token was made for ${orgId}`)
    return token
  }

  /** Signs all of them anew once they have some age: called between measurements, never during one. */
  async renew(): Promise<void> {
    const now = Date.now()
    if (now - this.#signedAt < renewAfterMs) return
    for (const [orgId, roles] of this.#roles) this.#tokens.set(orgId, await this.#sign(orgId, roles))
    this.#signedAt = now
  }

  #sign(orgId: OrganizationId, roles: readonly string[]): Promise<string> {
    const now = Date.now()
    return signAccessToken(
      this.#keys,
      {
        // The same person in every run: who uploaded a file reads it, and a conversation has so many people at most.
        userId: withPrefix("usr", orgId),
        orgId,
        orgSlug: "bench",
        sessionId: newId("ses", now),
        name: "Bench",
        roles,
        customPermissions: [],
        isReadOnly: false,
      },
      now,
    )
  }
}
