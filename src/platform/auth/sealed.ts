import { toBase64Url } from "../../kernel/digest.ts"
import type { Config } from "../env.ts"

/**
 * Secrets that have to be read again (a hash would do for those that are only compared), as they stand in the database:
 * AES-256-GCM under a key derived from JWT_KEYS, by its `kid`. `context` says where the secret stands; in any other
 * place it does not open.
 */

type KeyRing = Config["JWT_KEYS"]

const encoder = new TextEncoder()
const ivBytes = 12
const derived = new Map<string, Promise<CryptoKey>>()

/** HKDF (RFC 5869) with a label of its own, so that the key that signs tokens encrypts nothing. */
function keyOf(secret: string): Promise<CryptoKey> {
  const known = derived.get(secret)
  if (known !== undefined) return known
  const key = crypto.subtle
    .importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"])
    .then((base) =>
      crypto.subtle.deriveKey(
        { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: encoder.encode("waybill sealed secrets v1") },
        base,
        { name: "AES-GCM", length: 256 },
        false,
        ["encrypt", "decrypt"],
      ),
    )
  derived.set(secret, key)
  return key
}

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0))

/** The `kid` that seals from now on. */
export function sealingKid([current]: KeyRing): string {
  if (current === undefined) throw new Error("JWT_KEYS holds no key")
  return current.kid
}

/** `kid.ciphertext`, by the ring's first key. */
export async function seal([current]: KeyRing, secret: string, context: string): Promise<string> {
  if (current === undefined) throw new Error("JWT_KEYS holds no key")
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes))
  const ciphertext = new Uint8Array(
    await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: encoder.encode(context) },
      await keyOf(current.secret),
      encoder.encode(secret),
    ),
  )
  const bytes = new Uint8Array(ivBytes + ciphertext.byteLength)
  bytes.set(iv)
  bytes.set(ciphertext, ivBytes)
  return `${current.kid}.${toBase64Url(bytes)}`
}

/** The secret again, or undefined where its key has left the ring or the text was sealed for another place. */
export async function unseal(keys: KeyRing, sealed: string, context: string): Promise<string | undefined> {
  const dot = sealed.indexOf(".")
  const key = keys.find(({ kid }) => kid === sealed.slice(0, dot))
  if (key === undefined) return undefined
  try {
    const bytes = fromBase64Url(sealed.slice(dot + 1))
    const plain = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytes.subarray(0, ivBytes), additionalData: encoder.encode(context) },
      await keyOf(key.secret),
      bytes.subarray(ivBytes),
    )
    return new TextDecoder().decode(plain)
  } catch {
    return undefined
  }
}
