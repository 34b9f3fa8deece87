import { conversationOfLink, type LinkState } from "../../src/domains/chat/rules.ts"
import type { LinkFacts } from "../../src/domains/partners/rules.ts"
import type { LinkId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import { describeError, log } from "../../src/platform/log/log.ts"
import type { ChatRoomRpc } from "../chat-room/client.ts"

type Ports = {
  readonly sql: SqlStorage
  readonly link: (id: LinkId) => LinkFacts | undefined
  readonly call: (conversationId: ReturnType<typeof conversationOfLink>, use: (room: ChatRoomRpc) => Promise<void>) => Promise<void>
  readonly transaction: <T>(work: () => T) => T
}

/** Rooms told at once. */
const toldAtOnceMax = 20

const stateOf = (link: LinkFacts): LinkState => ({
  linkId: link.id,
  supplier: { id: link.supplierId, name: link.supplierName },
  buyer: { id: link.buyerId, name: link.buyerName },
  isApproved: link.status === "APPROVED",
  version: link.seq,
})

/**
 * INV-LED-3: what the chat's rooms have yet to hear of their links: a dirty set, written in the transaction of the change
 * itself. A room is told the link as it is by then, with the seq by which it knows old news from new.
 */
export class RoomNews {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  touch(id: LinkId, seq: number): void {
    this.#ports.sql.exec("INSERT INTO room_news (link_id, seq) VALUES (?1, ?2) ON CONFLICT (link_id) DO UPDATE SET seq = ?2", id, seq)
  }

  get isWaiting(): boolean {
    return this.#ports.sql.exec("SELECT 1 FROM room_news LIMIT 1").toArray().length > 0
  }

  /** Tells a bounded number of rooms. @returns how many heard, and whether all that waited did. */
  async tell(): Promise<{ readonly told: number; readonly isDone: boolean }> {
    const { sql, link: linkOf, call, transaction } = this.#ports
    const waiting = sql.exec<{ link_id: LinkId }>("SELECT link_id FROM room_news ORDER BY seq LIMIT ?", toldAtOnceMax).toArray()
    const heard = await Promise.all(
      waiting.map(async ({ link_id }) => {
        const link = linkOf(link_id)
        try {
          if (link !== undefined) await call(conversationOfLink(link.id), (room) => room.setLink(stateOf(link)))
          transaction(() => sql.exec("DELETE FROM room_news WHERE link_id = ? AND seq <= ?", link_id, link?.seq ?? Number.MAX_SAFE_INTEGER))
          return true
        } catch (error) {
          log.warn("a chat room did not hear of its link", { link: link_id, error: describeError(error) })
          return false
        }
      }),
    )
    return { told: heard.length, isDone: heard.every(Boolean) && !this.isWaiting }
  }

  /** When to try again. */
  readonly retryMs = limits.chatRetryMs
}
