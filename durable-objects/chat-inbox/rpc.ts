import type { ChatIdentity, ConversationHead, MessageFacts } from "../../src/domains/chat/rules.ts"
import type { ConversationId, OrganizationId, UserId } from "../../src/kernel/ids.ts"
import type { Result } from "../../src/kernel/result.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { HeadKey } from "../chat-directory/client.ts"

/** What the Worker verified of whoever opens a socket. */
export type SocketFacts = ChatIdentity & {
  /** `usr_…`, `ses_…`, `org_…`, `org_…/role`: a revocation of one of them ends the socket. */
  readonly subjects: readonly string[]
  readonly maySend: boolean
  readonly maySeeComplaints: boolean
  /** The token's. */
  readonly issuedAt: Instant
  readonly expiresAt: Instant
  /** Where this API was reached: files named by whole URLs must lie there. */
  readonly origin: string
}

/** Frames that are told once and never repeated. */
export type EphemeralFrame =
  | { readonly type: "read" | "delivered"; readonly conversation_id: ConversationId; readonly user_id: UserId; readonly up_to_seq: number }
  | { readonly type: "typing"; readonly conversation_id: ConversationId; readonly user_id: UserId; readonly name: string }
  | {
      readonly type: "presence"
      readonly conversation_id: ConversationId
      readonly user_id: UserId
      readonly status: "online" | "offline"
      readonly timestamp: string
    }

/** How far the inbox is in the conversation; `isDelivered` when a socket got it. */
export type Delivered = { readonly reachedSeq: number; readonly isLive: boolean; readonly isDelivered: boolean }

export type ConversationState = {
  readonly id: ConversationId
  readonly readSeq: number
  readonly lastSeq: number
  readonly lastMessage: MessageFacts | null
}

export type Overview = {
  /** Conversations with colleagues, the last one written in first. */
  readonly pairs: readonly ConversationHead[]
  /** What this user's inbox knows of the conversations asked about, and of the pairs. */
  readonly states: readonly ConversationState[]
}

/** The inbox's methods as its client calls them; sockets come by `fetch`. */
export type ChatInboxRpc = {
  /** `claims` is the Worker's own text, kept as it is. @returns false when the user has too many open tickets. */
  issueTicket(hash: string, claims: string, subjects: readonly string[], expiresAt: Instant): Promise<boolean>
  /** The claims, once. */
  redeemTicket(hash: string): Promise<string | undefined>
  /** Ends every socket and ticket that carries one of the subjects. */
  revoke(subjects: readonly string[]): Promise<void>
  deliver(messages: readonly MessageFacts[]): Promise<Delivered>
  notify(frames: readonly EphemeralFrame[]): Promise<void>
  /** A conversation with a colleague, as far as it is. */
  head(userId: UserId, orgId: OrganizationId, head: ConversationHead): Promise<void>
  overview(after: HeadKey | undefined, rowsMax: number, ids: readonly ConversationId[]): Promise<Overview>
  read(
    by: ChatIdentity,
    conversationId: ConversationId,
    upToSeq: number,
  ): Promise<Result<{ readonly upToSeq: number; readonly lastSeq: number }>>
}
