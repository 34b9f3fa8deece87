import type { OrganizationId } from "../../../src/kernel/ids.ts"
import type { Statement } from "../../../src/platform/db/executor.ts"
import { appendOnly, type ProjectedRow } from "../../../src/platform/db/projection.ts"
import { auditLogs, events } from "../../../src/platform/events/tables.ts"
import type { OutboxItem } from "../../shared/outbox.ts"
import type { LedgerStore } from "../store/index.ts"
import type { Kind } from "./kind.ts"
import { link, terms } from "./links.ts"
import { location } from "./locations.ts"
import { order } from "./orders.ts"
import { component, product } from "./products.ts"
import { level, lot, minimum, movement, unit } from "./stock.ts"

/** Everything that D1 shows. The outbox keeps these names, so none is ever renamed. */
const kinds = { location, product, level, movement, link, terms, order, lot, unit, minimum, component } as const satisfies Record<
  string,
  Kind
>

/** A name for part of a kind's row: where nothing else changed, these columns alone are written, and no index of the others. A sale moves a product's quantity, and what its place holds. */
const parts = {
  stock: { of: "product", columns: ["stock_milli", "available_milli", "stock_seq"], guard: "stock_seq" },
  holding: { of: "location", columns: ["on_hand_milli", "incoming_milli", "held_seq"], guard: "held_seq" },
} as const satisfies Record<string, { readonly of: keyof typeof kinds; readonly columns: readonly string[]; readonly guard: string }>

export type WholeKind = keyof typeof kinds
type Part = keyof typeof parts
export type ProjectedKind = WholeKind | Part

/** Every kind under its name. */
export const wholeKinds = Object.entries(kinds) as ReadonlyArray<[WholeKind, Kind]>

/** The parts that are written alone, of a kind. */
export const partsOf = (kind: WholeKind): Part[] => (Object.keys(parts) as Part[]).filter((part) => parts[part].of === kind)

export const appended = {
  audit_logs: appendOnly(auditLogs, ["org_id", "id"]),
  events: appendOnly(events, ["org_id", "id"]),
} as const

/** Whose events are among these items. */
export function eventOrganizations(items: ReadonlyArray<OutboxItem<ProjectedKind>>): OrganizationId[] {
  const found = items.flatMap((item) =>
    item.type === "append" && item.table === "events" ? [appended.events.organizationOf(item.rowJson)] : [],
  )
  return [...new Set(found)]
}

/** The statements that write rows of a kind, or rows that are only added, each a JSON array. */
export function statementsFor(target: ProjectedKind | keyof typeof appended, rows: readonly string[]): readonly Statement[] {
  if (target === "audit_logs" || target === "events") return [appended[target].insert(rows)]
  if (!isPart(target)) return kinds[target].upsert(rows)
  const { of, columns, guard } = parts[target]
  return [kinds[of].upsertOnly(columns, guard, rows)]
}

/** The rows that D1 should hold of a thing as the ledger has it now. */
export const rowsOf = (store: LedgerStore, kind: ProjectedKind, id: string): ProjectedRow[] =>
  kinds[isPart(kind) ? parts[kind].of : kind].rowsOf(store, id)

const isPart = (kind: ProjectedKind): kind is Part => Object.hasOwn(parts, kind)
