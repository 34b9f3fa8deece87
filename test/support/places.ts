import type { LocationKind } from "../../src/domains/warehouses/rules.ts"
import type { LocationId } from "../../src/kernel/ids.ts"
import type { TestLedger } from "./ledger.ts"

/** One more place in a ledger, opened by its owner. */
export async function placeOf(ledger: TestLedger, code: string, kind: LocationKind = "WAREHOUSE"): Promise<LocationId> {
  const terms = { code, name: `Place ${code}`, kind, address: null, capacityMilli: null, operatorId: null }
  return (await ledger.must(ledger.owner, "createLocation", terms)).id
}
