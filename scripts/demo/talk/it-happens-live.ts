import { Feed } from "../feed.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const itHappensLive: Chapter<Talk> = {
  title: "What happens shows as it happens",
  async tell(story) {
    const feed = await Feed.open(story.api, story.chef)
    story.atTheEnd(() => feed.close())
    const accepted = await story.setStatus("ACCEPTED")
    const at = Date.now()
    const event = await feed.hears((type, data) => type === "order.accepted" && orderIn(data) === story.orderId)
    story.equal("the supplier accepts", accepted.status, 200)
    story.equal("and the restaurant's screen knows within a second", Date.now() - at < 1_000, true)
    await feed.close()
    await story.setStatus("IN_DELIVERY")
    const resumed = await Feed.open(story.api, story.chef, event.id)
    story.atTheEnd(() => resumed.close())
    const missed = await resumed.hears((type) => type.startsWith("order."))
    story.equal("a screen that was off gets what it missed", missed.type, "order.in_delivery")
    await resumed.close()
  },
}

const orderIn = (data: unknown): unknown =>
  typeof data === "object" && data !== null
    ? ((data as { data?: { id?: unknown; order_id?: unknown } }).data?.order_id ?? (data as { data?: { id?: unknown } }).data?.id)
    : undefined
