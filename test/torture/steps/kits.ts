import type { ProductId } from "../../../src/kernel/ids.ts"
import type { Step } from "../plan.ts"
import type { Actor } from "../world.ts"
import { type Given, give, type Scene } from "./scene.ts"

export const addComponent = (
  scene: Scene,
  actor: Actor,
  step: Pick<Step, "key" | "manner">,
  parentId: ProductId,
  childId: ProductId,
  quantity: number,
): Promise<Given> =>
  give(scene, actor, step, {
    kind: "add component",
    call: { method: "POST", path: "/bundles", body: { parent_id: parentId, child_id: childId, quantity } },
    asked: { parentId, childId, quantity },
  })
