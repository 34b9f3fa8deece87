import type { Attachment, ChatIdentity, LinkState, MessageFacts, RoomFacts } from "../../src/domains/chat/rules.ts"
import type { ComplaintId, MessageId, OrganizationId, ProductId, UserId } from "../../src/kernel/ids.ts"
import type { Result } from "../../src/kernel/result.ts"
import type { Instant } from "../../src/kernel/time.ts"

export type SendMessage = {
  /** Follows from the conversation, the sender and the client's id: a repeat is the same message. */
  readonly id: MessageId
  readonly by: ChatIdentity
  readonly clientId: string | null
  readonly recipientId: UserId | null
  readonly content: string
  readonly attachments: readonly Attachment[]
  readonly productIds: readonly ProductId[]
  readonly complaintId: ComplaintId | null
  /** The last message the sender's inbox has; what came since comes back with the answer. Undefined: it follows nothing yet. */
  readonly knownSeq: number | undefined
}

/** `since`: what the sender's inbox lacks up to and with this message, in order; empty where it lacks nothing or too much. */
export type Sent = { readonly id: MessageId; readonly seq: number; readonly since: readonly MessageFacts[] }

export type Mark = { readonly userId: UserId; readonly readSeq: number; readonly deliveredSeq: number }

export type Resumed = {
  readonly messages: readonly MessageFacts[]
  readonly lastSeq: number
  readonly readSeq: number
  readonly marks: readonly Mark[]
}

export type History = { readonly messages: readonly MessageFacts[] }

type LiveUser = { readonly id: UserId; readonly since: Instant }

/** Who of an organization has a socket open, as its directory knows; the newest version stands. */
export type Presence = { readonly orgId: OrganizationId; readonly version: number; readonly users: readonly LiveUser[] }

/** Who reads a conversation beside its writer's organization: the two of a pair alone, or another organization too. */
export type Readers = { readonly users: readonly UserId[] | null; readonly partnerId: OrganizationId | null }

/** The room's methods as its client calls them. They return refusals and throw only for bugs. */
export type ChatRoomRpc = {
  setLink(state: LinkState): Promise<void>
  openPair(facts: RoomFacts): Promise<void>
  /** Whether this person's message would be taken now, or was already, and who reads it. */
  mayWrite(by: ChatIdentity, id: MessageId): Promise<Result<Readers>>
  has(id: MessageId): Promise<boolean>
  send(message: SendMessage): Promise<Result<Sent>>
  resume(by: ChatIdentity, after: number): Promise<Result<Resumed>>
  /** Newest first, before a sequence number. */
  history(by: ChatIdentity, before: number | undefined, rowsMax: number): Promise<Result<History>>
  /** The mark as it is then: it never goes back. */
  read(by: ChatIdentity, upToSeq: number): Promise<Result<{ readonly upToSeq: number; readonly lastSeq: number }>>
  typing(by: ChatIdentity): Promise<Result<null>>
  presence(news: Presence): Promise<void>
}
