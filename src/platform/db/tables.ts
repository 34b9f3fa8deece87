import { type BuildColumns, type BuildExtraConfigColumns, getTableName, type SQL } from "drizzle-orm"
import {
  type SQLiteColumn,
  type SQLiteColumnBuilderBase,
  type SQLiteTable,
  type SQLiteTableExtraConfigValue,
  type SQLiteTableWithColumns,
  sqliteTable,
  text,
} from "drizzle-orm/sqlite-core"
import type { OrganizationId } from "../../kernel/ids.ts"

/**
 * Every D1 table is one of three kinds, and there is no fourth:
 * - tenant: each row belongs to the organization in `org_id`; reached through that organization's TenantDb.
 * - linked: a supplier's rows that partners with an approved link may read too.
 * - platform: belongs to nobody; reached through `acrossTenants` alone.
 */
type TableKind = "tenant" | "linked" | "platform"

declare const kindBrand: unique symbol
type OfKind<K extends TableKind> = SQLiteTable & { readonly [kindBrand]: K }
export type TenantTable = OfKind<"tenant"> & { readonly orgId: SQLiteColumn }
export type LinkedTable = OfKind<"linked"> & { readonly orgId: SQLiteColumn }
export type PlatformTable = OfKind<"platform">

const orgIdColumn = () => text("org_id").$type<OrganizationId>().notNull()
type TenantColumns = { orgId: ReturnType<typeof orgIdColumn> }

type ColumnsMap = Record<string, SQLiteColumnBuilderBase>
type Built<N extends string, C extends ColumnsMap> = SQLiteTableWithColumns<{
  name: N
  schema: undefined
  columns: BuildColumns<N, C, "sqlite">
  dialect: "sqlite"
}>
type Extras<N extends string, C extends ColumnsMap> = (self: BuildExtraConfigColumns<N, C, "sqlite">) => SQLiteTableExtraConfigValue[]

/** Name and kind of every declared table, for the tests that hold migrations and tenancy to the declarations. */
export const declaredTables = new Map<string, { readonly kind: TableKind; readonly table: SQLiteTable }>()

/** drizzle's own overloads cannot infer through our generics; the builders' result types below say what this one does not. */
const makeTable = sqliteTable as unknown as (
  name: string,
  columns: ColumnsMap,
  extras?: (self: never) => SQLiteTableExtraConfigValue[],
) => SQLiteTable

function declare<N extends string, C extends ColumnsMap, K extends TableKind>(kind: K, name: N, columns: C, extras?: Extras<N, C>) {
  const table = makeTable(name, columns, extras)
  declaredTables.set(getTableName(table), { kind, table })
  return table as unknown as Built<N, C> & { readonly [kindBrand]: K }
}

/** A table whose rows each belong to one organization. `org_id` is added here and leads its keys and indexes. */
export const tenantTable = <N extends string, C extends ColumnsMap>(name: N, columns: C, extras?: Extras<N, TenantColumns & C>) =>
  declare("tenant", name, { orgId: orgIdColumn(), ...columns } as TenantColumns & C, extras)

/** A supplier's table that its approved partners may read, through their link and never without it. */
export const linkedTable = <N extends string, C extends ColumnsMap>(name: N, columns: C, extras?: Extras<N, TenantColumns & C>) =>
  declare("linked", name, { orgId: orgIdColumn(), ...columns } as TenantColumns & C, extras)

/** A table that belongs to no organization. */
export const platformTable = <N extends string, C extends ColumnsMap>(name: N, columns: C, extras?: Extras<N, C>) =>
  declare("platform", name, columns, extras)

export type Condition = SQL | undefined
