import { type LinkId, type OrderId, platformOrganizationId } from "../../src/kernel/ids.ts"
import { type Refusal, type Result, refuse } from "../../src/kernel/result.ts"
import type { LedgerFact } from "./commands/index.ts"
import type { Envelope } from "./rpc.ts"

/** Refusals that a retry of the very same command may not meet again; they are not kept. */
export const passing: ReadonlySet<Refusal["code"]> = new Set(["STOCK_INSUFFICIENT", "UNAVAILABLE", "INTERNAL", "RATE_LIMITED"])

/** INV-LED-2: a ledger that no organization owns knows no links and no orders; it writes nothing. */
export const unknownLedger = ({ command }: Envelope): Result<never> =>
  command.verb === "placeOrder" || command.verb === "placeOrderBySku"
    ? refuse("LINK_NOT_APPROVED", "Orders need an approved link with the supplier.")
    : refuse("NOT_FOUND")

/** A past command about a link or an order that was made a moment ago, whose id nobody knew when the list was written. */
export function aboutThat(envelope: Envelope, id: LedgerFact["id"]): Envelope {
  const { command } = envelope
  if (command.verb === "setLinkStatus") return { ...envelope, command: { ...command, input: { ...command.input, linkId: id as LinkId } } }
  if (command.verb === "setOrderStatus")
    return { ...envelope, command: { ...command, input: { ...command.input, orderId: id as OrderId } } }
  return envelope
}

/** Carries a refusal out of a transaction, so that nothing written before it stays. */
export class Rollback extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

/** Who acts where nobody asked: the ledger itself. */
export const systemActor = { kind: "SYSTEM", id: null, name: "Waybill", organizationId: platformOrganizationId } as const
export const noOrigin = { ipAddress: null, userAgent: null } as const
