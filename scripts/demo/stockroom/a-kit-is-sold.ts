import type { Chapter } from "../story.ts"
import type { Stockroom } from "./stockroom.ts"

export const aKitIsSold: Chapter<Stockroom> = {
  title: "A kit: built when it is sold",
  async tell(story) {
    const token = story.supplier.token
    story.boxId = (await story.product("BOX", "First-aid box", { stock_quantity: 10 })).text("id")
    story.leafletId = (await story.product("LEAFLET", "Leaflet", { stock_quantity: 100 })).text("id")
    story.kitId = (await story.product("KIT", "First-aid kit", { price: "19.00" })).text("id")
    for (const [child_id, quantity] of [
      [story.boxId, 1],
      [story.leafletId, 3],
    ] as const)
      story.created(
        `it holds ${quantity} of these`,
        await story.api.post("/bundles", { token, body: { parent_id: story.kitId, child_id, quantity } }),
      )
    const circle = await story.api.post("/bundles", { token, body: { parent_id: story.boxId, child_id: story.kitId, quantity: 1 } })
    story.refused("a kit in its own box is refused", circle, 409, "CONFLICT")
    const availability = await story.api.get(`/bundles/parent/${story.kitId}/availability`, { token })
    story.equal("ten can be built, for want of boxes", [availability.number("buildable"), availability.text("limiting.sku")], [10, "BOX"])
    const order = (await story.order([{ product_id: story.kitId, quantity: 4 }])).text("id")
    story.equal("four are sold", (await story.status(story.supplier, order, { status: "ACCEPTED" })).status, 200)
    story.equal(
      "four boxes and twelve leaflets are gone",
      [await story.levels(story.boxId), await story.levels(story.leafletId)],
      [["MAIN -: 6"], ["MAIN -: 88"]],
    )
    story.equal("the clinic thinks again", (await story.status(story.buyer, order, { status: "CANCELLED" })).status, 200)
    story.equal(
      "and all is back",
      [await story.levels(story.boxId), await story.levels(story.leafletId)],
      [["MAIN -: 10"], ["MAIN -: 100"]],
    )
  },
}
