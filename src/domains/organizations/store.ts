import { and, asc, eq, gt, lt, ne, sql } from "drizzle-orm"
import { type OrganizationId, platformOrganizationId } from "../../kernel/ids.ts"
import type { Statement } from "../../platform/db/executor.ts"
import { guardChanged } from "../../platform/db/guards.ts"
import type { Meter } from "../../platform/db/meter.ts"
import { acrossTenants } from "../../platform/db/tenant-db.ts"
import type { Bindings } from "../../platform/env.ts"
import type { KybStatus } from "./rules.ts"
import { type OrganizationRow, organizations } from "./tables.ts"

/** Sorts after every character that a name can hold. */
const lastCharacter = "\u{10ffff}"

type Page<K> = { readonly after: K | undefined; readonly limit: number }

/** The one way to organizations' rows. They belong to nobody, so who may see which is for the verbs to say. */
export const organizationStore = ({ env, meter }: { readonly env: Bindings; readonly meter: Meter }) => {
  const db = acrossTenants(env, meter, "an organization's row belongs to no tenant")
  const isCustomer = ne(organizations.id, platformOrganizationId)
  return {
    /** A customer; the platform's own organization is not found. */
    byId: (id: OrganizationId) => db.one(organizations, and(eq(organizations.id, id), isCustomer)),

    bySlug: (slug: string) => db.one(organizations, eq(organizations.slug, slug)),

    /** Oldest first. */
    page: ({ after, limit, kybStatus }: Page<string> & { readonly kybStatus: KybStatus | undefined }) =>
      db.many(organizations, {
        where: and(
          kybStatus === undefined ? undefined : eq(organizations.kybStatus, kybStatus),
          after === undefined ? undefined : gt(organizations.id, after as OrganizationId),
          isCustomer,
        ),
        orderBy: [asc(organizations.id)],
        limit,
      }),

    /** Active suppliers by name, in one walk of the index organizations_directory. */
    directory: ({ after, limit, prefix, except }: Page<readonly [name: string, id: string]> & { prefix: string; except: OrganizationId }) =>
      db.many(organizations, {
        where: and(
          eq(organizations.isSupplier, true),
          eq(organizations.status, "ACTIVE"),
          // The walk starts at the cursor where there is one; the plus keeps the prefix's lower bound from starting it earlier.
          after === undefined
            ? sql`name collate nocase >= ${prefix}`
            : sql`name collate nocase >= ${after[0]} and not (name = ${after[0]} collate nocase and id <= ${after[1]}) and +name collate nocase >= ${prefix}`,
          prefix === "" ? undefined : sql`name collate nocase < ${prefix + lastCharacter}`,
          ne(organizations.id, except),
        ),
        orderBy: [sql`name collate nocase`, asc(organizations.id)],
        limit,
      }),

    insert: (row: OrganizationRow): Statement => db.insert(organizations, row),

    /** INV-ORG-2: the change is made on the version it was decided on, or the whole batch is refused. */
    replace: (before: OrganizationRow, after: OrganizationRow): Statement[] => {
      const { id: _id, routing: _routing, createdAt: _createdAt, ledgerVersion: _ledgerVersion, ...changes } = after
      return [
        db.update(organizations, and(eq(organizations.id, before.id), eq(organizations.version, before.version)), changes),
        guardChanged("VERSION_MISMATCH"),
      ]
    },

    /** Organizations whose ledger has not acknowledged their last change. */
    unsent: (limit: number) => db.many(organizations, { where: sql`ledger_version < version`, orderBy: [asc(organizations.id)], limit }),

    markSent: async (id: OrganizationId, version: number): Promise<void> => {
      await db.run([
        db.update(organizations, and(eq(organizations.id, id), lt(organizations.ledgerVersion, version)), { ledgerVersion: version }),
      ])
    },
  }
}
