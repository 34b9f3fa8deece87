import { TypeID } from "typeid-js"

/** The kinds of things that have an id, and the TypeID prefix each carries. */
export const idPrefixes = {
  organization: "org",
  user: "usr",
  session: "ses",
  refreshToken: "rft",
  invitation: "inv",
  role: "rol",
  apiKey: "key",
  link: "lnk",
  product: "prd",
  family: "fam",
  identity: "idn",
  bundleComponent: "bcp",
  order: "ord",
  orderLine: "oln",
  location: "whs",
  movement: "mov",
  lot: "lot",
  unit: "unt",
  reservation: "rsv",
  audit: "aud",
  event: "evt",
  mail: "mal",
  file: "fil",
  conversation: "cnv",
  message: "msg",
  cannedReply: "crp",
  complaint: "cmp",
  notification: "ntf",
  webhook: "whk",
  delivery: "dlv",
  deadLetter: "dlt",
  importJob: "job",
} as const

export type IdPrefix = (typeof idPrefixes)[keyof typeof idPrefixes]
export type Id<P extends IdPrefix> = `${P}_${string}`

export type OrganizationId = Id<"org">
export type UserId = Id<"usr">
export type SessionId = Id<"ses">
export type InvitationId = Id<"inv">
export type RoleId = Id<"rol">
export type ApiKeyId = Id<"key">
export type LinkId = Id<"lnk">
export type ProductId = Id<"prd">
export type FamilyId = Id<"fam">
export type IdentityId = Id<"idn">
export type BundleComponentId = Id<"bcp">
export type OrderId = Id<"ord">
export type OrderLineId = Id<"oln">
export type LocationId = Id<"whs">
export type MovementId = Id<"mov">
export type LotId = Id<"lot">
export type UnitId = Id<"unt">
export type ReservationId = Id<"rsv">
export type AuditId = Id<"aud">
export type EventId = Id<"evt">
export type FileId = Id<"fil">
export type ConversationId = Id<"cnv">
export type MessageId = Id<"msg">
export type CannedReplyId = Id<"crp">
export type ComplaintId = Id<"cmp">
export type NotificationId = Id<"ntf">
export type WebhookId = Id<"whk">
export type DeliveryId = Id<"dlv">
export type DeadLetterId = Id<"dlt">
export type ImportJobId = Id<"job">

/**
 * An organization's routing number: 40 bits, minted with the organization and never changed. It
 * names the organization's ledger object and stands in the low bits of every id that the ledger
 * mints, so that an id alone finds its ledger.
 */
export type RoutingNumber = number

export const routingBits = 40
const routingMax = 2 ** routingBits

/** Twenty-six characters of Crockford base32 in lower case; the first holds only three bits. */
const suffixPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/

type MintInput = {
  /** Milliseconds since the epoch; the id sorts by it. */
  readonly at: number
  /** Ten fresh random bytes. */
  readonly random: Uint8Array
  /** Stands in the low 40 bits in place of randomness. */
  readonly routing?: RoutingNumber
  /** Orders ids of one millisecond; only its low 12 bits are kept. */
  readonly sequence?: number
}

/** A TypeID over a UUIDv7 (RFC 9562, section 5.7) made of the given time, randomness and routing number. Pure. */
export function mintId<P extends IdPrefix>(prefix: P, input: MintInput): Id<P> {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, Math.floor(input.at / 2 ** 32))
  view.setUint32(2, input.at >>> 0)
  bytes.set(input.random.subarray(0, 10), 6)
  if (input.sequence !== undefined) view.setUint16(6, input.sequence & 0x0fff)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  if (input.routing !== undefined) {
    bytes[11] = Math.floor(input.routing / 2 ** 32)
    view.setUint32(12, input.routing >>> 0)
  }
  return TypeID.fromUUIDBytes(prefix, bytes).toString() as Id<P>
}

/** A fresh id, from the given instant and the runtime's randomness. */
export const newId = <P extends IdPrefix>(prefix: P, at: number, routing?: RoutingNumber): Id<P> =>
  mintId(prefix, { at, random: crypto.getRandomValues(new Uint8Array(10)), ...(routing === undefined ? {} : { routing }) })

/**
 * An id made of a digest rather than minted: whoever knows the same facts makes the same id. It is a UUIDv8 (RFC 9562,
 * section 5.8), so that it never equals a minted one. Pure.
 */
export function derivedId<P extends IdPrefix>(prefix: P, digest: Uint8Array): Id<P> {
  const bytes = digest.slice(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return TypeID.fromUUIDBytes(prefix, bytes).toString() as Id<P>
}

export const isDerivedId = (id: Id<IdPrefix>): boolean => ((TypeID.fromString(id).toUUIDBytes()[6] ?? 0) & 0xf0) === 0x80

/** The same thing's id under another prefix: a link's conversation has the link's own suffix. */
export const withPrefix = <P extends IdPrefix>(prefix: P, id: Id<IdPrefix>): Id<P> => `${prefix}_${id.slice(id.indexOf("_") + 1)}`

export function isId<P extends IdPrefix>(prefix: P, text: string): text is Id<P> {
  return text.startsWith(`${prefix}_`) && suffixPattern.test(text.slice(prefix.length + 1))
}

/** The routing number in an id's low 40 bits. Meaningful only for ids that were minted with one. */
export function routingOf(id: Id<"org" | "lnk" | "prd" | "ord" | "oln" | "whs" | "mov" | "bcp" | "unt">): RoutingNumber {
  const bytes = TypeID.fromString(id).toUUIDBytes()
  return (bytes[11] ?? 0) * 2 ** 32 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(12)
}

export function newRoutingNumber(): RoutingNumber {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return ((high & 0xff) * 2 ** 32 + low) % routingMax
}

/** The smallest id suffix of an instant: `>= prefix_idFloor(t)` selects what was minted at or after it. */
export function idFloor<P extends IdPrefix>(prefix: P, at: number): Id<P> {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, Math.floor(at / 2 ** 32))
  view.setUint32(2, at >>> 0)
  return TypeID.fromUUIDBytes(prefix, bytes).toString() as Id<P>
}

/**
 * The organization that holds the platform's own staff and audit trail: the super_admins, who belong to
 * no customer. It is a constant so that every row of every tenant table can have an owner.
 */
export const platformOrganizationId: OrganizationId = "org_00000000000000000000000000"
