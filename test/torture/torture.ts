import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { root } from "../../scripts/lib/paths.mjs"
import { type OrganizationId, platformOrganizationId } from "../../src/kernel/ids.ts"
import type { SigningKey } from "../../src/platform/auth/access-token.ts"
import { lateLedgers, outboxOf, readBooks } from "./books.ts"
import { Client } from "./client.ts"
import { type CommandKind, Journal, type Outcome } from "./journal.ts"
import { Keeper } from "./keeper.ts"
import { blowsOf, digestOf } from "./plan.ts"
import { type Guarantee, verify } from "./verify.ts"
import { Workload } from "./workload.ts"
import {
  type Actor,
  actorsOf,
  buyerCount,
  cast,
  Organization,
  type Owner,
  signer,
  supplierCount,
  suppliersOfBuyer,
  type World,
} from "./world.ts"

export type TortureOptions = { readonly seed: number; readonly seconds: number; readonly say: (line: string) => void }

export type TortureReport = {
  readonly seed: number
  /** Equal for equal plans: same operations, faults and kills. */
  readonly plan: string
  readonly seconds: number
  readonly did: Readonly<Record<string, number>>
  readonly commands: Readonly<Record<string, Readonly<Record<Outcome, number>>>>
  readonly verified: readonly Guarantee[]
  readonly violation: string | null
  /** Where the state and the server's log were left, when something is to be looked into. */
  readonly kept: string | null
}

const password = "a password that no log may hold"
const signingKey: SigningKey = { kid: "torture", secret: "signed-in-the-torture-chamber-and-nowhere-else-0000" }
const productsEach = 5
const openingStock = 500
const progressMs = 5_000
/** From this long a run on, ledgers must drain by themselves; a shorter one asks them to. */
const patientFromSeconds = 30
/** Alarms of an object that died while it handled one come back after a minute. */
const drainMsMax = 100_000

/** One run: a world, load and blows for the given time, then the books. Never throws for a broken promise; that is in the report. */
export async function torture({ seed, seconds, say }: TortureOptions): Promise<TortureReport> {
  const journal = new Journal()
  const folder = join(root, ".build", "torture", `${seed}-${process.pid}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const log = join(folder, "server.log")
  const durationMs = seconds * 1_000
  const plan = digestOf(seed, durationMs, cast)
  say(`seed ${seed}, plan ${plan}: ${cast.length} clients, ${seconds} s`)

  const vars = { JWT_KEYS: `${signingKey.kid}:${signingKey.secret}` }
  const keeper = await Keeper.start({ state: join(folder, "state"), log, vars, journal })
  let verified: readonly Guarantee[] = []
  try {
    const { world, client, workload } = await prepare(keeper, journal, seed)
    say(
      `${world.suppliers.length} suppliers, ${world.buyers.length} buyers, ${journal.tally("create product", "acknowledged")} products, ${journal.tally("move link", "acknowledged")} links; the load begins`,
    )

    const started = Date.now()
    const clock = (): string => `${((Date.now() - started) / 1_000).toFixed(0).padStart(4)} s`
    const progress = setInterval(() => say(`${clock()}  ${summary(journal)}`), progressMs)
    const ends = sleep(durationMs, undefined, { ref: false })
    const working = workload.run(seed)
    const striking = keeper.strike(
      blowsOf(seed, durationMs),
      world.suppliers,
      () => journal.violation !== undefined || Date.now() - started > durationMs,
      (line) => say(`${clock()}  ${line}`),
    )
    await Promise.race([ends, working])
    workload.stop()
    await striking
    await keeper.endFaults()
    client.faultsStopped()
    await working
    clearInterval(progress)
    say(`${clock()}  the faults have stopped and every client has its answer; ${summary(journal)}`)

    if (journal.violation === undefined) await drain(keeper, world, journal, seconds >= patientFromSeconds, say)
    if (journal.violation === undefined) {
      const verdict = verify(await readBooks(keeper, world), journal)
      verified = verdict.held
      if (verdict.violation !== undefined) journal.violate(verdict.violation)
    }
  } finally {
    await keeper.server.stop()
  }
  journal.secrets.add(password).add(signingKey.secret)
  const leaked = leakedSecrets(log, journal.secrets)
  if (leaked !== undefined) journal.violate(leaked)
  else verified = [...verified, { name: "no password, token or API key in the server's log", checked: journal.secrets.size }]

  if (journal.violation === undefined) rmSync(folder, { recursive: true, force: true })
  return {
    seed,
    plan,
    seconds,
    did: Object.fromEntries([...journal.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    commands: commandsOf(journal),
    verified,
    violation: journal.violation ?? null,
    kept: journal.violation === undefined ? null : folder,
  }
}

/** Organizations, people, products and links to begin with, while the weather is still fine. */
async function prepare(keeper: Keeper, journal: Journal, seed: number): Promise<{ world: World; client: Client; workload: Workload }> {
  const staffToken = signer([signingKey], platformOrganizationId, "super_admin", "Torture staff")
  const post = async <T extends z.ZodType>(path: string, schema: T, body: unknown, token?: string): Promise<z.output<T>> => {
    const answer = await fetch(keeper.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`)
    return schema.parse(await answer.json())
  }
  const seats = [
    ...Array.from({ length: supplierCount }, (_, index) => ({ name: `Supplier ${index}`, isSupplier: true })),
    ...Array.from({ length: buyerCount }, (_, index) => ({ name: `Buyer ${index}`, isSupplier: false })),
  ]
  const emailOf = (name: string): string => `${name.toLowerCase().replace(" ", "-")}@torture.test`
  const founded = await post(
    "/dev/organizations",
    z.object({ data: z.array(z.object({ id: z.string().transform((id) => id as OrganizationId) })) }),
    {
      password,
      organizations: seats.map(({ name, isSupplier }) => ({
        name,
        capabilities: [isSupplier ? "supplier" : "buyer"],
        owner_email: emailOf(name),
        owner_name: `Owner of ${name}`,
      })),
    },
    await staffToken(),
  )
  const organizations = founded.data.map(
    ({ id }, index) => new Organization(id, seats[index]?.name ?? "", seats[index]?.isSupplier ?? false),
  )
  const suppliers = organizations.filter(({ isSupplier }) => isSupplier)
  const buyers = organizations.filter(({ isSupplier }) => !isSupplier)

  const owners = new Map<OrganizationId, Owner>()
  const apiKeys = new Map<OrganizationId, string>()
  for (const { id, name } of suppliers) {
    const tokens = await post("/api/v1/auth/token", z.object({ access_token: z.string(), refresh_token: z.string() }), {
      email: emailOf(name),
      password,
    })
    const permissions = [
      "catalog.product.read",
      "catalog.product.edit",
      "inventory.stock.read",
      "orders.order.read",
      "orders.sale.deliver",
      "orders.sale.complete",
    ]
    const { secret } = await post(
      "/api/v1/api-keys",
      z.object({ secret: z.string() }),
      { name: "The bot", permissions },
      tokens.access_token,
    )
    owners.set(id, { email: emailOf(name), userId: "", refreshToken: tokens.refresh_token })
    apiKeys.set(id, secret)
    journal.secrets.add(tokens.access_token).add(tokens.refresh_token).add(secret)
  }

  const world: World = {
    suppliers,
    buyers,
    actors: actorsOf([signingKey], suppliers, buyers, apiKeys, journal),
    owners,
    password,
    staffToken,
  }
  const client = new Client(keeper.url, journal, suppliers)
  const workload = new Workload(world, client, journal)
  const managerOf = (organization: Organization): Actor => {
    const found = world.actors.find((actor) => actor.organization === organization && (actor.part === "manager" || actor.part === "buyer"))
    if (found === undefined) throw new Error(`nobody manages ${organization.name}`)
    return found
  }
  await Promise.all(
    suppliers.map(async (supplier) => {
      for (let count = 0; count < productsEach; count += 1)
        await workload.createProduct(managerOf(supplier), `torture-${seed}-begin-${supplier.name.replace(" ", "")}-${count}`, openingStock)
    }),
  )
  for (const [index, buyer] of buyers.entries()) {
    for (const supplier of suppliersOfBuyer(index).flatMap((at) => suppliers[at] ?? [])) {
      await workload.requestLink(managerOf(buyer), `torture-${seed}-begin-link-${index}-${supplier.name.replace(" ", "")}`, supplier)
    }
  }
  for (const supplier of suppliers) await workload.approveAll(managerOf(supplier), `torture-${seed}-begin-approve`)
  return { world, client, workload }
}

const reconciliation = z.object({ checked: z.number(), differences: z.array(z.unknown()), stuck: z.array(z.unknown()) })

/** Until D1 shows all that the ledgers hold, by their own doing where the run was long enough to wait for it. */
async function drain(keeper: Keeper, world: World, journal: Journal, isPatient: boolean, say: (line: string) => void): Promise<void> {
  // Organizations whose facts did not reach their ledger are sent again by the job of every minute.
  await keeper.server.cron("* * * * *")
  const waiting = async (): Promise<number> => {
    let depth = 0
    for (const supplier of world.suppliers) depth += await outboxOf(keeper, supplier)
    return depth
  }
  const deadline = Date.now() + drainMsMax
  for (let depth = await waiting(); isPatient && depth > 0; depth = await waiting()) {
    if (Date.now() > deadline) return journal.violate(`${depth} rows still wait for D1 ${drainMsMax / 1_000} s after it has become well`)
    await sleep(500)
  }
  const token = await world.staffToken()
  let checked = 0
  for (const { id, name } of world.suppliers) {
    const answer = await fetch(`${keeper.url}/api/v1/admin/ledgers/${id}/reconciliation`, { headers: { authorization: `Bearer ${token}` } })
    const found = await answer.text()
    if (answer.status !== 200) return journal.violate(`the reconciliation of ${name} answered ${answer.status}: ${found}`)
    const { differences, stuck, checked: compared } = reconciliation.parse(JSON.parse(found))
    if (differences.length > 0 || stuck.length > 0)
      return journal.violate(`after it had drained, D1 differed from the ledger of ${name}: ${found.slice(0, 1_000)}`)
    checked += compared
  }
  say(`the outboxes are empty, and D1 shows all ${checked} things of the ledgers`)
  for (let late = await lateLedgers(keeper); isPatient && late > 0; late = await lateLedgers(keeper)) {
    if (Date.now() > deadline) return journal.violate(`${late} ledgers that have drained are still said to be late`)
    await sleep(500)
  }
}

function leakedSecrets(log: string, secrets: ReadonlySet<string>): string | undefined {
  const text = readFileSync(log, "utf8")
  for (const secret of secrets)
    if (secret !== "" && text.includes(secret)) return `the server's log holds a secret that begins with ${secret.slice(0, 6)}`
  return undefined
}

const kinds: readonly CommandKind[] = [
  "place order",
  "move order",
  "create product",
  "edit product",
  "archive product",
  "request link",
  "move link",
  "create API key",
  "update organization",
]

const commandsOf = (journal: Journal): TortureReport["commands"] =>
  Object.fromEntries(
    kinds.map((kind) => [
      kind,
      {
        acknowledged: journal.tally(kind, "acknowledged"),
        refused: journal.tally(kind, "refused"),
        unknown: journal.tally(kind, "unknown"),
      },
    ]),
  )

function summary(journal: Journal): string {
  const count = (what: string): number => journal.counts.get(what) ?? 0
  return [
    `${journal.tally("place order", "acknowledged")} orders`,
    `${journal.tally("move order", "acknowledged")} moves`,
    `${count("requests")} requests`,
    `${count("answers of 5xx")} of 5xx`,
    `${count("retries")} retries`,
    `${count("objects aborted")} objects aborted`,
    `${count("kills and restarts")} kills`,
  ].join(", ")
}
