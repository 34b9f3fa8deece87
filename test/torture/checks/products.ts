import type { Books } from "../books.ts"
import type { Command, Journal } from "../journal.ts"
import { answerId, groupBy, must, mustStand, ofKind } from "./check.ts"
import { unitsOf } from "./imports.ts"

export function productsStandOnce({ ledgers, audits }: Books, journal: Journal): number {
  const products = ledgers.flatMap((ledger) => ledger.products)
  const bySku = groupBy(products, ({ sku }) => sku)
  const created = ofKind(journal, "create product")
  for (const command of created) {
    const found = bySku.get(command.key) ?? []
    mustStand(command, found.length, "product")
    const told = answerId(command)
    must(told === undefined || told === found[0]?.id, () => `${command.key} was acknowledged as ${told} and stands as ${found[0]?.id}`)
  }
  const known = new Set([...created, ...unitsOf(journal, "products")].map(({ key }) => key))
  for (const { sku } of products) must(known.has(sku), () => `product ${sku} was never asked for`)

  const edits = groupBy(
    audits.filter(({ action }) => action === "catalog.product.update"),
    ({ after }) => after?.["description"] as string,
  )
  const edited = ofKind(journal, "edit product")
  for (const command of edited) {
    const found = edits.get(command.key) ?? []
    mustStand(command, found.length, "edit")
    const [row] = found
    if (row === undefined) continue
    must(row.entity_id === command.target, () => `${command.key} was about ${command.target} and changed ${row.entity_id}`)
    for (const [name, value] of Object.entries(changeOf(command)))
      must(row.after?.[name] === value, () => `${command.key} asked for ${name} ${String(value)} and got ${String(row.after?.[name])}`)
  }
  const archived = groupBy(ofKind(journal, "archive product"), ({ target }) => target)
  for (const { id, archived_at: archivedAt } of products) {
    const commands = archived.get(id) ?? []
    const done = commands.filter(({ outcome }) => outcome === "acknowledged")
    must(done.length <= 1, () => `${id} was archived ${done.length} times`)
    must(done.length === 0 || archivedAt !== null, () => `${id} was archived, as ${done[0]?.key} was told, and is not`)
    must(archivedAt === null || commands.some(({ outcome }) => outcome !== "refused"), () => `${id} is archived and nobody asked for it`)
  }
  return created.length + edited.length
}

const changeOf = ({ asked }: Command): Readonly<Record<string, unknown>> => asked["change"] as Readonly<Record<string, unknown>>

/** Of those who edit what they have read, only one builds upon each version; who was told of a newer one was told the truth. */
export function editsBuildOnWhatWasRead({ ledgers, audits }: Books, journal: Journal): number {
  const changes = groupBy(
    audits.filter(({ entity }) => entity === "product"),
    (row) => row.entity_id,
  )
  for (const { id, version } of ledgers.flatMap(({ products }) => products)) {
    const steps = (changes.get(id) ?? [])
      .map(({ before, after }) => ({ from: Number(before?.["version"] ?? 0), to: Number(after?.["version"]) }))
      .sort((a, b) => a.to - b.to)
    must(
      steps.length === version && steps.every(({ from, to }, index) => from === index && to === index + 1),
      () => `${id} is at version ${version} and went ${steps.map(({ from, to }) => `${from} to ${to}`).join(", ")}`,
    )
  }
  const rows = groupBy(audits, ({ action, after }) =>
    action === "catalog.product.update" ? (after?.["description"] as string) : undefined,
  )
  const conditional = ofKind(journal, "edit product").filter(({ asked }) => asked["onVersion"] !== undefined)
  for (const { key, asked, target = "", refusals } of conditional) {
    const [row] = rows.get(key) ?? []
    must(
      row === undefined || row.before?.["version"] === asked["onVersion"],
      () => `${key} was an edit of version ${String(asked["onVersion"])} and changed version ${String(row?.before?.["version"])}`,
    )
    const isOvertaken = (changes.get(target) ?? []).some(({ after }) => Number(after?.["version"]) > Number(asked["onVersion"]))
    must(
      !refusals.includes("VERSION_MISMATCH") || isOvertaken,
      () => `${key} was refused as an edit of version ${String(asked["onVersion"])} of ${target}, which is the newest`,
    )
  }
  return conditional.length
}
