import { and, asc, desc, eq, gt, lt, type SQL, sql } from "drizzle-orm"
import type { FamilyId, IdentityId, ProductId } from "../../kernel/ids.ts"
import { limits } from "../../kernel/limits.ts"
import { type Instant, second } from "../../kernel/time.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guard, guardChanged } from "../../platform/db/guards.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { isVariant, type ProductRow, products } from "../catalog/index.ts"
import { type FamilyRow, families, type IdentityRow, identities, partNumberHolds } from "./tables.ts"

/** What a list of variants shows. */
type VariantFilter = { readonly identityId: IdentityId | undefined }

export const hubStore = (db: TenantDb) => {
  const version = (row: FamilyRow): SQL | undefined => and(eq(families.id, row.id), eq(families.version, row.version))
  const isOfFamily = (id: FamilyId): SQL => sql`(select 1 from identities where org_id = ${db.orgId} and family_id = ${id})`

  return {
    family: (id: FamilyId) => db.byId(families, id),

    /** By code. */
    families: ({ after, rowsMax }: { readonly after: number | undefined; readonly rowsMax: number }) =>
      db.many(families, {
        where: after === undefined ? undefined : gt(families.code, after),
        orderBy: [asc(families.code)],
        limit: rowsMax,
        indexedBy: "families_code",
      }),

    insertFamily: (row: FamilyRow): Statement => db.insert(families, row),

    /** On the version that the change was decided on, or the whole batch is refused. */
    replaceFamily: (before: FamilyRow, { name, description, version: next, updatedAt }: FamilyRow): Statement[] => [
      db.update(families, version(before) ?? sql`0`, { name, description, version: next, updatedAt }),
      guardChanged("VERSION_MISMATCH"),
    ],

    /** INV-UPI-1: an identity that came in the meantime keeps its family. */
    deleteFamily: (row: FamilyRow): Statement[] => [
      guard("CONFLICT", sql`not exists ${isOfFamily(row.id)}`),
      db.delete(partNumberHolds, eq(partNumberHolds.familyId, row.id)),
      db.delete(families, version(row)),
      guardChanged("VERSION_MISMATCH"),
    ],

    identity: (id: IdentityId) => db.byId(identities, id),
    identityByUpisH: (upisH: string) => db.one(identities, eq(identities.upisH, upisH)),

    /** By UPIS-H. */
    identities: (filter: { readonly familyId: FamilyId | undefined; readonly after: string | undefined; readonly rowsMax: number }) =>
      db.many(identities, {
        where: and(
          filter.familyId === undefined ? undefined : eq(identities.familyId, filter.familyId),
          filter.after === undefined ? undefined : gt(identities.upisH, filter.after),
        ),
        orderBy: [asc(identities.upisH)],
        limit: filter.rowsMax,
        indexedBy: filter.familyId === undefined ? "identities_upis_h" : "identities_family",
      }),

    /** A family has a product, a bundle, a kit and ninety-nine parts at most. */
    identitiesOf: (familyId: FamilyId) =>
      db.many(identities, {
        where: eq(identities.familyId, familyId),
        orderBy: [asc(identities.upisH)],
        limit: limits.lciMax + 3,
        indexedBy: "identities_family",
      }),

    /** Its family must still be there when the batch commits. */
    insertIdentity: (row: IdentityRow): Statement[] => [
      guard("NOT_FOUND", sql`exists (select 1 from families where org_id = ${db.orgId} and id = ${row.familyId})`),
      db.insert(identities, row),
    ],

    /**
     * INV-UPI-4: the smallest number that no part of the family has and no other request was given, kept for this one.
     * One statement, so that of requests at once each gets its own; undefined when there is none left.
     */
    holdLci: async (familyId: FamilyId, now: Instant): Promise<number | undefined> => {
      const [[row] = []] = await db.query(
        (orgId) => sql`
          with recursive numbers (lci) as (select 1 union all select lci + 1 from numbers where lci < ${limits.lciMax})
          insert into part_number_holds (org_id, family_id, lci, held_until)
          select ${orgId}, ${familyId}, lci, ${now + limits.lciHoldSeconds * second} from numbers
          where lci not in (select lci from identities indexed by identities_family where org_id = ${orgId} and family_id = ${familyId} and lci is not null)
            and lci not in (select lci from part_number_holds where org_id = ${orgId} and family_id = ${familyId} and held_until > ${now})
          order by lci limit 1
          on conflict (org_id, family_id, lci) do update set held_until = excluded.held_until
          returning lci`,
      )
      return row === undefined ? undefined : Number(row["lci"])
    },

    releaseLci: (familyId: FamilyId, lci: number): Statement =>
      db.delete(partNumberHolds, and(eq(partNumberHolds.familyId, familyId), eq(partNumberHolds.lci, lci))),

    /** Newest first. The indexes are partial, and need their condition in the query word for word. */
    variants: (filter: VariantFilter & { readonly after: ProductId | undefined; readonly rowsMax: number }): Promise<ProductRow[]> =>
      db.ownMany(products, {
        where: and(
          isVariant,
          filter.identityId === undefined ? undefined : eq(products.identityId, filter.identityId),
          filter.after === undefined ? undefined : lt(products.id, filter.after),
        ),
        orderBy: [desc(products.id)],
        limit: filter.rowsMax,
        indexedBy: filter.identityId === undefined ? "products_variants" : "products_identity",
      }),

    variant: async (id: ProductId): Promise<ProductRow | undefined> => {
      const [row] = await db.ownMany(products, { where: and(isVariant, eq(products.id, id)), limit: 1, indexedBy: "products_variants" })
      return row
    },

    variantBySku: async (sku: string): Promise<ProductRow | undefined> => {
      const [row] = await db.ownMany(products, {
        where: and(isVariant, eq(products.sku, sku)),
        limit: 1,
        indexedBy: "products_variant_sku",
      })
      return row
    },
  }
}

/** As many of an identity's variants as it is shown with, newest first. */
export const identityVariants = (db: TenantDb, identityId: IdentityId): Promise<ProductRow[]> =>
  hubStore(db).variants({ identityId, after: undefined, rowsMax: limits.identityVariantsShownMax })
