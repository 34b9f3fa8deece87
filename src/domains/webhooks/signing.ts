import { Webhook } from "standardwebhooks"
import { limits } from "../../kernel/limits.ts"
import { type Instant, second } from "../../kernel/time.ts"
import { seal, sealingKid, unseal } from "../../platform/auth/sealed.ts"
import type { Config } from "../../platform/env.ts"
import { validSecrets } from "./rules.ts"
import type { EndpointRow, SealedSecret } from "./tables.ts"

type KeyRing = Config["JWT_KEYS"]
type Owner = Pick<EndpointRow, "orgId" | "id">

/** `whsec_` and the base64 of random bytes, as Standard Webhooks has it. */
export const newSecret = (): string =>
  `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(limits.webhookSecretBytes))))}`

/** A secret opens for the endpoint it was made for and no other. */
const contextOf = ({ orgId, id }: Owner): string => `webhook ${orgId} ${id}`

/** The endpoint's secrets with a new one before the others, all under the key that seals now. */
export async function withNewSecret(
  keys: KeyRing,
  owner: Owner,
  secret: string,
  others: readonly SealedSecret[],
): Promise<Pick<EndpointRow, "secrets" | "sealedBy">> {
  const newest = { sealed: await seal(keys, secret, contextOf(owner)), expiresAt: null }
  return { secrets: [newest, ...(await sealedAnew(keys, owner, others))], sealedBy: sealingKid(keys) }
}

/** Secrets under the key that seals now. What cannot be read any more is left out. */
export async function sealedAnew(keys: KeyRing, owner: Owner, secrets: readonly SealedSecret[]): Promise<readonly SealedSecret[]> {
  const context = contextOf(owner)
  const renewed = await Promise.all(
    secrets.map(async ({ sealed, expiresAt }) => {
      const plain = await unseal(keys, sealed, context)
      return plain === undefined ? [] : [{ sealed: await seal(keys, plain, context), expiresAt }]
    }),
  )
  return renewed.flat()
}

/** The secrets to sign with, newest first; undefined where the newest cannot be read, since its holder could verify nothing. */
export async function signingSecrets(
  keys: KeyRing,
  endpoint: Owner & Pick<EndpointRow, "secrets">,
  now: Instant,
): Promise<readonly string[] | undefined> {
  const plain = await Promise.all(validSecrets(endpoint.secrets, now).map(({ sealed }) => unseal(keys, sealed, contextOf(endpoint))))
  if (plain[0] === undefined) return undefined
  return plain.filter((secret) => secret !== undefined)
}

/** The three headers of Standard Webhooks: a signature for every secret that is good, so that receivers change over when they like. */
export function signedHeaders(secrets: readonly string[], messageId: string, at: Instant, body: string): Record<string, string> {
  const timestamp = new Date(at)
  return {
    "webhook-id": messageId,
    "webhook-timestamp": String(Math.floor(at / second)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(messageId, timestamp, body)).join(" "),
  }
}
