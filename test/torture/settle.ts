import { setTimeout as sleep } from "node:timers/promises"
import { lateLedgers, waitingOf, willLapse } from "./books.ts"
import { holder, judgeToken, propagationMs, tokensTried } from "./employee.ts"
import { endImports } from "./imports.ts"
import type { Keeper } from "./keeper.ts"
import { compare, mendPoison } from "./poison.ts"
import { importLast } from "./steps/imports.ts"
import { receiveAndSend } from "./steps/movements.ts"
import { hireAndDismiss } from "./steps/people.ts"
import { plainManner, type Scene } from "./steps/scene.ts"
import { receiveAndReserve } from "./steps/units.ts"
import type { Guarantee } from "./verify.ts"

/** Alarms of an object that died while it handled one come back after a minute. */
const drainMsMax = 100_000
/** Clocks of the server's and of ours are one, their roundings are not. */
const marginMs = 500

type Settling = {
  readonly keeper: Keeper
  readonly scene: Scene
  /** Whether ledgers must drain by themselves, and news spread, as long as that takes; else they are asked to. */
  readonly isPatient: boolean
  readonly say: (line: string) => void
}

/** After the faults: until D1 shows all that the ledgers hold, what it refused meanwhile included. @returns what was verified by it. */
export async function settle(settling: Settling): Promise<readonly Guarantee[]> {
  const { keeper, scene, isPatient, say } = settling
  const { world, journal } = scene
  // Organizations whose facts did not reach their ledger are sent again by the job of every minute.
  await keeper.server.cron("* * * * *")
  await stockLast(scene)
  await endImports(scene, keeper)
  await lapse(settling)
  const deadline = Date.now() + drainMsMax
  if (isPatient) await drain(settling, deadline)
  const mended = await mendPoison(keeper, world, journal, sleep)
  let checked = 0
  for (const ledger of world.suppliers) {
    const { checked: compared, stuck } = await compare(keeper, world, ledger, journal)
    if (stuck.length > 0) journal.violate(`${ledger.name} has rows stuck that nothing refuses: ${JSON.stringify(stuck).slice(0, 500)}`)
    checked += compared
  }
  say(`D1 shows all ${checked} things of the ledgers, and the ${mended} rows that it had refused`)
  for (let late = await lateLedgers(keeper); isPatient && late > 0; late = await lateLedgers(keeper)) {
    if (Date.now() > deadline) journal.violate(`${late} ledgers that have drained are still said to be late`)
    if (journal.violation !== undefined) break
    await sleep(500)
  }
  const refused = await tryOldTokens(settling)
  return [
    { name: "every token that was revoked is refused, once the news had its time to spread", checked: refused },
    { name: "rows that D1 refuses for good are listed, hold back no other, and stand once it takes them again", checked: mended },
  ]
}

/** Of everything that the stockroom's books are asked for, a short run may have too little. */
async function stockLast(scene: Scene): Promise<void> {
  const [storekeeper, buyer] = (["storekeeper", "buyer"] as const).map((wanted) => scene.world.actors.find(({ part }) => part === wanted))
  if (storekeeper === undefined || buyer === undefined) throw new Error("nobody keeps a stockroom, or nobody buys")
  const step = (what: string) => ({ key: `torture-${scene.seed}-last-${what}`, manner: plainManner })
  await receiveAndSend(scene, storekeeper, step("lot"))
  await receiveAndReserve(scene, storekeeper, step("units"))
  await importLast(scene, storekeeper, buyer, step("import").key)
}

/** What was promised for seconds is over before the books are read: none of it may end between two looks. */
async function lapse({ keeper, scene: { world, journal }, isPatient }: Settling): Promise<void> {
  const deadline = Date.now() + drainMsMax
  for (const ledger of world.suppliers) {
    for (let left = await willLapse(keeper, ledger); left > 0; left = await willLapse(keeper, ledger)) {
      if (Date.now() > deadline)
        return journal.violate(`${left} promises of ${ledger.name} are still there ${drainMsMax / 1_000} s after the faults have stopped`)
      await sleep(500)
      if (!isPatient) await keeper.ringAlarm(ledger)
    }
  }
}

async function drain({ keeper, scene: { world, journal } }: Settling, deadline: number): Promise<void> {
  const waiting = async (): Promise<number> => {
    let depth = 0
    for (const ledger of world.suppliers) depth += await waitingOf(keeper, ledger)
    return depth
  }
  for (let depth = await waiting(); depth > 0; depth = await waiting()) {
    if (Date.now() > deadline) return journal.violate(`${depth} rows still wait for D1 ${drainMsMax / 1_000} s after it has become well`)
    await sleep(500)
  }
}

/** Every token that was ever revoked, once more, after the last of the news has had its time to spread. @returns how many were refused. */
async function tryOldTokens({ scene }: Settling): Promise<number> {
  const { world, client, journal } = scene
  // A short run may have revoked nothing yet.
  for (const organization of world.suppliers) if (!organization.isLodger) await hireAndDismiss(scene, organization)
  const tokens = world.suppliers.flatMap((organization) =>
    organization.employees.flatMap((employee) => employee.tokens.map((token) => ({ organization, employee, token }))),
  )
  const revokedAt = tokens.map(({ employee, token }) => employee.revokedAt(token) ?? 0)
  const dueMs = Math.max(0, ...revokedAt) + propagationMs.usual - Date.now()
  if (dueMs > 0) await sleep(dueMs + marginMs)
  const before = journal.counted(tokensTried.over)
  for (const { organization, employee, token } of tokens) {
    const ask = () => client.send(holder(organization, token), { method: "GET", path: "/auth/me" })
    // Nobody strikes any more: a connection that was gone is no reason to leave a token untried.
    judgeToken(journal, employee, token, (await ask()) ?? (await ask()))
  }
  const revoked = revokedAt.filter((at) => at > 0).length
  const tried = journal.counted(tokensTried.over) - before
  if (tried < revoked) journal.violate(`${revoked} tokens were revoked, and ${tried} of them could be tried after the faults had stopped`)
  return tried
}
