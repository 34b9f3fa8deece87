import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { propagationMs } from "../employee.ts"
import type { Actor, Organization } from "../world.ts"
import { type Given, give, type Play, plainManner, type Scene } from "./scene.ts"

const tokensBody = z.object({ access_token: z.string(), refresh_token: z.string() })

export const shareStock: Play = (scene, actor, step) => {
  const { organization } = actor
  const body = { name: `${organization.name} ${step.key}`, settings: { share_stock: step.picks[1] < 0.5 } }
  const call = { method: "PATCH", path: `/organizations/${organization.id}`, body } as const
  return give(scene, actor, step, { kind: "update organization", call })
}

export const createApiKey: Play = (scene, actor, step) => {
  const body = { name: step.key, permissions: ["orders.order.read"] }
  return give(scene, actor, step, { kind: "create API key", call: { method: "POST", path: "/api-keys", body } })
}

/** An owner's session goes on, or begins anew where its refresh token was spent by an answer that never came. */
export async function renewSession({ client, journal, world }: Scene, organization: Organization): Promise<string | undefined> {
  const owner = world.owners.get(organization.id)
  if (owner === undefined) return undefined
  const refresh = { method: "POST", path: "/auth/refresh", body: { refresh_token: owner.refreshToken } } as const
  const signIn = { method: "POST", path: "/auth/token", body: { email: owner.email, password: world.password } } as const
  const refreshed = await client.sendOpenly(organization, refresh)
  const answer = refreshed?.status === 200 ? refreshed : await client.sendOpenly(organization, signIn)
  if (answer?.status !== 200) return undefined
  const tokens = tokensBody.parse(JSON.parse(answer.text))
  journal.secrets.add(tokens.access_token).add(tokens.refresh_token)
  owner.refreshToken = tokens.refresh_token
  journal.count("sessions refreshed or begun")
  return tokens.access_token
}

export const refreshTokens: Play = async (scene, actor) => {
  await renewSession(scene, actor.organization)
  return undefined
}

const lookAgainMs = 200
/** Long enough for the news to have arrived everywhere, and for work to be tried after that. */
const closedMs = (at: number): number => propagationMs.usual + 1_500 + at * 3_000
const openMs = (at: number): number => 1_000 + at * 4_000

/** The platform closes its charge or brings it back, when either has lasted long enough; until then it waits. */
export const closeOrReopen: Play = async (scene, actor, step) => {
  const { charge } = actor
  if (charge === undefined) return undefined
  const last = scene.journal.closures.findLast(({ orgId }) => orgId === charge.id)
  const isClosed = last !== undefined && last.reopenedAt === Number.POSITIVE_INFINITY
  const since = last === undefined ? scene.startedAt : isClosed ? last.closedAt : last.reopenedAt
  const [at] = step.picks
  if (Date.now() - since < (isClosed ? closedMs(at) : openMs(at))) {
    await sleep(lookAgainMs)
    return undefined
  }
  return isClosed ? reopen(scene, actor, step.key, charge) : close(scene, actor, step.key, charge)
}

async function close(scene: Scene, actor: Actor, key: string, { id: orgId }: Organization): Promise<Given> {
  const call = { method: "DELETE", path: `/organizations/${orgId}` } as const
  return give(
    scene,
    actor,
    { key, manner: plainManner },
    { kind: "close organization", call, target: orgId },
    { learn: ({ heardAt }) => void scene.journal.closures.push({ orgId, closedAt: heardAt, reopenedAt: Number.POSITIVE_INFINITY }) },
  )
}

async function reopen(scene: Scene, actor: Actor, key: string, charge: Organization): Promise<Given> {
  for (const closure of scene.journal.closures)
    if (closure.orgId === charge.id) closure.reopenedAt = Math.min(closure.reopenedAt, Date.now())
  const call = { method: "PATCH", path: `/organizations/${charge.id}`, body: { status: "ACTIVE", name: `${charge.name} ${key}` } } as const
  return give(scene, actor, { key, manner: plainManner }, { kind: "reopen organization", call, target: charge.id })
}
