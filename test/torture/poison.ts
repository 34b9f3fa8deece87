import { z } from "zod"
import { fetchAgain } from "../support/server/fetch-again.ts"
import { idsOf, outboxOf, waitingOf } from "./books.ts"
import type { Journal } from "./journal.ts"
import type { Keeper } from "./keeper.ts"
import { poison } from "./plan.ts"
import type { Organization, World } from "./world.ts"

/**
 * Rows that D1 refuses for good: orders by their note, audit rows of products by the description. A trigger refuses
 * them as a broken constraint would, for as long as it stands there, whatever the weather.
 */
const triggers = [
  { name: "poisoned_orders", table: "orders", when: `new.note like '%${poison}'` },
  { name: "poisoned_audit_rows", table: "audit_logs", when: `new.entity = 'product' and new.after ->> 'description' like '%${poison}'` },
] as const

export async function spreadPoison({ server }: Keeper): Promise<void> {
  for (const { name, table, when } of triggers)
    await server.databaseRows(
      `create trigger ${name} before insert on ${table} when ${when} begin select raise(abort, 'refused by the torture'); end`,
    )
}

const removePoison = async ({ server }: Keeper): Promise<void> => {
  for (const { name } of triggers) await server.databaseRows(`drop trigger ${name}`)
}

const reconciliation = z.object({
  checked: z.number(),
  differences: z.array(z.unknown()),
  stuck: z.array(z.object({ what: z.string(), error: z.string() })),
})
/** More than that are not listed. */
const listedMax = 100

/** As an operator, in fine weather. @throws when the answer is no 200. */
export async function ask(keeper: Keeper, token: string, method: "GET" | "POST", path: string, key?: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, ...(key === undefined ? {} : { "idempotency-key": key }) }
  const answer = await fetchAgain(`${keeper.url}/api/v1${path}`, { method, headers })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`)
  return text
}

/** Compares a ledger with D1, where nothing may differ. @returns how many things were compared and which rows are stuck. */
export async function compare(keeper: Keeper, world: World, { id, name }: Organization, journal: Journal) {
  const text = await ask(keeper, await world.staffToken(), "GET", `/admin/ledgers/${id}/reconciliation`)
  const found = reconciliation.parse(JSON.parse(text))
  if (found.differences.length > 0) journal.violate(`after it had drained, D1 differed from the ledger of ${name}: ${text.slice(0, 1_000)}`)
  return found
}

const isPoisoned = `note like '%${poison}'`

/** While D1 refuses them: they are listed, they alone, and every other row has got past them. @returns how many are stuck. */
async function findStuck(keeper: Keeper, world: World, ledger: Organization, journal: Journal): Promise<number> {
  const { name } = ledger
  const { stuck } = await compare(keeper, world, ledger, journal)
  const poisoned = await idsOf(keeper, `select id from orders where ${isPoisoned}`, ledger)
  const kept = await idsOf(keeper, `select id from orders where not ${isPoisoned}`, ledger)
  const shown = new Set(await idsOf(keeper, `select id from orders where org_id = '${ledger.id}' and side = 'supplier'`))
  for (const id of poisoned) if (shown.has(id)) journal.violate(`D1 shows ${id} of ${name}, which it refuses`)
  for (const id of kept) if (!shown.has(id)) journal.violate(`${id} of ${name} is held back behind a row that D1 refuses`)
  if ((await waitingOf(keeper, ledger)) > 0) journal.violate(`rows of ${name} wait behind those that D1 refuses`)

  const refusable = `select 'audit_logs ' || n as id from outbox_append where row like '%${poison}%'`
  const wanted = [...poisoned.map((id) => `order ${id}`), ...(await idsOf(keeper, `${refusable} and stuck is not null`, ledger))].sort()
  const listed = stuck.map(({ what }) => what).sort()
  const isAll = listed.join() === wanted.join()
  if (listed.length < listedMax && !isAll) journal.violate(`${name} lists as refused ${listed.join()}, and D1 refuses ${wanted.join()}`)
  return outboxOf(keeper, ledger)
}

const mendMsMax = 30_000

/**
 * Finds what is stuck, then has D1 take it again. Comparing mends every other ledger, rebuilding those between.
 * @returns how many rows were mended.
 */
export async function mendPoison(keeper: Keeper, world: World, journal: Journal, sleep: (ms: number) => Promise<unknown>): Promise<number> {
  let stuck = 0
  for (const ledger of world.suppliers) stuck += await findStuck(keeper, world, ledger, journal)
  await removePoison(keeper)
  for (const [index, ledger] of world.suppliers.entries()) {
    if (index % 2 === 0) await compare(keeper, world, ledger, journal)
    else await ask(keeper, await world.staffToken(), "POST", `/admin/ledgers/${ledger.id}/rebuild`)
  }
  const deadline = Date.now() + mendMsMax
  for (const ledger of world.suppliers) {
    for (let left = await outboxOf(keeper, ledger); left > 0; left = await outboxOf(keeper, ledger)) {
      if (Date.now() > deadline) {
        journal.violate(`${left} rows of ${ledger.name} are not in D1 ${mendMsMax / 1_000} s after it took them again`)
        return stuck
      }
      await sleep(100)
    }
  }
  return stuck
}
