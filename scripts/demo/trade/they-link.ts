import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const theyLink: Chapter<Trade> = {
  title: "Nothing is for sale to strangers, so they link",
  async tell(story) {
    const before = await story.catalog()
    story.equal("without a link the restaurant's catalog is empty", before.at("data"), [])
    const found = await story.api.get(`/organizations/directory?q=Sunrise+Produce+${story.run}`, { token: story.buyer.token })
    story.equal("the directory knows the supplier", found.at("data.0.id"), story.supplier.organizationId)

    const link = await story.api.post("/links/request", {
      token: story.buyer.token,
      body: { supplier_id: story.supplier.organizationId, message: "Tomatoes for our sauce, twice a week." },
    })
    story.created("the restaurant asks for a link", link)
    story.equal("which is pending", link.at("status"), "PENDING")
    story.linkId = link.text("id")
    const again = await story.api.post("/links/request", { token: story.buyer.token, body: { supplier_id: story.supplier.organizationId } })
    story.refused("asking twice is refused", again, 409, "LINK_EXISTS")
    const early = await story.order(1)
    story.refused("ordering before the supplier has said yes is refused", early, 403, "LINK_NOT_APPROVED")
    const ownApproval = await story.decide(story.buyer.token, "APPROVED")
    story.refused("the restaurant cannot approve its own request", ownApproval, 409, "INVALID_TRANSITION")
    const approved = await story.decide(story.supplier.token, "APPROVED")
    story.equal("the supplier approves it", [approved.status, approved.at("status")], [200, "APPROVED"])
  },
}
