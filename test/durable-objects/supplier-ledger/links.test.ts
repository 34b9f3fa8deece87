import { beforeAll, describe, expect, test } from "vitest"
import type { OrganizationFacts } from "../../../src/domains/organizations/rules.ts"
import type { DecidableLinkStatus } from "../../../src/domains/partners/rules.ts"
import type { LinkId } from "../../../src/kernel/ids.ts"
import { adopted, d1, linkedBuyer, order, organization, quiet, stocked, type TestLedger } from "../../support/ledger.ts"
import { expectProjected } from "../../support/projection.ts"

beforeAll(quiet)

const request = (buyer: OrganizationFacts, coolDownMs = 0) => ({
  buyerId: buyer.id,
  buyerName: buyer.name,
  message: "We open in May.",
  coolDownMs,
})
const decision = (linkId: LinkId, status: DecidableLinkStatus, mayUnblock = false) => ({ linkId, status, reason: null, mayUnblock })

/** A ledger with a buyer whose link is in this state. */
async function linkIn(status: "PENDING" | DecidableLinkStatus): Promise<{ ledger: TestLedger; buyer: OrganizationFacts; linkId: LinkId }> {
  const ledger = await adopted()
  const buyer = organization("Harbour Hotel")
  const { id: linkId } = await ledger.must(buyer, "requestLink", request(buyer))
  if (status === "REMOVED") await ledger.must(buyer, "setLinkStatus", decision(linkId, status))
  else if (status !== "PENDING") await ledger.must(ledger.owner, "setLinkStatus", decision(linkId, status))
  return { ledger, buyer, linkId }
}

describe("asking for a link", () => {
  test("makes it PENDING, one row for each side, with an event for each", async () => {
    const { ledger, buyer, linkId } = await linkIn("PENDING")
    expect(await d1("select org_id, side, status, message from links where id = ? order by side", linkId)).toEqual([
      { org_id: buyer.id, side: "buyer", status: "PENDING", message: "We open in May." },
      { org_id: ledger.owner.id, side: "supplier", status: "PENDING", message: "We open in May." },
    ])
    expect(await d1("select org_id, type from events where data like ? order by org_id", `%${linkId}%`)).toEqual(
      [buyer.id, ledger.owner.id].sort().map((org_id) => ({ org_id, type: "link.requested" })),
    )
    await expectProjected(ledger, [buyer])
  })

  test.each([
    ["PENDING", "LINK_EXISTS"],
    ["APPROVED", "LINK_EXISTS"],
    ["BLOCKED", "LINK_BLOCKED"],
    ["REJECTED", "OK"],
    ["REMOVED", "OK"],
  ] as const)("again while it is %s answers %s", async (status, code) => {
    const { ledger, buyer, linkId } = await linkIn(status)
    const { result } = await ledger.give(buyer, "requestLink", request(buyer))
    expect(result.ok ? "OK" : result.error.code).toBe(code)
    // A revived link is the same row, so that what hangs on it stays.
    if (result.ok) expect(result.value).toMatchObject({ id: linkId, status: "PENDING", version: 3, decidedAt: null })
    expect(await ledger.count("links")).toBe(1)
  })

  test("soon after a refusal waits for the cool-down", async () => {
    const { ledger, buyer } = await linkIn("REJECTED")
    expect(await ledger.codeOf(buyer, "requestLink", request(buyer, 60_000))).toBe("LINK_COOLING_DOWN")
    expect(await ledger.codeOf(buyer, "requestLink", request(buyer, 0))).toBe("OK")
  })

  test("INV-LNK-3: works in one's own name alone, and not with oneself", async () => {
    const ledger = await adopted()
    const [buyer, other] = [organization("Buyer"), organization("Other")]
    expect(await ledger.codeOf(other, "requestLink", request(buyer))).toBe("FORBIDDEN")
    expect(await ledger.codeOf(ledger.owner, "requestLink", request(ledger.owner))).toBe("VALIDATION_FAILED")
    expect(await ledger.count("links")).toBe(0)
  })

  test("is refused by an organization that supplies nothing or is deactivated", async () => {
    const buyer = organization("Buyer")
    expect(await (await adopted("Buys only", { isSupplier: false })).codeOf(buyer, "requestLink", request(buyer))).toBe(
      "CAPABILITY_MISSING",
    )
    expect(await (await adopted("Gone", { status: "DEACTIVATED" })).codeOf(buyer, "requestLink", request(buyer))).toBe("NOT_FOUND")
  })
})

describe("deciding on a link", () => {
  test("the supplier approves, and from then on the buyer orders", async () => {
    const { ledger, buyer, linkId } = await linkIn("PENDING")
    const product = await stocked(ledger, 5)
    expect(await ledger.codeOf(buyer, "placeOrder", order(buyer, [product.id, 1]))).toBe("LINK_NOT_APPROVED")
    await ledger.must(ledger.owner, "setLinkStatus", decision(linkId, "APPROVED"))
    expect(await ledger.codeOf(buyer, "placeOrder", order(buyer, [product.id, 1]))).toBe("OK")
    await expectProjected(ledger, [buyer])
  })

  test("a blocked link stops the next order; open orders run to their end", async () => {
    const { ledger, buyer, linkId } = await linkIn("APPROVED")
    const product = await stocked(ledger, 5)
    const { id: orderId } = await ledger.must(buyer, "placeOrder", order(buyer, [product.id, 1]))
    await ledger.must(ledger.owner, "setLinkStatus", decision(linkId, "BLOCKED"))
    expect(await ledger.codeOf(buyer, "placeOrder", order(buyer, [product.id, 1]))).toBe("LINK_NOT_APPROVED")
    expect(await ledger.codeOf(buyer, "reorder", { orderId })).toBe("LINK_NOT_APPROVED")
    for (const status of ["ACCEPTED", "IN_DELIVERY"] as const)
      await ledger.must(ledger.owner, "setOrderStatus", { orderId, status, reason: null })
    expect(await ledger.codeOf(buyer, "setOrderStatus", { orderId, status: "COMPLETED", reason: null })).toBe("OK")
  })

  test("what the state or the side does not allow is INVALID_TRANSITION, with where it is and what is allowed", async () => {
    const { ledger, buyer, linkId } = await linkIn("APPROVED")
    const { result } = await ledger.give(ledger.owner, "setLinkStatus", decision(linkId, "REJECTED"))
    expect(result).toMatchObject({ ok: false, error: { code: "INVALID_TRANSITION", current: "APPROVED", allowed: ["BLOCKED", "REMOVED"] } })
    expect(await ledger.codeOf(buyer, "setLinkStatus", decision(linkId, "BLOCKED"))).toBe("INVALID_TRANSITION")
    expect(await ledger.codeOf(buyer, "setLinkStatus", decision(linkId, "REMOVED"))).toBe("OK")
  })

  test("a blocked link is approved again only by somebody who may", async () => {
    const { ledger, linkId } = await linkIn("BLOCKED")
    expect(await ledger.codeOf(ledger.owner, "setLinkStatus", decision(linkId, "APPROVED"))).toBe("FORBIDDEN")
    expect(await ledger.codeOf(ledger.owner, "setLinkStatus", decision(linkId, "APPROVED", true))).toBe("OK")
  })

  test("a supplier that has to be verified first approves nothing until its ledger hears that it is", async () => {
    const settings = { currency: "USD", time_zone: "UTC", share_stock: false, require_kyb_for_link_approval: true }
    const ledger = await adopted("Careful", { kybStatus: "PENDING", settings })
    const buyer = organization("Buyer")
    const { id } = await ledger.must(buyer, "requestLink", request(buyer))
    expect(await ledger.codeOf(ledger.owner, "setLinkStatus", decision(id, "APPROVED"))).toBe("KYB_REQUIRED")
    await ledger.rpc.adopt({ ...ledger.owner, kybStatus: "VERIFIED", version: 2 })
    // Facts that are older than those it has change nothing.
    await ledger.rpc.adopt({ ...ledger.owner, kybStatus: "REJECTED", version: 1 })
    expect(await ledger.codeOf(ledger.owner, "setLinkStatus", decision(id, "APPROVED"))).toBe("OK")
  })

  test("is no one's but the two parties', on the version they saw, and repeated it is the same", async () => {
    const { ledger, linkId } = await linkIn("PENDING")
    expect(await ledger.codeOf(organization("Stranger"), "setLinkStatus", decision(linkId, "APPROVED"))).toBe("NOT_FOUND")
    expect(await ledger.codeOf(ledger.owner, "setLinkStatus", decision(linkId, "APPROVED"), { ifMatch: 9 })).toBe("VERSION_MISMATCH")
    const first = await ledger.give(ledger.owner, "setLinkStatus", decision(linkId, "APPROVED"), { commandId: "approve", ifMatch: 1 })
    const second = await ledger.give(ledger.owner, "setLinkStatus", decision(linkId, "APPROVED"), { commandId: "approve", ifMatch: 1 })
    expect(second.result).toEqual(first.result)
    expect(await d1("select action from audit_logs where entity_id = ? and action = 'partners.link.set-status'", linkId)).toHaveLength(1)
  })
})

test("a new name and the sharing of stock reach every link's rows, and no version moves", async () => {
  const ledger = await adopted("Old name")
  const buyer = await linkedBuyer(ledger)
  const settings = { ...ledger.owner.settings, share_stock: true }
  await ledger.rpc.adopt({ ...ledger.owner, name: "New name", settings, version: 2 })
  expect(await d1("select counterparty_name, shares_stock, version from links where org_id = ?", buyer.id)).toEqual([
    { counterparty_name: "New name", shares_stock: 1, version: 2 },
  ])
  expect((await ledger.rpc.reconcile()).differences).toEqual([])
})
