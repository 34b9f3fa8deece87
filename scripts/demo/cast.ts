import type { Answer } from "../lib/api.ts"
import type { Stage } from "./stage.ts"

export const password = "tomatoes-by-the-crate"

/** Somebody who signed in: what they are called, and what they show. */
export type Person = {
  readonly userId: string
  readonly organizationId: string
  readonly email: string
  readonly token: string
  readonly refreshToken: string
}

/** Who has not come on stage yet. */
export const nobody: Person = { userId: "", organizationId: "", email: "", token: "", refreshToken: "" }

/** The address of somebody in this telling; every telling makes its people anew. */
export const addressOf = ({ run }: Stage, who: string): string => `${who}-${run}@demo.waybill.test`

const personOf = (email: string, answer: Answer): Person => ({
  userId: answer.text("user.id"),
  organizationId: answer.text("organization.id"),
  email,
  token: answer.text("access_token"),
  refreshToken: answer.text("refresh_token"),
})

/** A company and its owner. */
export async function signsUp(stage: Stage, company: string, who: string, capability: string): Promise<Person> {
  const email = addressOf(stage, who)
  const organization = { name: `${company} ${stage.run}`, slug: `${who}-${stage.run}`, capabilities: [capability] }
  const answer = await stage.api.post("/auth/register", { body: { email, password, full_name: `Owner of ${company}`, organization } })
  stage.created(`${company} signs up`, answer)
  return personOf(email, answer)
}

/** Somebody invited into a company, who joins by the mail. */
export async function joins(stage: Stage, owner: Person, who: string, role: string): Promise<Person> {
  const email = addressOf(stage, who)
  await stage.api.must("POST", "/invitations", { token: owner.token, body: { email, roles: [role] } })
  const [mail] = await mailsTo(stage, email)
  const body = { invitation_token: mail?.text("token"), password, full_name: `${who} (${role})` }
  return personOf(email, await stage.api.must("POST", "/auth/register", { body }))
}

/** What a development server would have mailed. */
export const mailsTo = async ({ api }: Stage, email: string): Promise<Answer[]> =>
  (await api.must("GET", `./dev/mail?to=${encodeURIComponent(email)}`)).list("data")
