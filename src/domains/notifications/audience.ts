import { limits } from "../../kernel/limits.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type PersonOfOrganization, peopleOf } from "../identity/index.ts"
import { assigneeOf, type Happening, type Person } from "./rules.ts"
import { choicesOf } from "./store.ts"

export type Candidate = PersonOfOrganization & Person

/** Whoever of the organization might be told: its people with what they may do and what they chose. Two trips. */
export async function candidatesOf(
  db: TenantDb,
  events: ReadonlyArray<Pick<Happening, "data">>,
  othersMax: number = limits.recipientCandidatesMax,
  named: readonly Candidate["id"][] = [],
): Promise<readonly Candidate[]> {
  const assignees = events.flatMap((event) => assigneeOf(event) ?? [])
  const people = await peopleOf(db, { named: [...new Set([...assignees, ...named])], othersMax })
  if (people.length === 0) return []
  const choices = await choicesOf(db, people)
  return people.map((person) => ({ ...person, choices: choices.get(person.id) ?? {} }))
}
