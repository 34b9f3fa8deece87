import type { IdPrefix } from "../../kernel/ids.ts"
import type { Permission } from "../../platform/auth/permissions.ts"
import { type Phrase, phrase } from "../../platform/mail/phrase.ts"
import type { Facts } from "./facts.ts"
import type { Channel, Concern, Topic } from "./rules.ts"

/** An event in words: one line that says it all, and what else there is to know. */
type Words = { readonly title: Phrase; readonly lines: readonly Phrase[] }

/** What an event is about: a thing with an id in its data, and where the API shows it. */
export type About = { readonly kind: string; readonly prefix: IdPrefix; readonly member: string; readonly path?: string }

/** All that there is to say of an event type: who is told, how, and in which words. */
export type ToldTopic = Topic & {
  /** For whoever chooses. */
  readonly description: string
  readonly about: About
  readonly say: (facts: Facts) => Words
}

export const inApp = ["in_app"] as const
export const both = ["in_app", "mail"] as const
/** The permission that owners alone hold. */
export const owners = "organizations.organization.deactivate"
export const supplier = { side: "supplier" } as const
export const buyer = { side: "buyer" } as const

export const concern = (to: Permission | "ASSIGNEE", by: readonly Channel[], when?: Readonly<Record<string, string>>): Concern => ({
  to,
  by,
  ...(when === undefined ? {} : { when }),
})

/** What somebody said, where they did. */
export const quoted = (label: string, words: string | undefined): Phrase[] => (words === undefined ? [] : [phrase`${label}: ${words}`])
