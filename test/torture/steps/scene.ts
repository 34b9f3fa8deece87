import type { OrganizationId } from "../../../src/kernel/ids.ts"
import type { ChatDevice } from "../chat-device.ts"
import type { Call, Client } from "../client.ts"
import { type Answer, Command, type CommandKind, type Journal } from "../journal.ts"
import type { Manner, Step } from "../plan.ts"
import { pick } from "../random.ts"
import type { Receiver } from "../receiver.ts"
import type { SlowWires } from "../slow-wires.ts"
import type { Hook } from "../webhooks.ts"
import { type Actor, type Organization, type Sender, suppliersOfBuyer, type World } from "../world.ts"

/** Sent once and waited for. */
export const plainManner: Manner = { vanishesAfterMs: undefined, givesUp: false, sends: 1, repeatsAfterSteps: undefined }

/** A command that was sent, by whom and how, so that it can be sent again. */
export type Given = { readonly command: Command; readonly call: Omit<Call, "key">; readonly sender: Sender }

export type Order = {
  readonly kind: CommandKind
  readonly call: Omit<Call, "key">
  readonly asked?: Command["asked"]
  readonly target?: string
}

/** What a step needs of the world around it. */
export type Scene = {
  readonly world: World
  readonly client: Client
  readonly journal: Journal
  readonly byId: ReadonlyMap<OrganizationId, Organization>
  /** Of those who write in conversations. */
  readonly devices: ReadonlyMap<Actor, ChatDevice>
  readonly startedAt: number
  readonly seed: number
  readonly receiver: Receiver
  readonly wires: SlowWires
  readonly hooks: readonly Hook[]
  /** From when on webhooks that are gone must hear nothing: they were disabled, and nothing waited for them. */
  readonly quietFrom: { at: number }
}

/** One step of somebody's; gives the command it made, if it made one. */
export type Play = (scene: Scene, actor: Actor, step: Step) => Promise<Given | undefined>

/** Writes the command down before it is sent, and has `learn` hear the answer that says it was done. */
export async function give(
  { client, journal }: Scene,
  sender: Sender,
  { key, manner }: Pick<Step, "key" | "manner">,
  { kind, call, asked = {}, target }: Order,
  { learn, opened }: { readonly learn?: (answer: Answer) => void; readonly opened?: (command: Command) => void } = {},
): Promise<Given> {
  const command = journal.open(new Command({ key, kind, orgId: sender.organization.id, target, asked }))
  opened?.(command)
  const answer = await client.give(sender, command, call, manner)
  if (answer !== undefined) learn?.(answer)
  return { command, call, sender }
}

/** One of a map's values that are as wanted. */
export const pickOf = <T>(things: Iterable<T>, isWanted: (thing: T) => boolean, at: number): T | undefined =>
  pick([...things].filter(isWanted), at)

/** One of the suppliers that a buyer ever deals with. */
export function supplierOf({ world }: Scene, buyer: Organization, at: number): Organization {
  const supplier = world.suppliers[pick(suppliersOfBuyer(world.buyers.indexOf(buyer)), at) ?? 0]
  if (supplier === undefined) throw new Error(`${buyer.name} has no supplier`)
  return supplier
}
