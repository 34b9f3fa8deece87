import type { Books } from "../books.ts"
import type { Import } from "../imports.ts"
import type { Command, CommandKind, Journal } from "../journal.ts"
import { fileKeyOf } from "../steps/files.ts"
import type { ImportUnit } from "../steps/imports.ts"
import { answerId, groupBy, must, mustStand, ofKind } from "./check.ts"

type Kind = "products" | "orders"
const kinds = { products: "import products", orders: "import orders" } as const satisfies Record<Kind, CommandKind>

const unitsIn = ({ asked }: Command): readonly ImportUnit[] => asked["units"] as readonly ImportUnit[]

/** All that files were to become. */
export const unitsOf = (journal: Journal, kind: Kind): ImportUnit[] => ofKind(journal, kinds[kind]).flatMap(unitsIn)

/** Every import that was acknowledged ran to its end, once, and says the same wherever one asks. */
export function importsEndOnce({ imports, audits, events }: Books, journal: Journal): number {
  const byName = groupBy(imports, ({ name }) => name)
  const rowsOf = groupBy(
    audits.filter(({ entity }) => entity === "import"),
    ({ entity_id: id }) => id,
  )
  const told = groupBy(
    events.filter(({ type }) => type.startsWith("import.")),
    ({ data }) => String(data["job_id"]),
  )
  let known = 0
  for (const kind of ["products", "orders"] as const) {
    for (const command of ofKind(journal, kinds[kind])) {
      const found = byName.get(fileKeyOf(command)) ?? []
      mustStand(command, found.length, "import")
      const [job] = found
      if (job === undefined) continue
      known += 1
      must(
        [undefined, job.id].includes(answerId(command)),
        () => `${command.key} was acknowledged as ${answerId(command)} and is ${job.id}`,
      )
      mustBeOver(job, kind, Number(command.asked["rows"]))
      const actions = (rowsOf.get(job.id) ?? []).map(({ action }) => action).sort()
      must(actions.join() === `imports.${kind}.finish,imports.${kind}.start`, () => `${job.id} has the audit rows ${actions.join()}`)
      const types = (told.get(job.id) ?? []).map(({ type }) => type).sort()
      must(types.join() === "import.finished,import.started", () => `${job.id} has the events ${types.join()}`)
    }
  }
  must(known === imports.length, () => `${imports.length} imports stand, and ${known} of them were asked for`)
  must(rowsOf.size === imports.length, () => `${imports.length} imports stand, and ${rowsOf.size} are on the audit trail`)
  return imports.length
}

function mustBeOver({ id, view, failedRows, ...job }: Import, kind: Kind, rows: number): void {
  const { status, total, done, failed, reason, finished_at: finishedAt, errors_file_id: errors } = job
  must(job.kind === kind && status === "DONE" && finishedAt !== null, () => `${id} is ${status}: ${reason}`)
  must(
    total === rows && done + failed === total && failedRows.length === failed && (errors === null) === (failed === 0),
    () => `${id} of ${rows} rows says ${done} of ${total} are done, ${failed} failed, and its file has ${failedRows.length}`,
  )
  const isSame = view.status === status && view.done === done && view.failed === failed && view.errors_file_id === errors
  must(isSame, () => `${id} is told of as ${JSON.stringify(view)}`)
}

/** Every good row became its product or order once, every other is in the file of failed rows, and no import did anything else. */
export function importedRowsStandOnce({ imports, ledgers, audits }: Books, journal: Journal): number {
  const byName = groupBy(imports, ({ name }) => name)
  const places = {
    products: {
      new: groupBy(
        ledgers.flatMap(({ products }) => products),
        ({ sku }) => sku,
      ),
      change: groupBy(
        audits.filter(({ action }) => action === "catalog.product.update"),
        ({ after }) => after?.["description"] as string,
      ),
    },
    orders: {
      new: groupBy(
        ledgers.flatMap(({ orders }) => orders),
        ({ note }) => note,
      ),
      change: new Map<string, unknown[]>(),
    },
  } as const
  let rows = 0
  for (const kind of ["products", "orders"] as const) {
    for (const command of ofKind(journal, kinds[kind])) {
      const [job] = byName.get(fileKeyOf(command)) ?? []
      const failed = new Set(job?.failedRows)
      for (const unit of unitsIn(command)) {
        const found = [...(places[kind].new.get(unit.key) ?? []), ...(places[kind].change.get(unit.key) ?? [])]
        mustComeTo(unit, found.length, job === undefined ? undefined : unit.rows.filter((row) => failed.has(row)).length, kind)
        rows += unit.rows.length
      }
    }
  }
  return rows
}

/** `failed` of its rows are in the file of failed rows; undefined where there is no import. */
function mustComeTo({ key, rows, comesTo }: ImportUnit, found: number, failed: number | undefined, kind: Kind): void {
  const says = () => `${key} stands ${found} times in the ${kind}, and ${failed ?? "no"} of its ${rows.length} rows are said to have failed`
  if (failed === undefined) return must(found === 0, says)
  must(found === 1 ? failed === 0 : found === 0 && failed === rows.length, says)
  // Whether a product is still there, and a link still approved, nobody can say beforehand.
  must(comesTo !== "new" || kind === "orders" || found === 1, () => `${key} makes sense, and came to nothing`)
  must(comesTo !== "nothing" || found === 0, () => `${key} makes no sense, and came to something`)
}
