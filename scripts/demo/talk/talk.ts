import type { Answer } from "../../lib/api.ts"
import { nobody, type Person } from "../cast.ts"
import { Stage } from "../stage.ts"

/** A fishmonger's people, a restaurant's chef, what they have between them, and somebody who has no part in it. */
export class Talk extends Stage {
  owner: Person = nobody
  manager: Person = nobody
  rep: Person = nobody
  chef: Person = nobody
  stranger: Person = nobody
  linkId = ""
  orderId = ""
  orderNumber = ""
  conversationId = ""

  async link(status: string): Promise<void> {
    await this.api.must("PUT", `/links/${this.linkId}/status`, { token: this.owner.token, body: { status } })
  }

  setStatus(status: string): Promise<Answer> {
    return this.api.put(`/orders/${this.orderId}/status`, { token: this.owner.token, body: { status } })
  }

  /** The conversation as it stands in somebody's list. */
  async conversationOf({ token }: Person): Promise<Answer | undefined> {
    const page = await this.api.get("/chat/conversations", { token })
    return page.list("data").find((one) => one.text("id") === this.conversationId)
  }

  upload(purpose: string, name: string, bytes: Uint8Array<ArrayBuffer>, { token }: Person): Promise<Answer> {
    return this.api.upload(`/files?purpose=${purpose}&name=${name}`, { token, bytes })
  }
}
