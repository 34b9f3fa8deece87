import { type Id, type IdPrefix, isId } from "../../kernel/ids.ts"

/** An event's data as its readers take it: whoever wrote it may be older or newer, so that any member may lack or be of another kind. */
export class Facts {
  readonly #members: Readonly<Record<string, unknown>>

  constructor(data: unknown) {
    this.#members = typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {}
  }

  #member(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined
  }

  /** The first of these members that is a text or number and not empty. */
  text(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#member(name)
      if (typeof value === "string" && value.trim() !== "") return value
      if (typeof value === "number" && Number.isFinite(value)) return String(value)
    }
    return undefined
  }

  /** A member's own members. */
  of(name: string): Facts {
    return new Facts(this.#member(name))
  }

  id<P extends IdPrefix>(prefix: P, name: string): Id<P> | undefined {
    const value = this.#member(name)
    return typeof value === "string" && isId(prefix, value) ? value : undefined
  }

  /** `2026-01-31 09:30 UTC`, of an RFC 3339 text or of milliseconds since the epoch. */
  instant(name: string): string | undefined {
    const value = this.#member(name)
    const at = typeof value === "number" || typeof value === "string" ? new Date(value) : undefined
    return at === undefined || Number.isNaN(at.getTime()) ? undefined : `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`
  }
}
