import type { UserId } from "../../src/kernel/ids.ts"
import { limits } from "../../src/kernel/limits.ts"
import type { Answer, Command, Journal } from "./journal.ts"
import type { Credential, Organization, Sender } from "./world.ts"

/** How long after its acknowledgement a revocation may go unnoticed: while D1 answers, and while it does not. */
export const propagationMs = { usual: limits.revocationPollSeconds * 1_000, most: limits.revocationStaleSecondsMax * 1_000 }

/** A person whom an owner hired, with every token that the person ever had. */
export class Employee {
  readonly id: UserId
  readonly email: string
  roles: readonly string[]
  isActive = true
  refreshToken: string | undefined
  readonly tokens: Credential[] = []
  /** Commands that end all tokens issued before: disabling, other roles. Each stands here before it is sent. */
  readonly revocations: Command[] = []

  constructor(id: UserId, email: string, roles: readonly string[]) {
    this.id = id
    this.email = email
    this.roles = roles
  }

  /** When it was acknowledged that this token is no longer good, if it ever was. */
  revokedAt(token: Credential): number | undefined {
    const times = this.revocations.flatMap(({ openedAt, answer }) =>
      answer !== undefined && openedAt > token.askedAt ? [answer.heardAt] : [],
    )
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** Whether it may have been revoked by then: somebody had begun to, and had not heard before the token was asked for that it was done. */
  isInDoubt(token: Credential, before: number): boolean {
    return this.revocations.some(({ openedAt, answer }) => openedAt <= before && (answer === undefined || answer.heardAt >= token.askedAt))
  }
}

/** Somebody who holds one token and nothing else. */
export const holder = (organization: Organization, token: Credential): Sender => ({
  organization,
  credential: async () => token,
  credentialRefused: () => undefined,
})

export const tokensTried = { good: "calls with good tokens of employees", over: "calls with tokens that were over" }

/** A token is good until somebody revokes it, and no longer once the revocation had its time to spread. */
export function judgeToken(journal: Journal, employee: Employee, token: Credential, answer: Answer | undefined): void {
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return
  const { sentAt, heardAt, status } = answer
  const isRefused = status === 401
  if (!employee.isInDoubt(token, heardAt)) {
    journal.count(tokensTried.good)
    if (isRefused) journal.violate(`a token of ${employee.email} that nobody revoked was refused: ${answer.text}`)
    return
  }
  const revokedAt = employee.revokedAt(token)
  if (revokedAt === undefined || sentAt < revokedAt + propagationMs.usual) return
  // Where D1 failed to say what was revoked, a minute is the limit.
  if (journal.wasFailing(sentAt, heardAt) && sentAt < revokedAt + propagationMs.most) return
  journal.count(tokensTried.over)
  if (!isRefused) {
    journal.violate(
      `a token of ${employee.email}, revoked ${sentAt - revokedAt} ms before, was answered ${status}: ${answer.text.slice(0, 300)}`,
    )
  }
}
