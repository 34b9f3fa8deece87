import { sha256 } from "../../kernel/digest.ts"
import {
  type ComplaintId,
  type ConversationId,
  derivedId,
  type FileId,
  isDerivedId,
  type LinkId,
  type MessageId,
  type OrganizationId,
  type ProductId,
  type UserId,
  withPrefix,
} from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { formatInstant, type Instant } from "../../kernel/time.ts"

/** Who speaks, as the Worker verified it. No client ever says it. */
export type ChatIdentity = { readonly userId: UserId; readonly orgId: OrganizationId; readonly name: string }

type ConversationKind = "link" | "colleagues"

/** A link's conversation has the link's own suffix, so that neither needs a lookup to find the other. */
export const conversationOfLink = (linkId: LinkId): ConversationId => withPrefix("cnv", linkId)

export const kindOf = (id: ConversationId): ConversationKind => (isDerivedId(id) ? "colleagues" : "link")

/** The link behind a conversation, or undefined where it is one of colleagues. */
export const linkOfConversation = (id: ConversationId): LinkId | undefined => (kindOf(id) === "link" ? withPrefix("lnk", id) : undefined)

/** The one conversation of a pair of colleagues, whichever of them asks. */
export async function conversationOfColleagues(orgId: OrganizationId, one: UserId, other: UserId): Promise<ConversationId> {
  return derivedId("cnv", await sha256(`waybill chat pair\0${orgId}\0${[one, other].sort().join("\0")}`))
}

/**
 * INV-CHT-2: a message's id follows from its conversation, its sender and the sender's own id for it, so that a repeat
 * is the same message, and what was attached to it before a fault is attached to it still.
 */
export async function messageIdOf(conversationId: ConversationId, senderId: UserId, clientId: string): Promise<MessageId> {
  return derivedId("msg", await sha256(`waybill chat message\0${conversationId}\0${senderId}\0${clientId}`))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Text as it is stored: NFC, line breaks as \n, no control characters but \n and \t; not escaped, since it is no HTML. */
export const cleanText = (text: string): string => text.replace(/\r\n?/g, "\n").replace(controls, "").toWellFormed().normalize("NFC")

/** What a room knows of its link, as the supplier's ledger puts it there; `version` grows with every change. */
export type LinkState = {
  readonly linkId: LinkId
  readonly supplier: Party
  readonly buyer: Party
  readonly isApproved: boolean
  readonly version: number
}

type Party = { readonly id: OrganizationId; readonly name: string }

/** A conversation as its room holds it. */
export type RoomFacts =
  | {
      readonly kind: "link"
      readonly id: ConversationId
      readonly parties: readonly [Party, Party]
      readonly isApproved: boolean
      readonly version: number
      /** When the link was approved for the first time; until then there is no conversation. */
      readonly openedAt: Instant | null
    }
  | {
      readonly kind: "colleagues"
      readonly id: ConversationId
      readonly orgId: OrganizationId
      readonly users: Pair
      readonly openedAt: Instant
    }

export type Pair = readonly [ChatPerson, ChatPerson]
type ChatPerson = { readonly id: UserId; readonly name: string }

/** INV-CHT-1: who a conversation exists for. For anybody else, and before a link was ever approved, there is none. */
export function takesPart(room: RoomFacts, by: ChatIdentity): boolean {
  if (room.openedAt === null) return false
  return room.kind === "link"
    ? room.parties.some(({ id }) => id === by.orgId)
    : room.orgId === by.orgId && room.users.some(({ id }) => id === by.userId)
}

/** INV-CHT-3: writing asks for more than reading: a link that is approved now. */
export const maySendIn = (room: RoomFacts): boolean => room.kind === "colleagues" || room.isApproved

/** A link's state over what the room has: undefined when it is no news. */
export function withLink(before: RoomFacts | undefined, state: LinkState, now: Instant): RoomFacts | undefined {
  if (before !== undefined && (before.kind !== "link" || before.version >= state.version)) return undefined
  return {
    kind: "link",
    id: conversationOfLink(state.linkId),
    parties: [state.supplier, state.buyer],
    isApproved: state.isApproved,
    version: state.version,
    openedAt: before?.openedAt ?? (state.isApproved ? now : null),
  }
}

export type Attachment = { readonly fileId: FileId; readonly name: string; readonly contentType: string }

export type MessageFacts = {
  readonly id: MessageId
  readonly conversationId: ConversationId
  /** The order of the conversation, from 1 on, without a gap. */
  readonly seq: number
  readonly senderId: UserId
  readonly senderOrgId: OrganizationId
  readonly senderName: string
  readonly recipientId: UserId | null
  readonly clientId: string | null
  readonly content: string
  readonly attachments: readonly Attachment[]
  readonly productIds: readonly ProductId[]
  readonly complaintId: ComplaintId | null
  readonly at: Instant
}

/** A conversation as lists show it to one organization, or to one of a pair. */
export type ConversationHead = {
  readonly id: ConversationId
  readonly kind: ConversationKind
  /** The other organization, or the colleague. */
  readonly counterpart: { readonly id: OrganizationId | UserId; readonly name: string }
  readonly maySend: boolean
  readonly version: number
  readonly lastSeq: number
  /** Of the last message; of the conversation's beginning where there is none. */
  readonly lastAt: Instant
  readonly lastMessage: MessageFacts | null
}

/** The heads of a conversation: one for each organization of a link, or for each of a pair. */
export function headsOf(
  room: RoomFacts,
  lastMessage: MessageFacts | null,
): Array<{ readonly holder: OrganizationId | UserId; readonly head: ConversationHead }> {
  if (room.openedAt === null) return []
  const shared = {
    id: room.id,
    kind: room.kind,
    maySend: maySendIn(room),
    version: room.kind === "link" ? room.version : 1,
    lastSeq: lastMessage?.seq ?? 0,
    lastAt: lastMessage?.at ?? room.openedAt,
    lastMessage,
  }
  const [one, other] = room.kind === "link" ? room.parties : room.users
  return [
    { holder: one.id, head: { ...shared, counterpart: { id: other.id, name: other.name } } },
    { holder: other.id, head: { ...shared, counterpart: { id: one.id, name: one.name } } },
  ]
}

/** Where a file's bytes are: a path that takes a bearer token, so that nothing in a stored message runs out or opens doors. */
const filePath = (id: FileId): string => `/api/v1/files/${id}/content`

/** A message on the wire, to one reader: `client_id` is for its sender alone. */
export function messageView(message: MessageFacts, reader: UserId | null) {
  const attachments = message.attachments.map(({ fileId, name, contentType }) => ({
    file_id: fileId,
    url: filePath(fileId),
    name,
    content_type: contentType,
  }))
  return {
    id: message.id,
    seq: message.seq,
    conversation_id: message.conversationId,
    sender_id: message.senderId,
    sender_name: message.senderName,
    sender_organization_id: message.senderOrgId,
    recipient_id: message.recipientId,
    content: message.content,
    attachments,
    attachment_url: attachments[0]?.url ?? null,
    product_ids: [...message.productIds],
    complaint_id: message.complaintId,
    ...(message.clientId !== null && reader === message.senderId ? { client_id: message.clientId } : {}),
    timestamp: formatInstant(message.at),
  }
}

/** Names in a canned reply that its writer fills in: `Dear {{buyer_name}}`. */
export const placeholdersIn = (content: string): string[] => [
  ...new Set([...content.matchAll(/\{\{\s*([a-z][a-z0-9_]{0,39})\s*\}\}/g)].map(([, name = ""]) => name)),
]

/** Braces that open a placeholder and are none. */
export const hasBrokenPlaceholder = (content: string): boolean =>
  /\{\{|\}\}/.test(content.replace(/\{\{\s*[a-z][a-z0-9_]{0,39}\s*\}\}/g, ""))

/** A user's allowance of frames: how many may be sent at once, refilled as time passes. */
export type Allowance = { readonly left: number; readonly at: Instant }

/** INV-CHT-8: what is left after frames that cost this much, or undefined where that is too many. */
export function spend(allowance: Allowance | undefined, cost: number, now: Instant): Allowance | undefined {
  const before = allowance ?? { left: limits.chatFramesBurst, at: now }
  const refilled = before.left + (Math.max(0, now - before.at) * limits.chatFramesPerSecond) / 1_000
  const left = Math.min(limits.chatFramesBurst, refilled) - cost
  return left < 0 ? undefined : { left, at: now }
}
