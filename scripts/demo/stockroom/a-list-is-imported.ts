import type { Chapter } from "../story.ts"
import type { Stockroom } from "./stockroom.ts"

const list = `sku,name,price,stock_quantity
PLASTER,"Plasters, assorted",2.50,200
GAUZE,Gauze,1.20,300
BAD,No price,,1
`

export const aListIsImported: Chapter<Stockroom> = {
  title: "A list of products from a file",
  async tell(story) {
    const token = story.supplier.token
    const started = await story.api.upload("/products/import", {
      token,
      bytes: Uint8Array.from(new TextEncoder().encode(list)),
      contentType: "text/csv",
    })
    story.equal("the file is taken", [started.status === 201 || started.status === 202, started.at("code")], [true, undefined])
    const job = await story.eventually(async () => {
      const now = await story.api.get(`/jobs/${started.text("id")}`, { token })
      return now.text("status") === "DONE" ? now : undefined
    })
    story.equal("two of three rows are in", [job?.at("total"), job?.at("done"), job?.at("failed")], [3, 2, 1])
    story.equal("and a file says why one is not", job?.text("errors_file_id").startsWith("fil_"), true)
    const found = await story.api.get("/products/catalog?q=plasters", { token: story.buyer.token })
    story.equal("the clinic finds the plasters", found.text("data.0.sku"), "PLASTER")
  },
}
