/** What a handler answers with: a status, a body that its route's schema describes, and headers. */
export type Reply = {
  readonly status: 200 | 201 | 202 | 204
  readonly body?: unknown
  readonly headers: Readonly<Record<string, string>>
}

type Options = { readonly etag?: string; readonly headers?: Readonly<Record<string, string>> }

const headersOf = ({ etag, headers = {} }: Options): Record<string, string> => ({ ...headers, ...(etag === undefined ? {} : { etag }) })

/** A thing as it is shown. */
export type Shown = { readonly view: unknown; readonly etag?: string }

export const reply = {
  ok: (body: unknown, options: Options = {}): Reply => ({ status: 200, body, headers: headersOf(options) }),
  shown: ({ view, etag }: Shown): Reply => ({ status: 200, body: view, headers: etag === undefined ? {} : { etag } }),
  created: (body: unknown, location: string, options: Options = {}): Reply => ({
    status: 201,
    body,
    headers: { ...headersOf(options), location: `/api/v1${location}` },
  }),
  accepted: (body?: unknown): Reply => ({ status: 202, ...(body === undefined ? {} : { body }), headers: {} }),
  noContent: (): Reply => ({ status: 204, headers: {} }),
}

/** Which side of a two-party fact is looking; part of the ETag, since the two see different bodies. */
export type EtagSide = "b" | "s" | "o"

/**
 * The ETag of a row: `version` changes with edits and is what If-Match compares; `seq` changes with anything
 * and makes If-None-Match exact. Rows without a change sequence of their own pass their version twice;
 * what changes with more than its row passes digits for all of it.
 */
export const etagOf = (version: number, seq: number | string = version, side: EtagSide = "o"): string => `"${version}.${seq}.${side}"`

/** The version an If-Match header names: a number, 'any' for `*`, or undefined when it is no ETag of ours. */
export function versionOfIfMatch(header: string): number | "any" | undefined {
  if (header.trim() === "*") return "any"
  const version = /^\s*"(\d+)\.\d+\.[bso]"\s*$/.exec(header)?.[1]
  return version === undefined ? undefined : Number(version)
}

/** RFC 9110, section 13.1.2: weak comparison against a list. */
export const matchesIfNoneMatch = (header: string, etag: string): boolean =>
  header.split(",").some((candidate) => candidate.trim() === "*" || candidate.trim().replace(/^W\//, "") === etag)
