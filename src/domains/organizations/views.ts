import { formatInstant } from "../../kernel/time.ts"
import type { OrganizationFacts } from "./rules.ts"
import type { OrganizationView } from "./schemas.ts"
import type { OrganizationRow } from "./tables.ts"

export const toOrganizationView = (row: OrganizationRow): OrganizationView => ({
  id: row.id,
  name: row.name,
  slug: row.slug,
  capabilities: [...row.capabilities],
  kyb_status: row.kybStatus,
  ...(row.kybReason === null ? {} : { kyb_reason: row.kybReason }),
  ...(row.kybDocuments === null ? {} : { kyb_documents: [...row.kybDocuments] }),
  status: row.status,
  settings: { ...row.settings },
  created_at: formatInstant(row.createdAt),
  version: row.version,
})

export const toDirectoryEntry = ({ id, name, capabilities, kybStatus }: OrganizationRow) => ({
  id,
  name,
  capabilities,
  kyb_status: kybStatus,
})

export const toFacts = (row: OrganizationRow): OrganizationFacts => ({
  id: row.id,
  routing: row.routing,
  name: row.name,
  status: row.status,
  kybStatus: row.kybStatus,
  isSupplier: row.isSupplier,
  settings: row.settings,
  version: row.version,
})
