import type { Answer } from "../../lib/api.ts"
import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const sessionsAreGuarded: Chapter<Trade> = {
  title: "A stolen refresh token",
  async tell(story) {
    const spend = (token: string): Promise<Answer> => story.api.post("/auth/refresh", { body: { refresh_token: token } })
    const first = await spend(story.buyer.refreshToken)
    story.equal("a refresh token gets a new pair", [first.status, first.text("refresh_token") !== story.buyer.refreshToken], [200, true])
    story.refused("used again, it gives the theft away", await spend(story.buyer.refreshToken), 401, "TOKEN_REUSED")
    const next = await spend(first.text("refresh_token"))
    story.equal("and ends the session for both who hold it", next.status, 401)
    const me = await story.api.get("/auth/me", { token: first.text("access_token") })
    story.equal("at once", me.status, 401)
  },
}
