const encoder = new TextEncoder()

export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")

/** SHA-256 of the text as 64 hex digits. */
export async function sha256Hex(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text))))
}

/** SHA-256 of the text as 32 bytes. */
export const sha256 = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)))

const hmacKeys = new Map<string, CryptoKey>()

/** HMAC-SHA-256 (RFC 2104) of the bytes under the secret, as 64 hex digits. */
export async function hmacHex(secret: string, data: Uint8Array | string): Promise<string> {
  let key = hmacKeys.get(secret)
  if (key === undefined) {
    key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
    hmacKeys.set(secret, key)
  }
  const bytes = typeof data === "string" ? encoder.encode(data) : data
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes)))
}

/** 256 bits of randomness as 43 characters that are safe in a URL. */
export const randomSecret = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
