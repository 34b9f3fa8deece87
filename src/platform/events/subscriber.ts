import type { EventId, OrganizationId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Permission } from "../auth/permissions.ts"
import type { Statement } from "../db/executor.ts"
import type { Meter } from "../db/meter.ts"
import type { Bindings } from "../env.ts"

/** An event as whoever is told of it gets it: one organization's row of `events`. */
export type StoredEvent = {
  readonly seq: number
  readonly id: EventId
  readonly orgId: OrganizationId
  readonly type: string
  /** Who of the organization may see it. */
  readonly permission: Permission
  /** The user or API key whose act it was; null for the system's own. Of another organization, perhaps. */
  readonly actorId: string | null
  readonly data: unknown
  readonly at: Instant
}

/**
 * Somebody who does something about events. The queue's consumer asks each for its statements about one organization's
 * events and commits all of them in one batch with the mark that the events were handed out. So they are written
 * together or not at all; since a batch may be tried again after it was committed unheard, a statement does no harm when
 * it comes twice (rows keyed by the event's id, INSERT … ON CONFLICT DO NOTHING).
 */
export type Subscriber = {
  readonly name: string
  /** Statements about these events, all of one organization, oldest first. May read; writes nothing itself. */
  plan(env: Bindings, meter: Meter, events: readonly StoredEvent[], now: Instant): Promise<readonly Statement[]>
  /** Once they are committed: wakes whatever works them off (a queue message), best effort. */
  afterwards?(env: Bindings, events: readonly StoredEvent[]): Promise<void>
}
