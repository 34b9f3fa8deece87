import { sql } from "drizzle-orm"
import { index, integer, text } from "drizzle-orm/sqlite-core"
import type { FileId, OrganizationId } from "../../kernel/ids.ts"
import { platformTable } from "../../platform/db/tables.ts"
import type { Capability, KybStatus, OrganizationSettings, OrganizationStatus } from "./rules.ts"

/** The tenants themselves. A platform table: an organization's row is the organization, it belongs to nobody. */
export const organizations = platformTable(
  "organizations",
  {
    id: text("id").$type<OrganizationId>().primaryKey(),
    /** The 40-bit number that names the organization's ledger object; also the low bits of its id. */
    routing: integer("routing").notNull().unique(),
    name: text("name").notNull(),
    slug: text("slug").notNull().unique(),
    capabilities: text("capabilities", { mode: "json" }).$type<readonly Capability[]>().notNull(),
    kybStatus: text("kyb_status").$type<KybStatus>().notNull(),
    kybReason: text("kyb_reason"),
    /** Files of the last submission; null before the first that had any. */
    kybDocuments: text("kyb_documents", { mode: "json" }).$type<readonly FileId[]>(),
    status: text("status").$type<OrganizationStatus>().notNull(),
    settings: text("settings", { mode: "json" }).$type<OrganizationSettings>().notNull(),
    /** Whether `capabilities` holds supplier, as a column that the directory's index can use. */
    isSupplier: integer("is_supplier", { mode: "boolean" }).notNull(),
    version: integer("version").notNull(),
    /** The version that the organization's ledger has acknowledged; the sweep sends what is behind. */
    ledgerVersion: integer("ledger_version").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [
    index("organizations_directory").on(t.isSupplier, t.status, sql`name collate nocase`, t.id),
    index("organizations_kyb_status").on(t.kybStatus, t.id),
    index("organizations_unsent").on(t.id).where(sql`ledger_version < version`),
  ],
)

export type OrganizationRow = typeof organizations.$inferSelect
