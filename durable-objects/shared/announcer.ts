import type { OrganizationId } from "../../src/kernel/ids.ts"

/**
 * Tells of organizations that have new events, one call under way at a time: what comes meanwhile goes together in the
 * next, so that a busy object makes few calls. Nothing of it is kept: what an object forgets with its memory, the sweep finds.
 */
export class Announcer {
  readonly #tell: (orgIds: readonly OrganizationId[]) => Promise<void>
  readonly #waiting = new Set<OrganizationId>()
  #running: Promise<void> | undefined

  /** `tell` does not throw. */
  constructor(tell: (orgIds: readonly OrganizationId[]) => Promise<void>) {
    this.#tell = tell
  }

  announce(orgIds: readonly OrganizationId[]): Promise<void> {
    for (const orgId of orgIds) this.#waiting.add(orgId)
    this.#running ??= this.#run()
    return this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        const orgIds = [...this.#waiting]
        this.#waiting.clear()
        await this.#tell(orgIds)
      }
    } finally {
      this.#running = undefined
    }
  }
}
