import { isAck, isMessage, Phone } from "../phone.ts"
import { photo } from "../photo.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const aPhotoIsSent: Chapter<Talk> = {
  title: "A photo of the cod",
  async tell(story) {
    const file = await story.upload("chat_attachment", "cod.png", photo, story.chef)
    story.created("the chef uploads it", file)
    story.equal("its type is found from what it holds", [file.at("content_type"), file.at("size_bytes")], ["image/png", photo.byteLength])
    const forged = await story.upload("chat_attachment", "cod.png", new Uint8Array(Buffer.from("<svg onload='alert(1)'/>")), story.chef)
    story.equal("something else by that name is refused", forged.status, 415)
    const early = await story.api.get(`/files/${file.text("id")}`, { token: story.rep.token })
    story.refused("before it is sent nobody else sees it", early, 404, "NOT_FOUND")
    const chef = await Phone.open(story.api, story.chef)
    const rep = await Phone.open(story.api, story.rep)
    chef.send({
      client_id: "photo",
      conversation_id: story.conversationId,
      content: "This one.",
      attachment_ids: [file.text("id")],
    })
    await chef.hears(isAck("photo"))
    const heard = await rep.hears(isMessage("This one."))
    const [attached] = heard["attachments"] as Array<{ file_id: string; name: string }>
    story.equal("the rep gets the message with it", [attached?.file_id, attached?.name], [file.text("id"), "cod.png"])
    const meta = await story.api.get(`/files/${file.text("id")}`, { token: story.rep.token })
    story.equal("and may see it now", meta.status, 200)
    const bytes = await fetch(new URL(meta.text("url"), story.api.base))
    story.equal(
      "by a signed address that lasts a while",
      [
        bytes.status,
        bytes.headers.get("content-type"),
        bytes.headers.get("x-content-type-options"),
        (await bytes.arrayBuffer()).byteLength,
      ],
      [200, "image/png", "nosniff", photo.byteLength],
    )
    const altered = await fetch(new URL(meta.text("url").replace(file.text("id"), "fil_01jd8x2y3zf4g5h6j7k8m9n0pq"), story.api.base))
    await altered.body?.cancel()
    story.equal("and for nothing else", altered.status >= 400 && altered.status < 500, true)
    const stranger = await story.api.get(`/files/${file.text("id")}`, { token: story.stranger.token })
    story.refused("to a stranger there is no such file", stranger, 404, "NOT_FOUND")
    await chef.hangsUp()
    await rep.hangsUp()
  },
}
