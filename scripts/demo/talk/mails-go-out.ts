import { mailsTo } from "../cast.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const mailsGoOut: Chapter<Talk> = {
  title: "Who should know is told",
  async tell(story) {
    const mail = await story.eventually(async () => {
      const mails = await mailsTo(story, story.chef.email)
      return mails.find((one) => one.text("subject").includes(story.orderNumber))
    })
    story.equal(
      "the chef has a mail about the order, in words and in HTML",
      [mail?.text("text") !== "", mail?.text("html") !== ""],
      [true, true],
    )
    const notes = await story.eventually(async () => {
      const page = await story.api.get("/notifications", { token: story.chef.token })
      return page.list("data").length > 0 ? page : undefined
    })
    story.equal("and notifications that are not read yet", (notes?.number("unread_count") ?? 0) > 0, true)
    const [first] = notes?.list("data") ?? []
    const read = await story.api.post(`/notifications/${first?.text("id") ?? ""}/read`, { token: story.chef.token })
    story.equal("one is read", read.status < 300, true)
    const own = await mailsTo(story, story.owner.email)
    story.equal(
      "the supplier's owner, who accepted it, has no mail about that",
      own.filter((one) => /accepted/i.test(one.text("subject"))).length,
      0,
    )
  },
}
