import { expect, test } from "vitest"
import { resourcesOf, withDatabaseId } from "../../../scripts/deploy/config.ts"
import { read } from "../../support/repository.ts"

const toml = read("wrangler.toml")

test("a deployment makes each resource that the top level of wrangler.toml binds", () => {
  expect(resourcesOf(toml)).toMatchObject({
    worker: "waybill",
    database: { name: "waybill" },
    buckets: ["waybill-files"],
    queues: ["waybill-events", "waybill-webhooks", "waybill-dead-letters"],
  })
})

test("the deployed database's id goes into the top level alone", () => {
  const id = "11111111-2222-3333-4444-555555555555"
  const changed = withDatabaseId(toml, id)
  expect(resourcesOf(changed).database.id).toBe(id)
  const differing = changed.split("\n").filter((line, index) => line !== toml.split("\n")[index])
  expect(differing).toHaveLength(1)
})
