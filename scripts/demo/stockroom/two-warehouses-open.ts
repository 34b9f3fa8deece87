import { signsUp } from "../cast.ts"
import type { Chapter } from "../story.ts"
import type { Stockroom } from "./stockroom.ts"

export const twoWarehousesOpen: Chapter<Stockroom> = {
  title: "A supplier of medicines, with two warehouses",
  async tell(story) {
    story.supplier = await signsUp(story, "Alpine Pharma", "pharmacist", "supplier")
    story.buyer = await signsUp(story, "Valley Clinic", "clinic", "buyer")
    const link = await story.api.must("POST", "/links/request", {
      token: story.buyer.token,
      body: { supplier_id: story.supplier.organizationId },
    })
    await story.api.must("PUT", `/links/${link.text("id")}/status`, { token: story.supplier.token, body: { status: "APPROVED" } })
    const places = await story.api.get("/warehouses", { token: story.supplier.token })
    story.equal(
      "there is a main warehouse from the start",
      places.list("data").map((place) => place.text("code")),
      ["MAIN"],
    )
    story.mainId = places.text("data.0.id")
    const north = await story.api.post("/warehouses", {
      token: story.supplier.token,
      body: { code: "NORTH", name: "Northern depot", kind: "CFA_DEPOT" },
    })
    story.equal("a depot opens in the north", [north.status, north.at("kind")], [201, "CFA_DEPOT"])
    story.northId = north.text("id")
    const again = await story.api.post("/warehouses", {
      token: story.supplier.token,
      body: { code: "NORTH", name: "Another", kind: "STORE" },
    })
    story.refused("a second place of that code is refused", again, 409, "CONFLICT")
    story.equal(
      "to the clinic there are none",
      (await story.api.get("/warehouses", { token: story.buyer.token })).list("data").filter((place) => place.text("id") === story.northId)
        .length,
      0,
    )
  },
}
