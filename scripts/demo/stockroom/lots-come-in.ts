import type { Chapter } from "../story.ts"
import { inDays, type Stockroom } from "./stockroom.ts"

export const lotsComeIn: Chapter<Stockroom> = {
  title: "Two lots come in, and some goes north",
  async tell(story) {
    story.syrupId = (await story.product("SYRUP", "Cough syrup", { min_stock_level: 20 })).text("id")
    const receive = (lot_number: string, expires_on: string, quantity: number, warehouse_id: string, unit_cost: string) =>
      story.move({
        type: "IN",
        product_id: story.syrupId,
        quantity,
        warehouse_id,
        lot_number,
        expires_on,
        unit_cost,
        reference: `DN ${lot_number}`,
      })
    story.created("lot L-1 comes to the main warehouse", await receive("L-1", inDays(300), 50, story.mainId, "1.00"))
    story.created("lot L-2, which expires sooner, to the north", await receive("L-2", inDays(90), 30, story.northId, "2.00"))
    story.equal("both are where they came to", await story.levels(story.syrupId), ["MAIN L-1: 50", "NORTH L-2: 30"])
    const sent = await story.move({
      type: "TRANSFER",
      product_id: story.syrupId,
      quantity: 10,
      warehouse_id: story.mainId,
      to_warehouse_id: story.northId,
      lot_number: "L-1",
    })
    story.created("ten of the first are moved north", sent)
    story.equal("and are there", await story.levels(story.syrupId), ["MAIN L-1: 40", "NORTH L-1: 10", "NORTH L-2: 30"])
    const tooMany = await story.move({
      type: "OUT",
      product_id: story.syrupId,
      quantity: 11,
      warehouse_id: story.northId,
      lot_number: "L-1",
    })
    story.refused("eleven of them cannot leave", tooMany, 409, "STOCK_INSUFFICIENT")
    const half = await story.move({ type: "OUT", product_id: story.syrupId, quantity: 0.5, warehouse_id: story.northId, lot_number: "L-1" })
    story.refused("nor half a bottle", half, 422, "OFF_STEP")
    const value = await story.api.get("/inventory/value/total", { token: story.supplier.token })
    story.equal("eighty bottles are worth what they cost", JSON.stringify(value.body).includes('"110.00"'), true)
  },
}
