import { signsUp } from "../cast.ts"
import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const peopleSignUp: Chapter<Trade> = {
  title: "A supplier and a restaurant sign up",
  async tell(story) {
    story.supplier = await signsUp(story, "Sunrise Produce", "owner", "supplier")
    story.buyer = await signsUp(story, "Little Trattoria", "chef", "buyer")
    const me = await story.api.get("/auth/me", { token: story.buyer.token })
    story.equal("the chef owns the restaurant's organization", me.at("roles"), ["owner"])
    story.equal("and it buys", me.at("organization.capabilities"), ["buyer"])
  },
}
