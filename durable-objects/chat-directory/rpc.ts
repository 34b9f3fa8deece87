import type { ConversationHead } from "../../src/domains/chat/rules.ts"
import type { ConversationId, OrganizationId, UserId } from "../../src/kernel/ids.ts"
import type { Instant } from "../../src/kernel/time.ts"
import type { Presence } from "../chat-room/client.ts"

/** A place in the list: the last conversation shown. */
export type HeadKey = { readonly lastAt: Instant; readonly id: ConversationId }

export type HeadPage = { readonly after: HeadKey | undefined; readonly rowsMax: number }

/** `at`: by the inbox's clock. */
export type Turn = { readonly turn: number; readonly isLive: boolean; readonly at: Instant }

/** The directory's methods as its client calls them. */
export type ChatDirectoryRpc = {
  /** A user's first socket opened or the last one closed; `turn` grows with each, so that what comes late changes nothing. */
  turn(orgId: OrganizationId, userId: UserId, news: Turn): Promise<void>
  /** Who is live now; the room hears of changes until the instant. */
  subscribe(orgId: OrganizationId, conversationId: ConversationId, until: Instant): Promise<Presence>
  head(head: ConversationHead): Promise<void>
  /** The organization's conversations, the last one written in first. */
  page(page: HeadPage): Promise<ConversationHead[]>
  byIds(ids: readonly ConversationId[]): Promise<ConversationHead[]>
}
