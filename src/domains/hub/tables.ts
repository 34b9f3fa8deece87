import { index, integer, primaryKey, text, uniqueIndex } from "drizzle-orm/sqlite-core"
import type { FamilyId, IdentityId } from "../../kernel/ids.ts"
import { tenantTable } from "../../platform/db/tables.ts"
import type { IdentityType } from "./rules.ts"

/** Product families; this module is their writer. */
export const families = tenantTable(
  "families",
  {
    id: text("id").$type<FamilyId>().notNull(),
    /** 0 to 99999, shown as five digits. */
    code: integer("code").notNull(),
    name: text("name").notNull(),
    description: text("description").notNull(),
    version: integer("version").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] }), uniqueIndex("families_code").on(t.orgId, t.code)],
)

/** Product identities, never changed nor deleted; this module is their writer. */
export const identities = tenantTable(
  "identities",
  {
    id: text("id").$type<IdentityId>().notNull(),
    familyId: text("family_id").$type<FamilyId>().notNull(),
    type: text("type").$type<IdentityType>().notNull(),
    /** 1 to 99, in parts alone. */
    lci: integer("lci"),
    upisH: text("upis_h").notNull(),
    hexSignature: text("hex_signature").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.id] }),
    uniqueIndex("identities_upis_h").on(t.orgId, t.upisH),
    index("identities_family").on(t.orgId, t.familyId, t.upisH),
  ],
)

/** Numbers of parts that requests on their way have been given; a row is over at `heldUntil`, whatever became of its request. */
export const partNumberHolds = tenantTable(
  "part_number_holds",
  {
    familyId: text("family_id").$type<FamilyId>().notNull(),
    lci: integer("lci").notNull(),
    heldUntil: integer("held_until").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.familyId, t.lci] })],
)

export type FamilyRow = typeof families.$inferSelect
export type IdentityRow = typeof identities.$inferSelect
