import { expect, test } from "vitest"
import { filesUnder, read, withoutComments } from "../../support/repository.ts"

/**
 * Where code asks for a permission within an operation, beside the one that its route names: each place with the test that
 * asks with it and without it. A new one is of no use until somebody tries to do without it.
 */
const heldBy: Readonly<Record<string, string>> = {
  "catalog/http.ts": "test/security/rights-within.test.ts",
  "catalog/views.ts": "test/security/rights-within.test.ts",
  "chat/open-chat-socket.ts": "test/security/rights-within.test.ts and test/domains/chat/complaints.test.ts",
  "complaints/assign-complaint.ts": "test/security/role-matrix.test.ts",
  "identity/read-users.ts": "test/domains/identity/users.test.ts",
  "identity/update-user.ts": "test/security/rights-within.test.ts and test/security/role-matrix.test.ts",
  "inventory/record-movements.ts": "test/domains/inventory/movements.test.ts",
  "orders/place-order.ts": "test/security/rights-within.test.ts",
  "orders/set-order-status.ts": "test/security/role-matrix.test.ts",
  "organizations/find-organization.ts": "test/domains/organizations/organizations.test.ts",
  "organizations/update-organization.ts": "test/security/abuse-input.test.ts",
  "partners/set-link-status.ts": "test/security/rights-within.test.ts and test/security/role-matrix.test.ts",
  "units/http.ts": "test/domains/units/units.test.ts",
  "warehouses/http.ts": "test/domains/warehouses/warehouses.test.ts",
  "audit/log-of.ts": "test/security/tenant-sweep.test.ts",
}

/** How often each asks: one more is one more to try. */
const times: Readonly<Record<string, number>> = {
  "chat/open-chat-socket.ts": 2,
  "identity/read-users.ts": 2,
  "identity/update-user.ts": 2,
  "organizations/update-organization.ts": 2,
  "partners/set-link-status.ts": 2,
}

test("every permission that is asked for within an operation is tried without", () => {
  const found = filesUnder("src/domains", ".ts").flatMap((file) => {
    const asked = withoutComments(read(file)).match(/\b(?:may|authorize)\((?:ctx\.)?(?:actor|member)\b/g) ?? []
    return asked.length === 0 ? [] : [[file.replace("src/domains/", ""), asked.length] as const]
  })
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(Object.keys(heldBy).map((file) => [file, times[file] ?? 1])))
})
