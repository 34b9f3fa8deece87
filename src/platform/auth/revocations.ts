import { asc, gt, type SQL, sql } from "drizzle-orm"
import { limits } from "../../kernel/limits.ts"
import { type Instant, minute, second } from "../../kernel/time.ts"
import type { Statement } from "../db/executor.ts"
import { compile } from "../db/executor.ts"
import type { AcrossDb } from "../db/tenant-db.ts"
import { revocations } from "./tables.ts"

/** What a revocation can concern: `usr_…`, `ses_…`, `org_…`, `key_…`, or `org_…/role` for a role of an organization. */
export type Subject = string

/** How long a revocation is kept: the longest-lived thing it must outlive is an access token or a cached API key. */
const keptMs = Math.max(limits.accessTokenSeconds, limits.apiKeyCacheSeconds) * second + 5 * minute

/** How often, and for how long at most, a request looks whether another one has renewed the list. */
const lookMs = 10
const lookMsMax = 500

const loadMsMax = 2 * second

/** A database that has just failed is left alone for a moment, not asked by every request. */
const againMs = 250

type Freshness = "fresh" | "stale" | "unknown"

/**
 * This isolate's copy of the recent revocations. It asks D1 for the rows it has not seen, once in five to ten
 * seconds for all requests together; while D1 fails it goes on for a minute on what it has.
 */
export class RevocationList {
  readonly #notBefore = new Map<Subject, Instant>()
  #lastSeq = 0
  #refreshedAt: Instant = Number.NEGATIVE_INFINITY
  #loadingSince: Instant | undefined
  #failedAt: Instant = Number.NEGATIVE_INFINITY

  /** Whether a token of these subjects, issued at the instant, was revoked since. */
  isRevoked(subjects: readonly Subject[], issuedAt: Instant): boolean {
    return subjects.some((subject) => issuedAt <= (this.#notBefore.get(subject) ?? Number.NEGATIVE_INFINITY))
  }

  /** The earliest instant, from `now` on, at which a token issued to these subjects is not dead at birth. */
  firstValid(subjects: readonly Subject[], now: Instant): Instant {
    return subjects.reduce((at, subject) => Math.max(at, (this.#notBefore.get(subject) ?? Number.NEGATIVE_INFINITY) + 1), now)
  }

  /**
   * Makes the list at most ten seconds old if it can. 'unknown' means too old to decide anything by.
   *
   * From half that age on, one request renews it without anybody waiting. Should nobody have come by before ten seconds,
   * one renews it and the others look again and again whether it is done. They never await its promise: that belongs to
   * another request, and once that one's client has hung up, the runtime refuses I/O to whoever waited for it.
   */
  async refresh(open: () => AcrossDb, now: Instant, keepAlive: (work: Promise<unknown>) => void): Promise<Freshness> {
    const period = limits.revocationPollSeconds * second
    if (now - this.#refreshedAt < period) {
      if (now - this.#refreshedAt >= period / 2 && !this.#isLoading(now)) keepAlive(this.#renew(open(), now))
      return "fresh"
    }
    for (let waited = 0; this.#isLoading(now) && waited < lookMsMax; waited += lookMs) {
      await new Promise((resolve) => setTimeout(resolve, lookMs))
      if (now - this.#refreshedAt < period) return "fresh"
    }
    try {
      if (now - this.#failedAt >= againMs) {
        await this.#load(open(), now)
        return "fresh"
      }
    } catch {
      this.#failedAt = now
    }
    return now - this.#refreshedAt <= limits.revocationStaleSecondsMax * second ? "stale" : "unknown"
  }

  async #renew(db: AcrossDb, now: Instant): Promise<void> {
    if (now - this.#failedAt < againMs) return
    await this.#load(db, now).catch(() => {
      this.#failedAt = now
    })
  }

  /** A load that has taken this long belongs to a request that died. */
  #isLoading(now: Instant): boolean {
    return this.#loadingSince !== undefined && now - this.#loadingSince < loadMsMax
  }

  /** Reads what was revoked until now, however fresh the list is. @throws when D1 fails. */
  async refreshNow(db: AcrossDb, now: Instant): Promise<void> {
    await this.#load(db, now)
  }

  /** Applied here at once by the isolate that writes it; others learn of it within ten seconds. */
  apply(subject: Subject, notBefore: Instant): void {
    this.#notBefore.set(subject, Math.max(notBefore, this.#notBefore.get(subject) ?? notBefore))
  }

  async #load(db: AcrossDb, now: Instant): Promise<void> {
    this.#loadingSince = now
    try {
      await this.#loadNew(db, now)
    } finally {
      this.#loadingSince = undefined
    }
  }

  async #loadNew(db: AcrossDb, now: Instant): Promise<void> {
    for (;;) {
      const rows = await db.many(revocations, {
        where: gt(revocations.seq, this.#lastSeq),
        orderBy: [asc(revocations.seq)],
        limit: limits.revocationRowsMax,
      })
      for (const row of rows) {
        this.apply(row.subject, row.notBefore)
        this.#lastSeq = row.seq
      }
      if (rows.length < limits.revocationRowsMax) break
    }
    this.#refreshedAt = now
    for (const [subject, notBefore] of this.#notBefore) if (notBefore < now - keptMs) this.#notBefore.delete(subject)
  }
}

/**
 * The instant of the commit, by the database's clock. A revocation takes effect when its batch commits, not when its
 * request began: a token issued in between still says what was true before.
 */
const committedAt = (now: Instant) => sql`max(${now}, cast(round(unixepoch('subsec') * 1000) as integer))`

/** The statement that revokes what was issued to a subject until it commits; it belongs in the batch of the change that causes it. */
export const revoke = (subject: Subject, now: Instant): Statement =>
  compile(sql`insert into revocations (subject, not_before, expires_at) values (${subject}, ${committedAt(now)}, ${now + keptMs})`)

/** The same for every subject that a query finds, in its one column named `subject`. */
export const revokeAll = (subjects: SQL, now: Instant): Statement =>
  compile(
    sql`insert into revocations (subject, not_before, expires_at) select subject, ${committedAt(now)}, ${now + keptMs} from (${subjects})`,
  )

/** When each of the subjects was last revoked, by the database itself: an index entry each, whatever else was revoked. @throws when D1 fails. */
export async function lastRevoked(db: AcrossDb, subjects: readonly Subject[]): Promise<ReadonlyMap<Subject, Instant>> {
  const [rows = []] = await db.query(
    sql`select value as subject, (select max(not_before) from revocations indexed by revocations_subject where subject = value) as not_before
      from json_each(${JSON.stringify(subjects)})`,
  )
  return new Map(
    rows.flatMap(({ subject, not_before: notBefore }) => (typeof notBefore === "number" ? [[String(subject), notBefore] as const] : [])),
  )
}
