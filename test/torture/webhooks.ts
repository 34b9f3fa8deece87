import { randomUUID } from "node:crypto"
import { z } from "zod"
import { rows } from "./books.ts"
import { holder } from "./employee.ts"
import type { Keeper } from "./keeper.ts"
import { poison } from "./plan.ts"
import { ask } from "./poison.ts"
import type { Heard, Receiver } from "./receiver.ts"
import { give, plainManner, type Scene } from "./steps/scene.ts"
import { type Organization, signer, type World } from "./world.ts"

/** Webhooks, from their making to their books, and what the webhooks' own subscriber refuses for good. */

const text = z.string()
const json = text.transform((value) => JSON.parse(value) as unknown)
const endpointRow = z.object({ org_id: text, id: text, status: text, disabled_reason: text.nullable() })
const deliveryRow = z.object({ org_id: text, webhook_id: text, event_id: text, status: text })
const letterRow = z.object({ id: text, body: json, status: text })
const letterPage = z.object({ data: z.array(z.object({ id: text })), next_cursor: text.nullable() })

/** A webhook of the run's: what it asks for, and whether its receiver wants nothing any more. */
export type Hook = {
  readonly id: string
  readonly name: string
  readonly organization: Organization
  readonly types: readonly string[]
  readonly isGone: boolean
}
export type HookBooks = Awaited<ReturnType<typeof readHooks>>
export type HeardAt = { readonly hook: Hook; readonly heard: readonly Heard[] }

/**
 * Everything, a few types, and two that are gone: those hear of everything, their own making first, so that they are
 * disabled before the last words. Every other hears of API keys, which its organization's last word is.
 */
const wanted = [
  { side: "suppliers", index: 0, types: ["*"], isGone: false },
  { side: "suppliers", index: 1, types: ["order.placed", "order.cancelled", "api_key.created"], isGone: false },
  { side: "suppliers", index: 2, types: ["*"], isGone: true },
  { side: "buyers", index: 0, types: ["*"], isGone: false },
  { side: "buyers", index: 0, types: ["*"], isGone: true },
  { side: "buyers", index: 1, types: ["order.accepted", "link.approved", "api_key.created"], isGone: false },
] as const

export async function ownerToken({ world, journal }: Pick<Scene, "world" | "journal">, { id: orgId }: Organization): Promise<string> {
  const token = await signer(world.keys, { orgId, roles: ["owner"], name: "Torture owner" })()
  journal.secrets.add(token)
  return token
}

type Make = (body: unknown, token: string) => Promise<{ readonly id: string; readonly secret: string }>

export async function makeHooks(scene: Pick<Scene, "world" | "journal">, receiver: Receiver, make: Make): Promise<Hook[]> {
  const hooks: Hook[] = []
  for (const [count, { side, index, types, isGone }] of wanted.entries()) {
    const organization = scene.world[side][index]
    if (organization === undefined) throw new Error(`there are no ${index + 1} ${side}`)
    const name = `hook-${count}`
    const token = await ownerToken(scene, organization)
    const { id, secret } = await make({ url: receiver.addressOf(name, { isGone }), event_types: types }, token)
    receiver.learn(name, secret)
    scene.journal.secrets.add(secret).add(secret.slice("whsec_".length))
    hooks.push({ id, name, organization, types, isGone })
  }
  return hooks
}

const trigger = "poisoned_deliveries"

/** D1 refuses deliveries of events that carry the poison, so that the webhooks' subscriber fails at them until it gives up. */
export const poisonDeliveries = async ({ server }: Keeper): Promise<unknown> =>
  server.databaseRows(
    `create trigger ${trigger} before insert on webhook_deliveries
      when exists (select 1 from events e where e.org_id = new.org_id and e.id = new.event_id and e.data like '%${poison}%')
      begin select raise(abort, 'refused by the torture'); end`,
  )

/** Each organization with a webhook makes an API key, whose event is poisoned: what comes after everything else. */
export async function sayLastWords(scene: Scene, hooks: readonly Hook[], seed: number): Promise<void> {
  for (const organization of new Set(hooks.map((hook) => hook.organization))) {
    const askedAt = Date.now()
    const sender = holder(organization, { text: await ownerToken(scene, organization), askedAt })
    for (const key of [`torture-${seed}-last-${organization.id}`, `torture-${seed}-last-${organization.id}${poison}`]) {
      const body = { name: key, permissions: ["orders.order.read"] }
      const call = { method: "POST", path: "/api-keys", body } as const
      await give(scene, sender, { key, manner: plainManner }, { kind: "create API key", call })
    }
  }
}

/** D1 takes what it refused; operators see what was given up and have it tried again. @returns how many letters there were. */
export async function replayLetters(keeper: Keeper, { staffToken }: World): Promise<number> {
  await keeper.server.databaseRows(`drop trigger ${trigger}`)
  const token = await staffToken()
  const ids: string[] = []
  for (let cursor = ""; ; ) {
    const page = letterPage.parse(JSON.parse(await ask(keeper, token, "GET", `/admin/dead-letters?status=WAITING&limit=100${cursor}`)))
    ids.push(...page.data.map(({ id }) => id))
    if (page.next_cursor === null) break
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`
  }
  for (const id of ids) await ask(keeper, token, "POST", `/admin/dead-letters/${id}/replay`, randomUUID())
  return ids.length
}

/** What waits is due at once: a failed attempt would come again in five minutes, and an endpoint that failed rests. */
export async function hastenDeliveries({ server }: Keeper): Promise<void> {
  await server.databaseRows("update webhook_endpoints set paused_until = null, failures = 0 where status = 'ACTIVE'")
  await server.databaseRows("update webhook_deliveries set next_attempt_at = 1, due_at = 1 where status = 'PENDING'")
  await server.databaseRows("update event_retries set retry_at = 1 where subscriber = 'webhooks'")
  await server.databaseRows(
    "update event_laggards set look_at = 1 where org_id in (select org_id from event_retries where subscriber = 'webhooks')",
  )
}

export async function readHooks({ hooks, receiver, quietFrom }: Scene, { server }: Keeper) {
  return {
    hooks: hooks.map((hook): HeardAt => ({ hook, heard: receiver.heardAt(hook.name) })),
    quietFrom: quietFrom.at,
    endpoints: await rows(endpointRow, server.databaseRows("select org_id, id, status, disabled_reason from webhook_endpoints")),
    deliveries: await rows(deliveryRow, server.databaseRows("select org_id, webhook_id, event_id, status from webhook_deliveries")),
    letters: await rows(letterRow, server.databaseRows("select id, body, status from dead_letters")),
  }
}
