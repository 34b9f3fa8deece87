import ipaddr from "ipaddr.js"
import { limits } from "../../kernel/limits.ts"
import { err, ok, type Result } from "../../kernel/result.ts"

/** HTTPS's own port, and the other that CDNs serve it on. */
const publicPorts: readonly string[] = ["", "443", "8443"]

/** Names that mean this machine or this network wherever they are asked for (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal and what routers make up). */
const privateSuffixes = [
  "localhost",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "arpa",
  "test",
  "invalid",
  "onion",
] as const

/** Azure's wire server: a public address that means the host under a virtual machine. */
const platformAddresses: readonly string[] = ["168.63.129.16"]

/** IPv6 that is routed on the internet (IANA: 2000::/3); what ipaddr.js calls unicast also holds IPv4-compatible addresses such as ::7f00:1. */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3")

/** Whether an address is one that anybody on the internet could be reached at. */
export function isPublicAddress(text: string): boolean {
  const address = ipaddr.parse(text)
  if (address.range() !== "unicast") return false
  if (address.kind() === "ipv4") return !platformAddresses.includes(address.toString())
  return address.match(globalUnicast)
}

/**
 * INV-WHK-5: a webhook's URL as it is kept, or why it cannot be one. Asked when it is set and again before each request.
 * Names are not resolved: a Worker cannot, and a name can mean something else a moment later. What stops a name that
 * means a private address is that Workers have no private network to reach; see the README.
 */
export function parseTarget(text: string, privateIsAllowed: boolean): Result<string, string> {
  if (text.length > limits.webhookUrlCharsMax) return err(`Must have at most ${limits.webhookUrlCharsMax} characters.`)
  if (!URL.canParse(text)) return err("Must be an absolute URL.")
  const url = new URL(text)
  if (url.protocol !== "https:" && !(privateIsAllowed && url.protocol === "http:")) return err("Must be an https URL.")
  if (url.username !== "" || url.password !== "") return err("Must hold no user name or password.")
  url.hash = ""
  if (url.href.length > limits.webhookUrlCharsMax) return err(`Must have at most ${limits.webhookUrlCharsMax} characters.`)
  const fault = privateIsAllowed ? undefined : faultOfHost(url, text)
  return fault === undefined ? ok(url.href) : err(fault)
}

function faultOfHost(url: URL, text: string): string | undefined {
  if (!publicPorts.includes(url.port)) return "Must use port 443 or 8443."
  const host = url.hostname.replace(/^\[|\]$/g, "")
  if (ipaddr.isValid(host)) {
    // The parser turns decimal, octal, hexadecimal and shortened addresses into this form; who means well writes it.
    if (!text.toLowerCase().includes(`//${url.hostname}`)) return "Must write an IP address in its usual form."
    return isPublicAddress(host) ? undefined : "Must not be a private or reserved address."
  }
  const labels = host.replace(/\.$/, "").split(".")
  const last = labels.at(-1)
  if (labels.length < 2 || privateSuffixes.some((suffix) => suffix === last)) return "Must be a name of the public internet."
  return undefined
}
