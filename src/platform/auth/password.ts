import { randomBytes, scrypt, timingSafeEqual } from "node:crypto"

/**
 * Passwords, by scrypt (RFC 7914) at the OWASP Password Storage Cheat Sheet's parameters. They stand with
 * the hash, so that raising them re-hashes people as they sign in.
 */
const current = { logN: 14, r: 8, p: 5 } as const
const hashBytes = 32
const saltBytes = 16
const memoryBytesMax = 64 * 1024 * 1024

type Parameters = { readonly logN: number; readonly r: number; readonly p: number }
type Parsed = Parameters & { readonly salt: Buffer; readonly hash: Buffer }

const derive = (password: string, salt: Buffer, { logN, r, p }: Parameters): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, hashBytes, { N: 2 ** logN, r, p, maxmem: memoryBytesMax }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })

const format = ({ logN, r, p }: Parameters, salt: Buffer, hash: Buffer): string =>
  `$scrypt$ln=${logN},r=${r},p=${p}$${salt.toString("base64url")}$${hash.toString("base64url")}`

function parse(text: string): Parsed | undefined {
  const [, logN, r, p, salt, hash] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/.exec(text) ?? []
  if (logN === undefined || r === undefined || p === undefined || salt === undefined || hash === undefined) return undefined
  return { logN: Number(logN), r: Number(r), p: Number(p), salt: Buffer.from(salt, "base64url"), hash: Buffer.from(hash, "base64url") }
}

/** A new hash with its salt and parameters, as one string to store. About 0.14 s of CPU. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes)
  return format(current, salt, await derive(password, salt, current))
}

/** A hash that no password has, so that an unknown address costs the same time as a wrong password. */
const nobody: Parsed = { ...current, salt: Buffer.alloc(saltBytes, 7), hash: Buffer.alloc(hashBytes, 7) }

/** Whether the password has this hash; with no hash it takes the same time and says no. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const parsed = stored === null ? undefined : parse(stored)
  const { hash, ...rest } = parsed ?? nobody
  const derived = await derive(password, rest.salt, rest)
  return timingSafeEqual(derived, hash) && parsed !== undefined
}

export function needsRehash(stored: string): boolean {
  const parsed = parse(stored)
  return parsed === undefined || parsed.logN !== current.logN || parsed.r !== current.r || parsed.p !== current.p
}
