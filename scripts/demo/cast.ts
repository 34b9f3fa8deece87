import type { Answer, Api } from "../lib/api.ts"
import type { Checks } from "./checks.ts"

export const password = "tomatoes-by-the-crate"

/** Somebody who signed in: what they are called, and what they show. */
export type Person = { readonly userId: string; readonly organizationId: string; readonly email: string; readonly token: string }

/** The address of somebody in this telling; every telling makes its people anew. */
export const addressOf = (who: string, run: string): string => `${who}-${run}@demo.waybill.test`

const personOf = (email: string, answer: Answer): Person => ({
  userId: answer.text("user.id"),
  organizationId: answer.text("organization.id"),
  email,
  token: answer.text("access_token"),
})

/** A company and its owner. */
export async function founds(api: Api, run: string, who: string, company: string, capability: string): Promise<Person> {
  const email = addressOf(who, run)
  const body = {
    email,
    password,
    full_name: `Owner of ${company}`,
    organization: { name: `${company} ${run}`, slug: `${who}-${run}`, capabilities: [capability] },
  }
  return personOf(email, await api.must("POST", "/auth/register", { body }))
}

/** Somebody invited into a company, who joins by the mail. */
export async function joins(api: Api, run: string, owner: Person, who: string, role: string): Promise<Person> {
  const email = addressOf(who, run)
  await api.must("POST", "/invitations", { token: owner.token, body: { email, roles: [role] } })
  const mail = await api.must("GET", `./dev/mail?to=${encodeURIComponent(email)}`)
  const body = { invitation_token: mail.text("data.0.token"), password, full_name: `${who} (${role})` }
  return personOf(email, await api.must("POST", "/auth/register", { body }))
}

export const created = (checks: Checks, what: string, answer: Answer): void =>
  checks.equal(what, [answer.status, answer.at("code")], [201, undefined])

export const refused = (checks: Checks, what: string, answer: Answer, status: number, code: string): void =>
  checks.equal(`${what} (${status} ${code})`, [answer.status, answer.at("code")], [status, code])
