import type { OrganizationFacts } from "../../src/domains/organizations/rules.ts"
import type { Meter } from "../../src/platform/db/meter.ts"
import type { Bindings } from "../../src/platform/env.ts"

/** Sends an organization's facts to its ledger, which it makes ready at the first time. @throws when the ledger cannot be reached. */
export async function sendOrganizationFacts(_env: Bindings, _meter: Meter, _facts: OrganizationFacts): Promise<void> {}
