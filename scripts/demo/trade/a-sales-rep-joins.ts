import { addressOf, mailsTo, password } from "../cast.ts"
import type { Chapter } from "../story.ts"
import type { Trade } from "./trade.ts"

export const aSalesRepJoins: Chapter<Trade> = {
  title: "A sales rep joins by mail",
  async tell(story) {
    const email = addressOf(story, "rep")
    const invited = await story.api.post("/invitations", { token: story.supplier.token, body: { email, roles: ["sales_rep"] } })
    story.created("the supplier invites somebody", invited)
    const mails = await mailsTo(story, email)
    const invitation = mails[0]?.text("token") ?? ""
    story.equal("a mail with a token arrives", [mails.length, invitation !== ""], [1, true])
    const joined = await story.api.post("/auth/register", { body: { invitation_token: invitation, password, full_name: "Rita Rep" } })
    story.equal("Rita joins with it, as a sales rep", [joined.status, joined.at("user.roles")], [201, ["sales_rep"]])
    const again = await story.api.post("/auth/register", { body: { invitation_token: invitation, password } })
    story.refused("the token works once", again, 401, "TOKEN_EXPIRED")
    const signedIn = await story.api.post("/auth/token", { body: { email, password } })
    story.equal("she signs in", signedIn.status, 200)
    const token = signedIn.text("access_token")
    const orders = await story.api.get("/orders/my-orders", { token })
    story.equal("and sees the company's orders", [orders.status, orders.list("data").length > 0], [200, true])
    const edit = await story.api.patch(`/products/${story.tomatoesId}`, { token, body: { price: "0.01" } })
    story.refused("but cannot edit a product", edit, 403, "FORBIDDEN")
  },
}
