import type { Books } from "../books.ts"
import type { Journal } from "../journal.ts"
import { answerId, groupBy, must, mustStand, ofKind } from "./check.ts"

const isWhole = ({ status }: { readonly status: string }): boolean => status === "READY" || status === "ATTACHED"

export function uploadsStandOnce({ files, complaints }: Books, journal: Journal): number {
  const own = groupBy(
    files.filter((row) => row.org_id === row.owner_id && isWhole(row)),
    ({ name }) => name,
  )
  const uploads = ofKind(journal, "upload file")
  for (const command of uploads) {
    const found = own.get(command.key) ?? []
    mustStand(command, found.length, "file")
    must(
      found.length === 0 || journal.wholeUploads.has(command.key),
      () => `${command.key} was cut off each time, and there is ${found[0]?.id}`,
    )
    for (const { id, sha256 } of found) {
      must(sha256 === command.asked["sha256"], () => `${id} (${command.key}) is ${sha256}, and was ${String(command.asked["sha256"])}`)
      must([undefined, id].includes(answerId(command)), () => `${command.key} was acknowledged as ${answerId(command)} and is ${id}`)
    }
  }
  const byKey = groupBy(complaints, ({ description }) => description)
  const opened = ofKind(journal, "open complaint")
  for (const command of opened) {
    const rows = byKey.get(command.key) ?? []
    mustStand(command, new Set(rows.map(({ id }) => id)).size, "complaint")
    must(rows.length % 2 === 0, () => `${command.key} stands with ${rows.length} rows`)
  }
  return uploads.length + opened.length
}

export function filesAreWhole({ contents }: Books, journal: Journal): number {
  for (const command of ofKind(journal, "upload file")) {
    const id = answerId(command)
    if (id === undefined) continue
    must(contents.get(id) === command.asked["sha256"], () => `${id} (${command.key}) was read as ${contents.get(id)}`)
  }
  return contents.size
}

export function objectsAndRowsAgree({ files, objectKeys, usage }: Books): number {
  const own = files.filter((row) => row.org_id === row.owner_id)
  for (const { id, status } of own) must(isWhole({ status }), () => `${id} is still ${status} after the sweep`)
  const wanted = new Set(own.map(({ owner_id: owner, purpose, id }) => `${owner}/${purpose}/${id}`))
  const found = new Set(objectKeys)
  for (const key of wanted) must(found.has(key), () => `${key} has a row and no object`)
  for (const key of found) must(wanted.has(key), () => `${key} has an object and no row`)
  const bytes = groupBy(own, ({ org_id: orgId }) => orgId)
  const usedBy = new Map(usage.map(({ org_id: orgId, bytes: said }) => [orgId, said]))
  for (const orgId of new Set([...bytes.keys(), ...usedBy.keys()])) {
    const sum = (bytes.get(orgId) ?? []).reduce((total, { size_bytes: size }) => total + size, 0)
    const said = usedBy.get(orgId)
    must(said === sum, () => `files of ${orgId} take ${sum} bytes, and are said to take ${said}`)
  }
  return found.size
}
