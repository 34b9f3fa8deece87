import type { Ctx } from "../../platform/http/context.ts"
import { assertVersion } from "../../platform/http/if-match.ts"
import { invalid } from "../../platform/http/input.ts"
import { type Channel, type Choices, channels, isDefault } from "./rules.ts"
import type { PreferencesInput } from "./schemas.ts"
import { selfOf } from "./self.ts"
import { notificationStore } from "./store.ts"
import { topicOf } from "./topics.ts"

export type Preferences = { readonly choices: Choices; readonly version: number }

export async function readPreferences(ctx: Ctx): Promise<Preferences> {
  const row = await notificationStore(selfOf(ctx)).preferences()
  return row === undefined ? { choices: {}, version: 0 } : { choices: row.choices, version: row.version }
}

/**
 * Replaces what was chosen. What equals the default is no choice: so whoever sends back all that they read keeps
 * following their roles. @throws RefusalError VALIDATION_FAILED, VERSION_MISMATCH.
 */
export async function setPreferences(ctx: Ctx, { preferences }: PreferencesInput): Promise<Preferences> {
  const self = selfOf(ctx)
  const choices = choicesFrom(ctx, preferences)
  const store = notificationStore(self)
  const before = await readPreferences(ctx)
  assertVersion(ctx, before)
  ctx.work.add(...store.savePreferences(choices, before.version, ctx.now)).audit(self.home, {
    action: "notifications.preferences.update",
    entity: "user",
    entityId: self.userId,
    before: { choices: before.choices },
    after: { choices },
  })
  return { choices, version: before.version + 1 }
}

function choicesFrom({ actor }: Ctx, preferences: PreferencesInput["preferences"]): Choices {
  const faults = preferences.flatMap(({ type, mail }, index) => {
    const isTwice = preferences.findIndex((other) => other.type === type) !== index
    const lacksMail = mail === true && topicOf(type)?.offers.includes("mail") !== true
    return [
      ...(isTwice ? [{ pointer: `/preferences/${index}/type`, code: "DUPLICATE", message: "The type stands twice." }] : []),
      ...(lacksMail ? [{ pointer: `/preferences/${index}/mail`, code: "NOT_OFFERED", message: "There is no mail of this type." }] : []),
    ]
  })
  if (faults.length > 0) throw invalid(faults)
  const chosen = preferences.flatMap((preference) => {
    const topic = topicOf(preference.type)
    const differing = channels.flatMap((channel): Array<readonly [Channel, boolean]> => {
      const value = preference[channel]
      return topic === undefined || value === undefined || value === isDefault(topic, actor.permissions, channel) ? [] : [[channel, value]]
    })
    return differing.length === 0 ? [] : [[preference.type, Object.fromEntries(differing)] as const]
  })
  return Object.fromEntries(chosen)
}
