import { expect, test } from "vitest"
import { filesUnder, read, withoutComments } from "../../support/repository.ts"

type Escape = { readonly file: string; readonly call: keyof typeof calls; readonly count: number; readonly why: string }

const calls = {
  acrossTenants: /(?<!const )\bacrossTenants\(/g,
  forSystem: /\bTenantDb\.forSystem\(/g,
  "new Executor": /\bnew Executor\(/g,
  "new TenantDb": /\bnew TenantDb\(/g,
} as const

/** Every way round the caller's own TenantDb that there is. A new one needs a line here, and so a reviewer. */
const allowed: readonly Escape[] = [
  { file: "src/platform/db/tenant-db.ts", call: "new Executor", count: 2, why: "the escapes themselves: forSystem and acrossTenants" },
  { file: "src/platform/db/tenant-db.ts", call: "new TenantDb", count: 1, why: "forSystem" },
  {
    file: "src/platform/http/pipeline.ts",
    call: "new Executor",
    count: 1,
    why: "the handle of the request's own organization is minted here",
  },
  {
    file: "src/platform/http/pipeline.ts",
    call: "new TenantDb",
    count: 1,
    why: "the handle of the request's own organization is minted here",
  },
  {
    file: "src/platform/http/caller.ts",
    call: "forSystem",
    count: 1,
    why: "platform staff who enter an organization are noted on the platform's trail",
  },
  { file: "src/platform/http/pipeline.ts", call: "acrossTenants", count: 1, why: "mails that are kept in development belong to nobody" },
  { file: "src/platform/auth/authenticate.ts", call: "acrossTenants", count: 2, why: "revocations concern tokens of all organizations" },
  { file: "src/platform/jobs/clean-up.ts", call: "acrossTenants", count: 1, why: "cron deletes what has expired, whose ever it is" },
  { file: "src/domains/admin/readiness.ts", call: "acrossTenants", count: 1, why: "readiness selects a constant" },
  { file: "src/domains/complaints/store.ts", call: "forSystem", count: 1, why: "the other party of a complaint has a row of its own" },
  {
    file: "src/domains/complaints/store.ts",
    call: "acrossTenants",
    count: 1,
    why: "the clock walks complaints that are due, whose ever they are",
  },
  { file: "src/domains/complaints/run-clock.ts", call: "acrossTenants", count: 1, why: "how far the clock came is nobody's" },
  { file: "src/domains/complaints/run-clock.ts", call: "forSystem", count: 1, why: "nobody stands behind what time alone does" },
  {
    file: "src/domains/audit/log-of.ts",
    call: "forSystem",
    count: 1,
    why: "platform staff read one organization's log, which leaves an entry",
  },
  {
    file: "src/domains/identity/accounts.ts",
    call: "acrossTenants",
    count: 1,
    why: "an address or a one-time token finds its account before anybody is signed in",
  },
  { file: "src/domains/identity/accounts.ts", call: "forSystem", count: 1, why: "the organization of the account that was found" },
  { file: "src/domains/files/sweep-files.ts", call: "acrossTenants", count: 2, why: "cron ends what stopped half-way, whose ever it is" },
  { file: "src/domains/files/settle-claims.ts", call: "forSystem", count: 1, why: "cron settles claims on an organization's images" },
  { file: "src/domains/files/sweep-files.ts", call: "forSystem", count: 1, why: "cron ends the deletion of an organization's files" },
  {
    file: "src/domains/imports/run-import.ts",
    call: "forSystem",
    count: 2,
    why: "an import goes on in its organization when the request that started it is over; platform staff are looked up at home",
  },
  { file: "src/domains/imports/sweep-imports.ts", call: "acrossTenants", count: 2, why: "cron goes over imports, whose ever they are" },
  { file: "src/domains/identity/clean-up.ts", call: "acrossTenants", count: 1, why: "cron deletes what has expired, whose ever it is" },
  { file: "src/domains/identity/dev-mail.ts", call: "acrossTenants", count: 1, why: "kept mails are read in development alone" },
  { file: "src/domains/identity/directory.ts", call: "acrossTenants", count: 1, why: "an API key names its organization" },
  {
    file: "src/domains/notifications/self.ts",
    call: "forSystem",
    count: 1,
    why: "platform staff who entered an organization have their notifications at home",
  },
  {
    file: "src/domains/notifications/subscriber.ts",
    call: "forSystem",
    count: 1,
    why: "an event's own organization, whose people are told of it",
  },
  {
    file: "src/domains/notifications/send-mails.ts",
    call: "forSystem",
    count: 1,
    why: "the queue names the organization whose mails are due",
  },
  {
    file: "src/domains/notifications/send-mails.ts",
    call: "acrossTenants",
    count: 2,
    why: "mails that are kept in development belong to nobody; the sweep looks for organizations with mails that are due",
  },
  {
    file: "src/domains/notifications/unsubscribe.ts",
    call: "forSystem",
    count: 1,
    why: "a mail's signed link names whose mails it ends, and nobody is signed in",
  },
  {
    file: "src/domains/notifications/clean-up.ts",
    call: "acrossTenants",
    count: 1,
    why: "cron deletes what is old, whose ever it is",
  },
  { file: "src/domains/organizations/store.ts", call: "acrossTenants", count: 1, why: "the organizations table belongs to no tenant" },
  {
    file: "src/domains/organizations/save-organization.ts",
    call: "forSystem",
    count: 1,
    why: "the platform changes an organization, whose trail and events tell",
  },
  {
    file: "src/domains/organizations/found-organization.ts",
    call: "forSystem",
    count: 1,
    why: "an organization that is being founded has no token yet",
  },
  { file: "src/domains/webhooks/clean-up.ts", call: "acrossTenants", count: 1, why: "cron deletes what is over, whose ever it is" },
  { file: "src/domains/webhooks/deliver.ts", call: "forSystem", count: 1, why: "a queue message names the delivery and its organization" },
  { file: "src/domains/webhooks/subscriber.ts", call: "forSystem", count: 1, why: "events name the organization whose webhooks get them" },
  {
    file: "src/domains/webhooks/wake-deliveries.ts",
    call: "acrossTenants",
    count: 1,
    why: "the sweep wakes deliveries, whose ever they are",
  },
  { file: "src/domains/admin/dead-letters.ts", call: "acrossTenants", count: 1, why: "dead letters belong to the platform" },
  { file: "src/platform/events/dead-letters.ts", call: "acrossTenants", count: 1, why: "dead letters belong to the platform" },
  {
    file: "src/platform/events/dead-letters.ts",
    call: "forSystem",
    count: 1,
    why: "an operator has one organization's event handed out again, which leaves an entry",
  },
  {
    file: "src/platform/events/dispatch.ts",
    call: "forSystem",
    count: 1,
    why: "the queue names the organization whose events are handed out",
  },
  { file: "src/platform/events/sweep.ts", call: "acrossTenants", count: 1, why: "cron looks for events that wait, whose ever they are" },
  {
    file: "durable-objects/event-hub/event-hub.ts",
    call: "forSystem",
    count: 1,
    why: "the live feed reads its own organization's events for streams that the Worker has authorized",
  },
  {
    file: "durable-objects/chat-inbox/chat-inbox.ts",
    call: "acrossTenants",
    count: 1,
    why: "revocations name subjects, not organizations",
  },
  {
    file: "durable-objects/chat-inbox/conversations.ts",
    call: "forSystem",
    count: 1,
    why: "a socket's frame names a recipient or files: the rows of its user's organization, which the Worker verified",
  },
  {
    file: "durable-objects/supplier-ledger/supplier-ledger.ts",
    call: "new Executor",
    count: 3,
    why: "the ledger projects, compares and sweeps its own rows",
  },
]

const code = [...filesUnder("src", ".ts"), ...filesUnder("durable-objects", ".ts")]

test("every way round the caller's own TenantDb is counted and has a reason", () => {
  const found = code.flatMap((file) => {
    const body = withoutComments(read(file))
    return Object.entries(calls).flatMap(([call, pattern]) => {
      const count = [...body.matchAll(pattern)].length
      return count === 0 ? [] : [{ file, call, count }]
    })
  })
  const byPlace = (a: { file: string; call: string }, b: { file: string; call: string }) =>
    `${a.file} ${a.call}`.localeCompare(`${b.file} ${b.call}`)
  expect(found.sort(byPlace)).toEqual(allowed.map(({ file, call, count }) => ({ file, call, count })).sort(byPlace))
})

test("an escape is called by its name: none is passed on under another", () => {
  const renamed =
    /\b(acrossTenants|Executor|TenantDb|forSystem)\s+as\s+\w+|=\s*(acrossTenants|Executor|TenantDb|TenantDb\.forSystem)\s*(?:[;\n]|$)|\[\s*["'`](forSystem|acrossTenants)/
  expect(code.filter((file) => renamed.test(withoutComments(read(file))))).toEqual([])
})

test("every escape states its reason in words, which the database's query log shows", () => {
  const uses = code.flatMap((file) =>
    [...withoutComments(read(file)).matchAll(/(?<!const )\b(?:acrossTenants|TenantDb\.forSystem)\(([^()]*)\)/g)].map(
      ([whole, inner = ""]) => ({ file, whole, inner }),
    ),
  )
  expect(uses.length).toBeGreaterThan(10)
  expect(uses.filter(({ inner }) => !/"[a-zA-Z][^"]{15,}"\s*,?\s*$/.test(inner)).map(({ file, whole }) => `${file}: ${whole}`)).toEqual([])
})
