import type { OrganizationId } from "../../kernel/ids.ts"
import type { Instant } from "../../kernel/time.ts"
import type { Actor } from "../auth/actor.ts"
import type { Grant } from "../auth/authenticate.ts"
import type { Meter } from "../db/meter.ts"
import type { TenantDb } from "../db/tenant-db.ts"
import type { Origin, UnitOfWork } from "../db/unit-of-work.ts"
import type { Bindings, Config } from "../env.ts"
import type { Mailer } from "../mail/mailer.ts"

/** A mutation as the ledger knows it, so that a repeat gets the first answer and another request under the same key is refused. */
export type Command = {
  /** SHA-256 of organization, principal, method, path and Idempotency-Key; random where no key came. */
  readonly id: string
  /** HMAC of the request's body: bodies may hold passwords, so no bare digest of them is kept. Of a stream it is known once all was read. */
  requestHash: string
  readonly hasKey: boolean
}

/** What every handler gets; made anew for each request. */
export type PublicCtx = {
  readonly env: Bindings
  readonly config: Config
  readonly meter: Meter
  readonly now: Instant
  readonly requestId: string
  /** As it came, for what is no JSON: sockets, streams, bytes. */
  readonly request: Request
  readonly origin: Origin
  /** The request's own, for what the pipeline does not read itself: Accept, Last-Event-ID. */
  readonly headers: Headers
  /** Aborted when the client hangs up. */
  readonly signal: AbortSignal
  /** Where this API is reached from outside, without a trailing slash; empty where nobody trustworthy says. */
  readonly publicUrl: string
  readonly work: UnitOfWork
  readonly mailer: Mailer
  readonly command: Command
  /** Keeps the request alive for work that the answer does not wait for. */
  readonly defer: (work: Promise<unknown>) => void
  /** Answers' headers that are not the handler's own, such as `Waybill-Projection`. */
  readonly responseHeaders: Map<string, string>
}

/** What a signed-in handler gets: the above, and who acts, with the handle on that organization's rows. */
export type Ctx = PublicCtx & {
  readonly actor: Actor
  /** What the actor's rights rest on, for connections that outlive the request. */
  readonly grant: Grant
  readonly orgId: OrganizationId
  readonly db: TenantDb
  /** The version that If-Match asks for, where it came. */
  readonly ifMatch: number | undefined
}

/** What the handler of a route gets that a signed URL opened: the organization in whose name it reads, and nobody who acts. */
export type SignedCtx = PublicCtx & {
  readonly actor: undefined
  readonly orgId: OrganizationId
  readonly db: TenantDb
}
