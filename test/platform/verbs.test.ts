import { z } from "@hono/zod-openapi"
import { expect, test } from "vitest"
import { newId } from "../../src/kernel/ids.ts"
import { ok, refuse } from "../../src/kernel/result.ts"
import { pageQueryAlone } from "../../src/platform/http/schemas.ts"
import { createEndpoint, deleteEndpoint, listEndpoint, readEndpoint } from "../../src/platform/http/verbs.ts"
import { appOf, signedIn } from "../support/app.ts"

const schema = z.object({ id: z.string() })
const params = z.strictObject({ id: z.string() })
const said = { tag: "Things", summary: "Things", access: "signed-in", success: { schema, description: "A thing." } } as const

const refused = refuse("CONFLICT", "Not now.")

const call = appOf([
  listEndpoint({ ...said, operationId: "list", path: "/things", query: pageQueryAlone }, (_, { query }) =>
    query.limit === 1 ? refused : { data: [{ id: "a" }], next_cursor: null },
  ),
  createEndpoint({ ...said, operationId: "create", path: "/things", body: schema }, (_, { body }) =>
    body.id === "taken" ? refused : { view: body, etag: '"1.1.o"' },
  ),
  readEndpoint({ ...said, operationId: "read", path: "/things/{id}", params, noun: "thing" }, (_, { params: { id } }) =>
    id === "a" ? { view: { id }, etag: '"1.1.o"' } : id === "held" ? refused : undefined,
  ),
  deleteEndpoint({ ...said, operationId: "delete", path: "/things/{id}", params }, async (_, { params: { id } }) => {
    if (id === "held") return refused
    return id === "a" ? ok("anything") : undefined
  }),
])

const ask = async (method: string, path: string, body?: object) => {
  const response = await call(`/api/v1${path}`, {
    method,
    headers: { ...(await signedIn({ orgId: newId("org", Date.now()), roles: ["owner"] })), "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) }
}

test("a list answers with its page, or is refused", async () => {
  expect(await ask("GET", "/things")).toMatchObject({ status: 200, body: { data: [{ id: "a" }], next_cursor: null } })
  expect(await ask("GET", "/things?limit=1")).toMatchObject({ status: 409, body: { code: "CONFLICT", detail: "Not now." } })
})

test("what was made is where Location says", async () => {
  const made = await ask("POST", "/things", { id: "b" })
  expect(made).toMatchObject({ status: 201, body: { id: "b" } })
  expect([made.headers.get("location"), made.headers.get("etag")]).toEqual(["/api/v1/things/b", '"1.1.o"'])
  expect(await ask("POST", "/things", { id: "taken" })).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
})

test("one is read, is NOT_FOUND by its name, or is refused", async () => {
  const read = await ask("GET", "/things/a")
  expect([read.status, read.body, read.headers.get("etag")]).toEqual([200, { id: "a" }, '"1.1.o"'])
  expect(await ask("GET", "/things/b")).toMatchObject({ status: 404, body: { code: "NOT_FOUND", detail: "There is no such thing." } })
  expect(await ask("GET", "/things/held")).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
})

test("what is deleted leaves nothing to say, and what is not says why", async () => {
  expect(await ask("DELETE", "/things/a")).toMatchObject({ status: 204, body: undefined })
  expect(await ask("DELETE", "/things/b")).toMatchObject({ status: 204, body: undefined })
  expect(await ask("DELETE", "/things/held")).toMatchObject({ status: 409, body: { code: "CONFLICT" } })
})
