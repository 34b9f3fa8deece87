import { z } from "@hono/zod-openapi"
import type { ChatDirectory } from "../../durable-objects/chat-directory/chat-directory.ts"
import type { ChatInbox } from "../../durable-objects/chat-inbox/chat-inbox.ts"
import type { ChatRoom } from "../../durable-objects/chat-room/chat-room.ts"
import type { EventHub } from "../../durable-objects/event-hub/event-hub.ts"
import type { LedgerWatch } from "../../durable-objects/ledger-watch/ledger-watch.ts"
import type { SupplierLedger } from "../../durable-objects/supplier-ledger/supplier-ledger.ts"

/** What wrangler binds. Domains never see it: they get a Ctx. */
export type Bindings = {
  readonly DB: D1Database
  readonly SUPPLIER_LEDGER: DurableObjectNamespace<SupplierLedger>
  readonly LEDGER_WATCH: DurableObjectNamespace<LedgerWatch>
  readonly CHAT_ROOM: DurableObjectNamespace<ChatRoom>
  readonly CHAT_INBOX: DurableObjectNamespace<ChatInbox>
  readonly CHAT_DIRECTORY: DurableObjectNamespace<ChatDirectory>
  readonly EVENT_HUB: DurableObjectNamespace<EventHub>
  /** Called by itty-durable's requests, not by RPC. */
  readonly IMPORT_JOB: DurableObjectNamespace
  readonly FILES: R2Bucket
  readonly IMAGES: ImagesBinding
  readonly EVENTS: Queue<QueueMessage>
  readonly WEBHOOKS: Queue<QueueMessage>
  readonly ASSETS: Fetcher
  readonly RATE_PRINCIPAL: RateLimit
  readonly RATE_ADDRESS: RateLimit
  readonly RATE_SIGN_IN: RateLimit
} & Readonly<Record<VariableName, string | undefined>>

export type QueueMessage =
  | { readonly kind: "probe"; readonly at: number }
  /** The organization has events that were not handed out yet, or that a subscriber is to be given again. */
  | { readonly kind: "events"; readonly org_id: string }
  /** The organization has mails that wait to be sent. */
  | { readonly kind: "mails"; readonly org_id: string }
  /** A webhook's delivery is due. It comes by a queue of its own, since other people's servers may be slow. */
  | { readonly kind: "delivery"; readonly org_id: string; readonly delivery_id: string }

const flag = z.enum(["true", "false"]).transform((text) => text === "true")
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
)

const number = z.coerce.number()
const amount = number.positive()
const count = number.int().positive()

const keyRing = z.string().transform((text, context) => {
  const keys = text.split(",").map((entry) => {
    const colon = entry.indexOf(":")
    return { kid: entry.slice(0, colon).trim(), secret: entry.slice(colon + 1).trim() }
  })
  if (keys.every(({ kid, secret }) => /^[A-Za-z0-9_-]{1,32}$/.test(kid) && secret.length >= 32)) return keys
  context.addIssue("JWT_KEYS must read kid:secret,kid:secret with secrets of at least 32 characters; the first signs")
  return z.NEVER
})

const variables = z.object({
  ENVIRONMENT: z.enum(["production", "development"]).default("production"),
  /** Where clients reach the API; mails name it. Empty: the request's own origin in development, and no host at all in production. */
  PUBLIC_URL: z.string().default(""),
  /** When set, `slug.BASE_DOMAIN` names an organization. */
  BASE_DOMAIN: z.string().default(""),
  /** Origins that browsers may call from, separated by commas; `*` for all. */
  CORS_ORIGINS: list.default([]),
  REQUIRE_KYB_DEFAULT: flag.default(true),
  EXPOSE_SERVER_TIMING: flag.default(false),
  BODY_BYTES_MAX: count.default(1_048_576),
  PROJECTION_WAIT_MS_MAX: number.int().min(0).default(1_000),
  LINK_COOL_DOWN_HOURS: number.min(0).default(0),
  FILE_BYTES_MAX: count.default(26_214_400),
  /** What an organization's files may take together. */
  FILE_QUOTA_BYTES: count.default(10_737_418_240),
  /** How long a buyer may think about what is offered instead of what it ordered. */
  ORDER_AMENDMENT_HOURS: amount.max(8_760).default(24),
  COMPLAINT_SALES_SLA_HOURS: amount.default(24),
  COMPLAINT_MANAGER_SLA_HOURS: amount.default(48),
  COMPLAINT_REOPEN_DAYS: amount.default(7),
  /** How long a unit stays promised, unless whoever reserves it says. */
  UNIT_RESERVATION_HOURS: amount.default(24),
  /** Whether webhooks may be sent to private addresses and over plain HTTP; only where there is nobody to attack. */
  WEBHOOK_PRIVATE_TARGETS: flag.default(false),
  MAIL_FROM: z.string().default("Waybill <no-reply@waybill.example>"),
  RESEND_API_KEY: z.string().optional(),
  SENTRY_DSN: z.string().optional(),
  /** What the ratelimit bindings allow in a minute, told to clients in RateLimit-Policy; the bindings themselves say only yes or no. */
  RATE_PRINCIPAL_LIMIT: count.default(600),
  RATE_ADDRESS_LIMIT: count.default(120),
  RATE_SIGN_IN_LIMIT: count.default(10),
  /** Access tokens are signed by the first key and verified by any: `kid:secret,kid:secret`. */
  JWT_KEYS: keyRing,
})

type VariableName = keyof z.input<typeof variables>

/** Every variable there is; the deployments' [vars] name no other. */
export const variableNames = Object.keys(variables.shape) as readonly VariableName[]

export type Config = z.output<typeof variables>

const parsed = new WeakMap<object, Config>()

/** The environment's variables, checked once an isolate. Throws, naming the variable, when one is missing or malformed. */
export function configOf(env: Bindings): Config {
  const known = parsed.get(env)
  if (known !== undefined) return known
  const result = variables.safeParse(env)
  if (!result.success) {
    throw new Error(`configuration: ${result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`)
  }
  parsed.set(env, result.data)
  return result.data
}
