/** What every answer says to browsers that get hold of it (OWASP REST Security Cheat Sheet, "Security Headers"). */
const always: ReadonlyArray<readonly [name: string, value: string]> = [
  ["strict-transport-security", "max-age=15552000; includeSubDomains"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "cross-origin"],
]

/** Data is no page: a browser that shows it runs and loads nothing. */
const dataPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/** The pages that we write ourselves: the API's readers, and where one stops mails. They load nothing from elsewhere. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

/** Whatever somebody uploaded: it runs nothing, even where it is a page. */
export const uploadsPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

const isPage = (headers: Headers): boolean => headers.get("content-type")?.startsWith("text/html") === true

/**
 * The answer with the headers that browsers go by (decision 0012); a policy that it has already stays. What is not modified
 * gets none: a cache lays the headers of a 304 over those of the page that it keeps (RFC 9111, section 4.3.4).
 */
export function secured(response: Response): Response {
  const { headers } = response
  for (const [name, value] of always) headers.set(name, value)
  if (response.status === 304 || headers.has("content-security-policy")) return response
  if (isPage(headers)) {
    headers.set("content-security-policy", pagePolicy)
    // Whoever opened a page of ours gets no hold on its window.
    headers.set("cross-origin-opener-policy", "same-origin")
  } else headers.set("content-security-policy", dataPolicy)
  return response
}
