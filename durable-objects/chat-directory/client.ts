import type { OrganizationId } from "../../src/kernel/ids.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { callObject } from "../shared/call-object.ts"
import type { ChatDirectoryRpc } from "./rpc.ts"

export type { HeadKey } from "./rpc.ts"

/** Calls an organization's directory; the object's name is written nowhere else. Everything it offers may be repeated. */
export const callDirectory = <T>(
  env: Pick<Bindings, "CHAT_DIRECTORY">,
  orgId: OrganizationId,
  use: (directory: ChatDirectoryRpc) => Promise<T>,
  meter?: Meter,
): Promise<T> => callObject(env.CHAT_DIRECTORY, orgId, use, { meter })
