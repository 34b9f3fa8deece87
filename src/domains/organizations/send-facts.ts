import { sendOrganizationFacts } from "../../../durable-objects/supplier-ledger/client.ts"
import type { Meter } from "../../platform/db/meter.ts"
import type { Bindings } from "../../platform/env.ts"
import { describeError, log } from "../../platform/log/log.ts"
import { organizationStore } from "./store.ts"
import type { OrganizationRow } from "./tables.ts"
import { toFacts } from "./views.ts"

type Reach = { readonly env: Bindings; readonly meter: Meter }

/** Tells the organization's ledger, which decides by its own copy. Never throws: what fails here the sweep repeats. */
export async function sendFacts({ env, meter }: Reach, row: OrganizationRow): Promise<boolean> {
  try {
    await sendOrganizationFacts(env, meter, toFacts(row))
    await organizationStore({ env, meter }).markSent(row.id, row.version)
    return true
  } catch (error) {
    log.warn("an organization's facts did not reach its ledger", {
      organization: row.id,
      version: row.version,
      error: describeError(error),
    })
    return false
  }
}

const sweptMax = 100

/** The sweep: repeats what `sendFacts` could not do, a bounded number at a time. How many ledgers heard of it. */
export async function sendUnsentOrganizations(env: Bindings, meter: Meter): Promise<number> {
  const rows = await organizationStore({ env, meter }).unsent(sweptMax)
  let sent = 0
  for (const row of rows) if (await sendFacts({ env, meter }, row)) sent += 1
  return sent
}
