import { z } from "zod"
import type { Books } from "../books.ts"
import { poison } from "../plan.ts"
import type { HeardAt, Hook } from "../webhooks.ts"
import { groupBy, must, mustBeUnique } from "./check.ts"

type Event = Books["events"][number]

const sent = z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) })

const wants = ({ organization, types }: Hook, { org_id: orgId, type }: Event): boolean =>
  orgId === organization.id && (types.includes("*") || types.includes(type))

/** From its own making on: whatever was committed before may have been handed out before. */
function wantedBy(hook: Hook, events: readonly Event[]): Event[] {
  const made = events.find(
    ({ org_id: orgId, type, data }) => orgId === hook.organization.id && type === "webhook.created" && data["id"] === hook.id,
  )
  must(made !== undefined, () => `the making of ${hook.id} is no event`)
  return events.filter((event) => event.seq > (made?.seq ?? 0) && wants(hook, event))
}

/** Every request is signed and tells of an event of that organization's that was asked for, as it stands. */
function mustBelong({ hook, heard }: HeardAt, eventOf: ReadonlyMap<string, Event>): void {
  for (const { id, body, isSigned } of heard) {
    must(isSigned, () => `${hook.name} got ${id} without a good signature`)
    const event = eventOf.get(`${hook.organization.id} ${id}`)
    must(
      event !== undefined && wants(hook, event),
      () => `${hook.name} of ${hook.organization.id} got ${id}, which it has no part in: ${body}`,
    )
    const { type, data } = sent.parse(JSON.parse(body))
    const isWhole = data["is_truncated"] === true || JSON.stringify(data) === JSON.stringify(event?.data)
    must(type === event?.type && isWhole, () => `${hook.name} got ${id} as ${body}, and it is ${JSON.stringify(event)}`)
  }
}

export function webhooksToldAll({ hooks, events, deliveries }: Books): number {
  const eventOf = new Map(events.map((event) => [`${event.org_id} ${event.id}`, event]))
  const deliveriesOf = groupBy(deliveries, ({ webhook_id: id }) => id)
  let told = 0
  for (const at of hooks) {
    const { hook, heard } = at
    mustBelong(at, eventOf)
    const own = deliveriesOf.get(hook.id) ?? []
    mustBeUnique(
      own.map(({ event_id: id }) => ({ id })),
      `the delivery to ${hook.name} of`,
    )
    if (hook.isGone) continue
    const taken = new Set(heard.filter(({ answer }) => answer === "2xx").map(({ id }) => id))
    for (const { id, type } of wantedBy(hook, events)) must(taken.has(id), () => `${hook.name} never took ${id} (${type})`)
    for (const { event_id: id, status } of own)
      must(status === "DELIVERED" && taken.has(id), () => `${id} is ${status} for ${hook.name}, which took it ${taken.has(id)}`)
    told += taken.size
  }
  return told
}

/** Disabled by its own answer; from when nothing waited for it any more, nothing came, whatever happened since. */
export function goneWebhooksRest({ hooks, endpoints, deliveries, quietFrom }: Books): number {
  const gone = hooks.filter(({ hook }) => hook.isGone)
  for (const { hook, heard } of gone) {
    const row = endpoints.find(({ id }) => id === hook.id)
    must(
      heard.length > 0 && row?.status === "DISABLED" && row.disabled_reason === "GONE",
      () => `${hook.name} answered 410 ${heard.length} times and is ${row?.status}: ${row?.disabled_reason}`,
    )
    for (const { id, at } of heard)
      must(at <= quietFrom, () => `${hook.name} had answered 410 and was disabled, and ${id} came ${at - quietFrom} ms later`)
    for (const { event_id: id, webhook_id: webhookId, status } of deliveries)
      must(webhookId !== hook.id || status === "FAILED", () => `${id} is ${status} for ${hook.name}, which is gone`)
  }
  return gone.reduce((sum, { heard }) => sum + heard.length, 0)
}

const givenUp = z.object({ kind: z.literal("event"), org_id: z.string(), event_id: z.string(), subscriber: z.string() })

/** What D1 refused to the subscriber of webhooks is a letter each; all were replayed. That it arrived is the webhooks' own check. */
export function refusedEventsAreLetters({ hooks, events, letters }: Books): number {
  for (const { id, status } of letters) must(status === "REPLAYED", () => `the dead letter ${id} is ${status}`)
  const told = letters.flatMap(({ body }) => givenUp.safeParse(body).data ?? [])
  const lettersOf = groupBy(told, ({ org_id: orgId, event_id: id }) => `${orgId} ${id}`)
  const isPoisoned = ({ data }: Event): boolean => JSON.stringify(data).includes(poison)
  const eventOf = new Map(events.map((event) => [`${event.org_id} ${event.id}`, event]))
  for (const [key, found] of lettersOf) {
    const event = eventOf.get(key)
    must(
      event !== undefined && isPoisoned(event) && found.every(({ subscriber }) => subscriber === "webhooks"),
      () => `${key} was given up, and nothing refused it: ${JSON.stringify(found)}`,
    )
  }
  const wanted = new Set(
    hooks.filter(({ hook }) => !hook.isGone).flatMap(({ hook }) => wantedBy(hook, events).map((event) => `${event.org_id} ${event.id}`)),
  )
  let refused = 0
  for (const [key, event] of eventOf) {
    if (!wanted.has(key) || !isPoisoned(event)) continue
    const found = lettersOf.get(key)?.length ?? 0
    must(found === 1, () => `${key} (${event.type}) was refused for good and has ${found} dead letters`)
    refused += 1
  }
  must(refused > 0, () => "no event was refused for good, not even the last words")
  return refused
}
