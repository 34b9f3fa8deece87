import type { Chapter } from "../story.ts"
import type { Stockroom } from "./stockroom.ts"

export const aLotIsRecalled: Chapter<Stockroom> = {
  title: "A lot is recalled",
  async tell(story) {
    const token = story.supplier.token
    const lot = `/inventory/lots/L-2`
    const trace = await story.api.get(`${lot}/trace?product_id=${story.syrupId}`, { token })
    story.equal("the lot is traced to the clinic's order", [trace.status, JSON.stringify(trace.body).includes(story.orderId)], [200, true])
    const recalled = await story.api.post(`${lot}/recall?product_id=${story.syrupId}`, { token, body: { reason: "Wrong label" } })
    story.equal(
      "it is recalled, and the clinic is on the list",
      [recalled.status, JSON.stringify(recalled.body).includes(story.buyer.organizationId)],
      [200, true],
    )
    const told = await story.eventually(async () => {
      const page = await story.api.get("/notifications", { token: story.buyer.token })
      return page.list("data").find((one) => one.text("type") === "lot.recall_received")
    })
    story.equal("the clinic is told", told?.text("type"), "lot.recall_received")
    const more = await story.move({ type: "IN", product_id: story.syrupId, quantity: 1, warehouse_id: story.northId, lot_number: "L-2" })
    story.refused("nothing more of it is taken in", more, 409, "CONFLICT")
    const stranger = await story.api.get(`${lot}/trace?product_id=${story.syrupId}`, { token: story.buyer.token })
    story.refused("to the clinic the supplier's books are closed", stranger, 404, "NOT_FOUND")
  },
}
