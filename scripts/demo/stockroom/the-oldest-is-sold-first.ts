import type { Chapter } from "../story.ts"
import type { Stockroom } from "./stockroom.ts"

export const theOldestIsSoldFirst: Chapter<Stockroom> = {
  title: "What expires first is sold first",
  async tell(story) {
    story.orderId = (await story.order([{ product_id: story.syrupId, quantity: 35 }])).text("id")
    story.equal(
      "the clinic's thirty-five are accepted",
      (await story.status(story.supplier, story.orderId, { status: "ACCEPTED" })).status,
      200,
    )
    story.equal("all of L-2 went, then five of L-1", await story.levels(story.syrupId), ["MAIN L-1: 35", "NORTH L-1: 10"])
  },
}
