import { createHash } from "node:crypto"
import { z } from "zod"
import type { Answer } from "../journal.ts"
import type { Step } from "../plan.ts"
import type { Actor } from "../world.ts"
import { listOrders } from "./orders.ts"
import { give, type Play, pickOf, type Scene } from "./scene.ts"

const fileBody = z.object({ id: z.string(), sha256: z.string() })

/** From some bytes up to 200 kB of text, by the key alone. */
const bytesOf = (key: string, at: number): Uint8Array => new TextEncoder().encode(`${key}\n`.repeat(1 + Math.floor(at ** 3 * 6_000)))

type Uploading = Pick<Step, "key" | "manner" | "picks">

/** Small files are sent at once, and so a third of the uploads are cut off on purpose, in the middle. */
function cutMore({ manner, picks: [, , , at] }: Uploading): Step["manner"] {
  return manner.vanishesAfterMs !== undefined || at > 0.33 ? manner : { ...manner, vanishesAfterMs: at * 150, givesUp: at < 0.1 }
}

type Purpose = "chat_attachment" | "complaint_evidence" | "import"

/** What a step's file is called. */
export const fileKeyOf = ({ key }: Pick<Step, "key">): string => `${key}-file`

/** Uploads a small file under the step's key. @returns its id, where that was heard. */
export async function uploadOf(
  scene: Scene,
  actor: Actor,
  step: Uploading,
  purpose: Purpose,
  bytes = bytesOf(fileKeyOf(step), step.picks[2]),
): Promise<string | undefined> {
  const key = fileKeyOf(step)
  const sha256 = createHash("sha256").update(bytes).digest("hex")
  let id: string | undefined
  await give(
    scene,
    actor,
    { key, manner: cutMore(step) },
    {
      kind: "upload file",
      call: { method: "POST", path: `/files?purpose=${purpose}&name=${key}`, bytes },
      asked: { sha256, client: actor.client },
    },
    {
      learn: ({ text }: Answer) => {
        const file = fileBody.parse(JSON.parse(text))
        if (file.sha256 !== sha256) scene.journal.violate(`${key} was taken as ${file.sha256}, and is ${sha256}`)
        id = file.id
      },
    },
  )
  return id
}

export const upload: Play = async (scene, actor, step) => {
  await uploadOf(scene, actor, step, "chat_attachment")
  return undefined
}

/** About an order of the buyer's, half of them with evidence. */
export const complain: Play = async (scene, actor, step) => {
  const order = pickOf(actor.organization.orders.values(), ({ shownVersion }) => shownVersion > 0, step.picks[0])
  if (order === undefined) return listOrders(scene, actor)
  const fileId = step.picks[1] < 0.5 ? await uploadOf(scene, actor, step, "complaint_evidence") : undefined
  const body = { order_id: order.id, title: "Torture", description: step.key, evidence: fileId === undefined ? [] : [fileId] }
  return give(scene, actor, step, { kind: "open complaint", call: { method: "POST", path: "/complaints", body }, asked: { fileId } })
}
