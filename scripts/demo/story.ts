import { randomUUID } from "node:crypto"
import type { Answer, Api, CallOptions } from "../lib/api.ts"
import type { Checks } from "./checks.ts"

/** Two companies that have never met, the goods they trade and the people who do it: made anew by every telling. */
type Firm = { readonly id: string; readonly token: string; readonly refreshToken: string }

const password = "tomatoes-by-the-crate"

/** The first story: two strangers sign up, link, trade, change their minds, and a third sees nothing of it. What it verified, in words. */
export async function tellStory(api: Api, checks: Checks): Promise<string> {
  if ((await api.get("./dev/mail?to=nobody@waybill.test")).status === 404) {
    throw new Error(`${api.base} is not a development server: the story reads mail at /dev/mail`)
  }
  const run = randomUUID().slice(0, 8)
  const story = new Story(api, checks, run)
  await story.peopleSignUp()
  await story.theyLink()
  await story.goodsAreListed()
  await story.anOrderIsAccepted()
  await story.anOrderIsCancelled()
  await story.stockRunsShort()
  await story.pricesChange()
  await story.strangersSeeNothing()
  await story.aSalesRepJoins()
  await story.theLogTells()
  await story.sessionsAreGuarded()
  return "sign-up, links, catalog and search, minimums, prices kept, stock out and back, retries, stale edits, tenancy, roles, invitations, the audit log, refresh rotation"
}

class Story {
  readonly #api: Api
  readonly #checks: Checks
  readonly #run: string
  #supplier: Firm = nobody
  #buyer: Firm = nobody
  #linkId = ""
  #tomatoesId = ""
  #orderId = ""

  constructor(api: Api, checks: Checks, run: string) {
    this.#api = api
    this.#checks = checks
    this.#run = run
  }

  async peopleSignUp(): Promise<void> {
    this.#checks.chapter("1. A supplier and a restaurant sign up")
    this.#supplier = await this.#signUp("Sunrise Produce", "owner", "supplier")
    this.#buyer = await this.#signUp("Little Trattoria", "chef", "buyer")
    const me = await this.#api.get("/auth/me", { token: this.#buyer.token })
    this.#checks.equal("the chef owns the restaurant's organization", me.at("roles"), ["owner"])
    this.#checks.equal("and it buys", me.at("organization.capabilities"), ["buyer"])
  }

  async theyLink(): Promise<void> {
    this.#checks.chapter("2. Nothing is for sale to strangers, so they link")
    const before = await this.#catalog("")
    this.#checks.equal("without a link the restaurant's catalog is empty", before.at("data"), [])
    const found = await this.#api.get(`/organizations/directory?q=Sunrise+Produce+${this.#run}`, { token: this.#buyer.token })
    this.#checks.equal("the directory knows the supplier", found.at("data.0.id"), this.#supplier.id)

    const link = await this.#api.post("/links/request", {
      token: this.#buyer.token,
      body: { supplier_id: this.#supplier.id, message: "Tomatoes for our sauce, twice a week." },
    })
    this.#created("the restaurant asks for a link", link)
    this.#checks.equal("which is pending", link.at("status"), "PENDING")
    this.#linkId = link.text("id")
    const again = await this.#api.post("/links/request", { token: this.#buyer.token, body: { supplier_id: this.#supplier.id } })
    this.#refused("asking twice is refused", again, 409, "LINK_EXISTS")
    const early = await this.#order(1)
    this.#refused("ordering before the supplier has said yes is refused", early, 403, "LINK_NOT_APPROVED")
    const ownApproval = await this.#decide(this.#buyer.token, "APPROVED")
    this.#refused("the restaurant cannot approve its own request", ownApproval, 409, "INVALID_TRANSITION")
    const approved = await this.#decide(this.#supplier.token, "APPROVED")
    this.#checks.equal("the supplier approves it", [approved.status, approved.at("status")], [200, "APPROVED"])
  }

  async goodsAreListed(): Promise<void> {
    this.#checks.chapter("3. The supplier lists tomatoes, and the restaurant finds them")
    const product = await this.#api.post("/products", {
      token: this.#supplier.token,
      body: {
        name: "Organic Tomatoes",
        sku: "TOM-001",
        price: 5.99,
        unit: "kg",
        category: "Vegetables",
        stock_quantity: 100,
        min_order_qty: 10,
      },
    })
    this.#created("Organic Tomatoes, TOM-001, 5.99 a kilo, 100 in stock, from 10 on", product)
    this.#tomatoesId = product.text("id")
    this.#checks.equal("the price is kept as a decimal", product.at("price"), "5.99")
    const twice = await this.#api.post("/products", {
      token: this.#supplier.token,
      body: { name: "Others", sku: "TOM-001", price: "1.00" },
    })
    this.#refused("a second product of that SKU is refused", twice, 409, "CONFLICT")

    const seen = await this.#catalog("")
    this.#checks.equal("the restaurant's catalog shows it", namesOf(seen), ["Organic Tomatoes"])
    this.#checks.equal(
      "as in stock, without saying how much",
      [seen.at("data.0.availability"), seen.at("data.0.stock_quantity")],
      ["IN_STOCK", undefined],
    )
    this.#checks.equal("a search for 'organ tom' finds it", namesOf(await this.#catalog("?q=organ+tom")), ["Organic Tomatoes"])
    this.#checks.equal("a search for cheese does not", namesOf(await this.#catalog("?q=cheese")), [])
  }

  async anOrderIsAccepted(): Promise<void> {
    this.#checks.chapter("4. An order: placed, accepted, delivered, completed")
    this.#refused("nine kilos are below the minimum", await this.#order(9), 422, "BELOW_MINIMUM")
    const key = randomUUID()
    const order = await this.#order(20, { "idempotency-key": key })
    this.#created("twenty kilos are ordered", order)
    this.#orderId = order.text("id")
    this.#checks.equal(
      "for 119.80, pending, as the supplier's SO-00001",
      [order.at("total_amount"), order.at("status"), order.at("number")],
      ["119.80", "PENDING", "SO-00001"],
    )
    const replayed = await this.#order(20, { "idempotency-key": key })
    this.#checks.equal(
      "the same request under the same Idempotency-Key is the same order",
      [replayed.status, replayed.at("id")],
      [201, this.#orderId],
    )
    const other = await this.#order(30, { "idempotency-key": key })
    this.#refused("another request under that key is refused", other, 409, "IDEMPOTENCY_KEY_REUSED")
    this.#checks.equal(
      "so there is one order",
      (await this.#api.get("/orders/my-orders", { token: this.#buyer.token })).list("data").length,
      1,
    )

    this.#checks.equal("no stock has moved yet", await this.#stock(), 100)
    await this.#move("the supplier accepts", this.#supplier, "ACCEPTED")
    this.#checks.equal("and the stock goes from 100 to 80", await this.#stock(), 80)
    const twice = await this.#setStatus(this.#supplier, "ACCEPTED")
    this.#refused("accepting twice is refused", twice, 409, "INVALID_TRANSITION")
    this.#checks.equal(
      "and says where the order can go",
      [twice.at("current"), twice.at("allowed")],
      ["ACCEPTED", ["IN_DELIVERY", "CANCELLED"]],
    )
    await this.#move("it is sent out", this.#supplier, "IN_DELIVERY")
    await this.#move("the restaurant says it has arrived", this.#buyer, "COMPLETED")
    const done = await this.#api.get(`/orders/${this.#orderId}`, { token: this.#buyer.token })
    this.#checks.equal(
      "the order's history has every step",
      done.list("history").map((step) => step.text("to")),
      ["PENDING", "ACCEPTED", "IN_DELIVERY", "COMPLETED"],
    )
    this.#checks.equal("and nothing more has left the stock", await this.#stock(), 80)
  }

  async anOrderIsCancelled(): Promise<void> {
    this.#checks.chapter("5. A change of mind")
    const order = await this.#order(35)
    this.#created("thirty-five kilos are ordered", order)
    await this.#move("and accepted", this.#supplier, "ACCEPTED", order.text("id"))
    this.#checks.equal("so 45 are left", await this.#stock(), 45)
    await this.#move("the restaurant cancels", this.#buyer, "CANCELLED", order.text("id"))
    this.#checks.equal("and exactly 35 come back", await this.#stock(), 80)
    const again = await this.#setStatus(this.#buyer, "CANCELLED", order.text("id"))
    this.#refused("it cannot be cancelled twice", again, 409, "INVALID_TRANSITION")
    this.#checks.equal("and the stock stays at 80", await this.#stock(), 80)
  }

  async stockRunsShort(): Promise<void> {
    this.#checks.chapter("6. More than there is")
    const order = await this.#order(90)
    this.#created("ninety kilos can be ordered, since stock is looked at on acceptance", order)
    const refused = await this.#setStatus(this.#supplier, "ACCEPTED", order.text("id"))
    this.#refused("accepting them is refused", refused, 409, "STOCK_INSUFFICIENT")
    this.#checks.equal("and the short line is named", refused.at("shortages"), [
      { product_id: this.#tomatoesId, sku: "TOM-001", asked: 90, available: 80 },
    ])
    const still = await this.#api.get(`/orders/${order.text("id")}`, { token: this.#supplier.token })
    this.#checks.equal("the order waits and the stock is whole", [still.at("status"), await this.#stock()], ["PENDING", 80])
    await this.#move("the supplier turns it down", this.#supplier, "REJECTED", order.text("id"))
  }

  async pricesChange(): Promise<void> {
    this.#checks.chapter("7. A new price")
    const path = `/products/${this.#tomatoesId}`
    const etag = (await this.#api.get(path, { token: this.#supplier.token })).headers.get("etag") ?? ""
    const changed = await this.#api.patch(path, { token: this.#supplier.token, body: { price: "6.49" }, headers: { "if-match": etag } })
    this.#checks.equal("tomatoes cost 6.49 from now on", [changed.status, changed.at("price")], [200, "6.49"])
    const stale = await this.#api.patch(path, { token: this.#supplier.token, body: { price: "7.00" }, headers: { "if-match": etag } })
    this.#refused("an edit that has not seen it is refused", stale, 412, "VERSION_MISMATCH")
    const old = await this.#api.get(`/orders/${this.#orderId}`, { token: this.#buyer.token })
    this.#checks.equal(
      "the first order keeps its price",
      [old.at("items.0.unit_price_at_time"), old.at("total_amount")],
      ["5.99", "119.80"],
    )
    const expecting = await this.#api.post(`/orders/${this.#orderId}/reorder`, {
      token: this.#buyer.token,
      body: { expected_total: "119.80" },
    })
    this.#refused("ordering it again for the old total is refused", expecting, 409, "PRICE_CHANGED")
    const again = await this.#api.post(`/orders/${this.#orderId}/reorder`, { token: this.#buyer.token })
    this.#created("ordering it again works", again)
    this.#checks.equal("at today's price", [again.at("items.0.unit_price_at_time"), again.at("total_amount")], ["6.49", "129.80"])
  }

  async strangersSeeNothing(): Promise<void> {
    this.#checks.chapter("8. A third company")
    const { token } = await this.#signUp("Nosy Neighbour", "eve", "buyer")
    this.#refused("to it the order does not exist", await this.#api.get(`/orders/${this.#orderId}`, { token }), 404, "NOT_FOUND")
    this.#refused("nor the product", await this.#api.get(`/products/${this.#tomatoesId}`, { token }), 404, "NOT_FOUND")
    this.#refused("nor the link", await this.#api.get(`/links/${this.#linkId}`, { token }), 404, "NOT_FOUND")
    const cancel = await this.#api.put(`/orders/${this.#orderId}/status`, { token, body: { status: "CANCELLED" } })
    this.#refused("and it cannot cancel what it cannot see", cancel, 404, "NOT_FOUND")
    const own = await this.#api.get("/products/catalog", { token })
    this.#checks.equal("its catalog is empty", own.at("data"), [])
    const disguised = await this.#api.get("/orders/my-orders", { token, headers: { "x-tenant-id": this.#supplier.id } })
    this.#refused("naming the supplier's organization does not help", disguised, 403, "TENANT_MISMATCH")
  }

  async aSalesRepJoins(): Promise<void> {
    this.#checks.chapter("9. A sales rep joins by mail")
    const email = `rep-${this.#run}@demo.waybill.test`
    const invited = await this.#api.post("/invitations", { token: this.#supplier.token, body: { email, roles: ["sales_rep"] } })
    this.#created("the supplier invites somebody", invited)
    const mail = await this.#api.get(`./dev/mail?to=${encodeURIComponent(email)}`)
    const invitation = mail.text("data.0.token")
    this.#checks.equal("a mail with a token arrives", [mail.list("data").length, invitation !== ""], [1, true])
    const joined = await this.#api.post("/auth/register", { body: { invitation_token: invitation, password, full_name: "Rita Rep" } })
    this.#checks.equal("Rita joins with it, as a sales rep", [joined.status, joined.at("user.roles")], [201, ["sales_rep"]])
    const again = await this.#api.post("/auth/register", { body: { invitation_token: invitation, password } })
    this.#refused("the token works once", again, 401, "TOKEN_EXPIRED")
    const signedIn = await this.#api.post("/auth/token", { body: { email, password } })
    this.#checks.equal("she signs in", signedIn.status, 200)
    const token = signedIn.text("access_token")
    const orders = await this.#api.get("/orders/my-orders", { token })
    this.#checks.equal("and sees the company's orders", [orders.status, orders.list("data").length > 0], [200, true])
    const edit = await this.#api.patch(`/products/${this.#tomatoesId}`, { token, body: { price: "0.01" } })
    this.#refused("but cannot edit a product", edit, 403, "FORBIDDEN")
  }

  async theLogTells(): Promise<void> {
    this.#checks.chapter("10. Who did what")
    const log = await this.#api.get("/audit-logs?limit=100", { token: this.#supplier.token })
    const entries = log.list("data").map((entry) => `${entry.text("actor.name")}: ${entry.text("action")}`)
    for (const action of [
      "catalog.product.create",
      "partners.link.set-status",
      "orders.order.accept",
      "catalog.product.update",
      "identity.invitation.create",
    ]) {
      this.#checks.equal(
        `the supplier's log says that its owner did ${action}`,
        entries.includes(`Owner of Sunrise Produce: ${action}`),
        true,
      )
    }
    const mine = await this.#api.get("/audit-logs?limit=100", { token: this.#buyer.token })
    const actions = mine.list("data").map((entry) => entry.text("action"))
    this.#checks.equal(
      "the restaurant's log has its own deeds and none of the supplier's",
      [actions.includes("orders.order.place"), actions.includes("catalog.product.create")],
      [true, false],
    )
  }

  async sessionsAreGuarded(): Promise<void> {
    this.#checks.chapter("11. A stolen refresh token")
    const spend = (token: string): Promise<Answer> => this.#api.post("/auth/refresh", { body: { refresh_token: token } })
    const first = await spend(this.#buyer.refreshToken)
    this.#checks.equal(
      "a refresh token gets a new pair",
      [first.status, first.text("refresh_token") !== this.#buyer.refreshToken],
      [200, true],
    )
    this.#refused("used again, it gives the theft away", await spend(this.#buyer.refreshToken), 401, "TOKEN_REUSED")
    const next = await spend(first.text("refresh_token"))
    this.#checks.equal("and ends the session for both who hold it", next.status, 401)
    const me = await this.#api.get("/auth/me", { token: first.text("access_token") })
    this.#checks.equal("at once", me.status, 401)
  }

  async #signUp(name: string, who: string, capability: string): Promise<Firm> {
    const answer = await this.#api.post("/auth/register", {
      body: {
        email: `${who}-${this.#run}@demo.waybill.test`,
        password,
        full_name: `Owner of ${name}`,
        organization: { name: `${name} ${this.#run}`, slug: `${who}-${this.#run}`, capabilities: [capability] },
      },
    })
    this.#created(`${name} signs up`, answer)
    return { id: answer.text("organization.id"), token: answer.text("access_token"), refreshToken: answer.text("refresh_token") }
  }

  #catalog(query: string): Promise<Answer> {
    return this.#api.get(`/products/catalog${query}`, { token: this.#buyer.token })
  }

  #decide(token: string, status: string): Promise<Answer> {
    return this.#api.put(`/links/${this.#linkId}/status`, { token, body: { status } })
  }

  #order(quantity: number, headers: CallOptions["headers"] = {}): Promise<Answer> {
    // Before the goods are listed any product will do: the link is looked at first.
    const product_id = this.#tomatoesId === "" ? unlistedProduct : this.#tomatoesId
    return this.#api.post("/orders", {
      token: this.#buyer.token,
      headers,
      body: { supplier_id: this.#supplier.id, items: [{ product_id, quantity }] },
    })
  }

  #setStatus({ token }: Firm, status: string, orderId = this.#orderId): Promise<Answer> {
    return this.#api.put(`/orders/${orderId}/status`, { token, body: { status } })
  }

  async #move(what: string, firm: Firm, status: string, orderId = this.#orderId): Promise<void> {
    const answer = await this.#setStatus(firm, status, orderId)
    this.#checks.equal(what, [answer.status, answer.at("status")], [200, status])
  }

  async #stock(): Promise<unknown> {
    return (await this.#api.get(`/products/${this.#tomatoesId}`, { token: this.#supplier.token })).at("stock_quantity")
  }

  #created(what: string, answer: Answer): void {
    this.#checks.equal(what, [answer.status, answer.at("code")], [201, undefined])
  }

  #refused(what: string, answer: Answer, status: number, code: string): void {
    this.#checks.equal(`${what} (${status} ${code})`, [answer.status, answer.at("code")], [status, code])
  }
}

const nobody: Firm = { id: "", token: "", refreshToken: "" }
const unlistedProduct = "prd_01jd8x2y3zf4g5h6j7k8m9n0pq"

const namesOf = (page: Answer): string[] => page.list("data").map((one) => one.text("name"))
