import type { Names } from "./names.ts"

/** The files of a new domain, by their path from the root. `migration` is the next free number. */
export function filesOf(names: Names, migration: string): Readonly<Record<string, string>> {
  const folder = `src/domains/${names.kebab}`
  return {
    [`${folder}/README.md`]: readme(names),
    [`${folder}/index.ts`]: index(names),
    [`${folder}/http.ts`]: http(names),
    [`${folder}/schemas.ts`]: schemas(names),
    [`${folder}/tables.ts`]: tables(names),
    [`${folder}/store.ts`]: store(names),
    [`${folder}/rules.ts`]: rules(names),
    [`${folder}/events.ts`]: events(names),
    [`migrations/${migration}_${names.snake}.sql`]: sql(names),
    [`test/domains/${names.kebab}/rules.test.ts`]: rulesTest(names),
    [`test/domains/${names.kebab}/${names.kebab}.test.ts`]: httpTest(names),
  }
}

const readme = ({ title, snake, invariant }: Names): string => `# ${title}: what it is for, in half a sentence

Nouns: **${snake}** (say what one is).

What lives here, who writes its rows, and what it may import: kernel, platform, and other domains by their \`index.ts\`.

## Invariants

- **INV-${invariant}-1** Every row belongs to one organization, which alone sees it.

| noun | states |
|---|---|
| ${snake} | ACTIVE ⇄ ARCHIVED |
`

const index = ({ camel }: Names): string => `/** The only way into this domain. */
export { ${camel}Endpoints } from "./http.ts"
`

const http = ({ camel, pascal, kebab, title }: Names): string => `import type { Endpoint } from "../../platform/http/endpoint.ts"
import { pageByKey } from "../../platform/http/page.ts"
import { pageQueryAlone } from "../../platform/http/schemas.ts"
import { listEndpoint } from "../../platform/http/verbs.ts"
import { ${camel}List, to${pascal}View } from "./schemas.ts"
import { ${camel}Store } from "./store.ts"

export const ${camel}Endpoints: readonly Endpoint[] = [
  listEndpoint(
    {
      operationId: "list${pascal}",
      path: "/${kebab}",
      tag: "${title}",
      summary: "List the organization's ${title.toLowerCase()}",
      access: "signed-in",
      query: pageQueryAlone,
      success: { schema: ${camel}List, description: "A page, oldest first." },
    },
    ({ db }, { query }) =>
      pageByKey(
        "${kebab}",
        ["string"],
        query,
        ({ after, rowsMax }) => ${camel}Store(db).page({ after: after?.[0], rowsMax }),
        (row) => [row.id],
        to${pascal}View,
      ),
  ),
]
`

const schemas = ({ camel, pascal }: Names): string => `import { z } from "@hono/zod-openapi"
import { formatInstant } from "../../kernel/time.ts"
import { instantView, listOf } from "../../platform/http/schemas.ts"
import { ${camel}Statuses } from "./rules.ts"
import type { ${pascal}Row } from "./tables.ts"

export const ${camel}View = z
  .object({ id: z.string(), name: z.string(), status: z.enum(${camel}Statuses), created_at: instantView, version: z.int() })
  .openapi("${pascal}", {
    example: { id: "01jd8x2y3zf4g5h6j7k8m9n0pq", name: "An example", status: "ACTIVE", created_at: "2026-01-31T09:30:00.000Z", version: 1 },
  })

export const ${camel}List = listOf(${camel}View, "${pascal}List")

export const to${pascal}View = (row: ${pascal}Row): z.output<typeof ${camel}View> => ({
  id: row.id,
  name: row.name,
  status: row.status,
  created_at: formatInstant(row.createdAt),
  version: row.version,
})
`

const tables = ({ camel, pascal, snake }: Names): string => `import { integer, primaryKey, text } from "drizzle-orm/sqlite-core"
import { tenantTable } from "../../platform/db/tables.ts"
import type { ${pascal}Status } from "./rules.ts"

export const ${camel} = tenantTable(
  "${snake}",
  {
    id: text("id").notNull(),
    name: text("name").notNull(),
    status: text("status").$type<${pascal}Status>().notNull(),
    version: integer("version").notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.id] })],
)

export type ${pascal}Row = typeof ${camel}.$inferSelect
`

const store = ({ camel, pascal }: Names): string => `import { oldestFirst } from "../../platform/db/by-id.ts"
import type { TenantDb } from "../../platform/db/tenant-db.ts"
import { type ${pascal}Row, ${camel} } from "./tables.ts"

export const ${camel}Store = (db: TenantDb) => ({
  /** Oldest first, in one walk of the key. */
  page: (within: { readonly after: string | undefined; readonly rowsMax: number }): Promise<${pascal}Row[]> =>
    oldestFirst(db, ${camel}, within),
})
`

const rules = ({ camel, pascal }: Names): string => `import type { Flow } from "../../kernel/flow.ts"

export const ${camel}Statuses = ["ACTIVE", "ARCHIVED"] as const
export type ${pascal}Status = (typeof ${camel}Statuses)[number]

export const ${camel}Flow = { ACTIVE: ["ARCHIVED"], ARCHIVED: ["ACTIVE"] } as const satisfies Flow<${pascal}Status>
`

const events = ({ camel, snake }: Names): string => `import { eventsOf } from "../../platform/events/define-event.ts"
import { ${camel}View } from "./schemas.ts"

// Whoever reads the organization sees these; a permission of the domain's own is better.
const ${camel}Event = eventsOf("organizations.organization.read", ${camel}View)

export const ${camel}Events = {
  created: ${camel}Event("${snake}.created"),
} as const
`

const sql = ({ title, snake }: Names): string => `-- ${title}.
CREATE TABLE ${snake} (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITHOUT ROWID;
`

const rulesTest = ({ camel, kebab, title }: Names): string => `import { test } from "vitest"
import { ${camel}Flow } from "../../../src/domains/${kebab}/rules.ts"
import { expectSound } from "../../support/flows.ts"

test("${title}: every state can be reached, and none is an end", () => {
  expectSound(${camel}Flow, "ACTIVE", [])
})
`

const httpTest = ({ camel, kebab, invariant }: Names): string => `import { expect, test } from "vitest"
import { newId } from "../../../src/kernel/ids.ts"
import { ${camel}Endpoints } from "../../../src/domains/${kebab}/index.ts"
import { appOf, signedIn } from "../../support/app.ts"

const call = appOf(${camel}Endpoints)

test("INV-${invariant}-1: an organization without rows lists none", async () => {
  const headers = await signedIn({ orgId: newId("org", Date.now()), roles: ["owner"] })
  const response = await call("/api/v1/${kebab}", { headers })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ data: [], next_cursor: null })
})

test("nobody lists without signing in", async () => {
  expect((await call("/api/v1/${kebab}")).status).toBe(401)
})
`
