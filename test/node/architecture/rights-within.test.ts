import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { filesUnder, read, root, withoutComments } from "../../support/repository.ts"

type Asks = { readonly asks: number; readonly triedIn: readonly string[] }

const within = "test/security/rights-within.test.ts"
const roleMatrix = "test/security/role-matrix.test.ts"

/** Where code asks for a permission within an operation, beside the one that its route names: how often, and the tests that try with it and without it. */
const heldBy: Readonly<Record<string, Asks>> = {
  "audit/log-of.ts": { asks: 1, triedIn: ["test/security/tenant-sweep.test.ts"] },
  "catalog/http.ts": { asks: 1, triedIn: [within] },
  "catalog/views.ts": { asks: 1, triedIn: [within] },
  "chat/open-chat-socket.ts": { asks: 2, triedIn: [within, "test/domains/chat/complaints.test.ts"] },
  "complaints/assign-complaint.ts": { asks: 1, triedIn: [roleMatrix] },
  "complaints/rules.ts": { asks: 3, triedIn: ["test/domains/complaints/rules.test.ts"] },
  "events/rules.ts": { asks: 1, triedIn: ["test/domains/events/list.test.ts"] },
  "files/rules.ts": { asks: 4, triedIn: ["test/domains/files/belonging.test.ts", "test/domains/files/files.test.ts"] },
  "identity/read-users.ts": { asks: 2, triedIn: ["test/domains/identity/users.test.ts"] },
  "identity/rules.ts": { asks: 1, triedIn: [within, "test/domains/identity/access.test.ts"] },
  "identity/update-user.ts": { asks: 2, triedIn: [within, roleMatrix] },
  "imports/run-import.ts": { asks: 1, triedIn: ["test/durable-objects/import-job/import-job.test.ts"] },
  "inventory/record-movements.ts": { asks: 1, triedIn: ["test/domains/inventory/movements.test.ts"] },
  "notifications/rules.ts": {
    asks: 3,
    triedIn: ["test/domains/notifications/rules.test.ts", "test/domains/notifications/subscriber.test.ts"],
  },
  "notifications/views.ts": { asks: 1, triedIn: ["test/domains/notifications/notifications.test.ts"] },
  "orders/place-order.ts": { asks: 1, triedIn: [within] },
  "orders/set-order-status.ts": { asks: 1, triedIn: [roleMatrix] },
  "organizations/find-organization.ts": { asks: 1, triedIn: ["test/domains/organizations/organizations.test.ts"] },
  "organizations/update-organization.ts": { asks: 2, triedIn: ["test/security/abuse-input.test.ts"] },
  "partners/set-link-status.ts": { asks: 2, triedIn: [within, roleMatrix] },
  "units/http.ts": { asks: 1, triedIn: ["test/domains/units/units.test.ts"] },
  "warehouses/http.ts": { asks: 1, triedIn: ["test/domains/warehouses/warehouses.test.ts"] },
  "webhooks/visibility.ts": { asks: 2, triedIn: ["test/domains/webhooks/webhooks.test.ts"] },
}

const asking = /\b(?:may|authorize)\((?:ctx\.)?(?:actor|member)\b|\b(?:permissions|held)\??\.has\(/g

test("whoever asks for a permission within an operation names the tests that try without it", () => {
  const found = filesUnder("src/domains", ".ts").flatMap((file) => {
    const asks = withoutComments(read(file)).match(asking)?.length ?? 0
    return asks === 0 ? [] : [[file.replace("src/domains/", ""), asks] as const]
  })
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(Object.entries(heldBy).map(([file, { asks }]) => [file, asks])))
})

test("and the tests are there", () => {
  const named = Object.entries(heldBy).flatMap(([file, { triedIn }]) => (triedIn.length === 0 ? [file] : triedIn))
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([])
})
