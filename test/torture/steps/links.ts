import { z } from "zod"
import type { LinkId, OrganizationId } from "../../../src/kernel/ids.ts"
import type { Answer } from "../journal.ts"
import type { Step } from "../plan.ts"
import type { Actor, LinkStatus, Organization } from "../world.ts"
import { type Given, give, type Play, pickOf, plainManner, type Scene, supplierOf } from "./scene.ts"

const linkBody = z.object({
  id: z.string().transform((id) => id as LinkId),
  status: z.string().transform((status) => status as LinkStatus),
  version: z.number(),
  supplier_id: z.string().transform((id) => id as OrganizationId),
  buyer_id: z.string().transform((id) => id as OrganizationId),
})
const linkPage = z.object({ data: z.array(linkBody) })

const learnLink = (organization: Organization, heard: z.output<typeof linkBody>): void => {
  const { id, status, version, supplier_id: supplierId, buyer_id: buyerId } = heard
  organization.heardOfLink({ id, status, version, supplierId, buyerId })
}
const learn =
  (organization: Organization) =>
  ({ text }: Answer): void =>
    learnLink(organization, linkBody.parse(JSON.parse(text)))

export const requestLink: Play = (scene, actor, step) => request(scene, actor, step, supplierOf(scene, actor.organization, step.picks[0]))

/** From then on each may see that the other exists. */
export function request(scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, supplier: Organization): Promise<Given> {
  actor.organization.partners.add(supplier.id)
  supplier.partners.add(actor.organization.id)
  return give(
    scene,
    actor,
    step,
    {
      kind: "request link",
      call: { method: "POST", path: "/links/request", body: { supplier_id: supplier.id, message: step.key } },
      asked: { supplierId: supplier.id },
    },
    { learn: learn(actor.organization) },
  )
}

/** Moves a link that is in one of these states, as far as the organization knows. */
export const moveLink =
  (to: (step: Step) => LinkStatus, ...from: LinkStatus[]): Play =>
  async (scene, actor, step) => {
    const link = pickOf(actor.organization.links.values(), ({ status }) => from.includes(status), step.picks[0])
    return link === undefined ? listLinks(scene, actor) : move(scene, actor, step, link.id, to(step))
  }

const move = (scene: Scene, actor: Actor, step: Pick<Step, "key" | "manner">, id: LinkId, status: LinkStatus): Promise<Given> =>
  give(
    scene,
    actor,
    step,
    {
      kind: "move link",
      call: { method: "PUT", path: `/links/${id}/status`, body: { status, reason: step.key } },
      asked: { status },
      target: id,
    },
    { learn: learn(actor.organization) },
  )

/** Approves what waits, so that a run begins with something to do. */
export async function approveAll(scene: Scene, actor: Actor, prefix: string): Promise<void> {
  await listLinks(scene, actor)
  for (const { id, status } of actor.organization.links.values())
    if (status === "PENDING") await move(scene, actor, { key: `${prefix}-${id}`, manner: plainManner }, id, "APPROVED")
}

export async function listLinks({ client }: Scene, actor: Actor): Promise<undefined> {
  const answer = await client.send(actor, { method: "GET", path: "/links/my-links?limit=100" })
  if (answer?.status !== 200) return
  for (const link of linkPage.parse(JSON.parse(answer.text)).data) learnLink(actor.organization, link)
}
