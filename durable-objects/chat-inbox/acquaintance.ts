import { links } from "../../src/domains/partners/tables.ts"
import type { ConversationId, LinkId, OrganizationId } from "../../src/kernel/ids.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { TenantDb } from "../../src/platform/db/tenant-db.ts"
import type { Bindings } from "../../src/platform/env.ts"
import { callDirectory } from "../chat-directory/client.ts"

/** Whether the organization's own directory lists the conversation. */
export const isListed = async (
  env: Pick<Bindings, "CHAT_DIRECTORY">,
  orgId: OrganizationId,
  id: ConversationId,
  meter?: Meter,
): Promise<boolean> => (await callDirectory(env, orgId, (directory) => directory.byIds([id]), meter)).length > 0

/** Whether the organization has such a link, of whatever status: its own row says so, also while the directory has not heard. */
export const hasLink = async (db: TenantDb, id: LinkId): Promise<boolean> => (await db.byId(links, id)) !== undefined
