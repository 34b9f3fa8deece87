import type { Books } from "./books.ts"
import { propagationMs } from "./employee.ts"
import type { Closure, Journal } from "./journal.ts"
import { acknowledged, again, inList, instead, keysOf, type Mutation, other, some, twice, without } from "./mutation.ts"

const people = "every acknowledged user and invitation stands once"
const changes = "every change of a user builds upon the one before, and was asked for"
const disabled = "no token or session was taken that had been revoked; who is disabled has none open"
const inD1Alone = "every acknowledged change in D1 alone (API keys, organizations) stands once"
const closed = "an organization that is deactivated changes nothing, and is told so"

type Audit = Books["audits"][number]

const hiredAs = (journal: Journal): ReadonlySet<string> =>
  new Set(acknowledged(journal, "create user").map(({ key }) => `${key}@torture.test`))
const isInvited = (journal: Journal) => {
  // Who is hired is invited to choose a password.
  const addresses = new Set(acknowledged(journal, "create user", "invite").map(({ key }) => `${key}@torture.test`))
  return ({ action, after }: Audit): boolean => action === "identity.invitation.create" && addresses.has(String(after?.["email"]))
}
const isRename = ({ action, after }: Audit): boolean =>
  /^organizations\.organization\.(?:update|reactivate)$/.test(action) && /torture-\S+$/.test(String(after?.["name"]))
const isRoles = ({ action }: Audit): boolean => action === "identity.role.assign"

/** Whose changes are on the trail. */
const isChanged =
  ({ audits }: Books) =>
  ({ id }: { readonly id: string }): boolean =>
    audits.some(({ entity, entity_id: about }) => entity === "user" && about === id)

/** Somebody who was disabled as the owner was told, and never enabled again. */
const dismissed = ({ users }: Books, journal: Journal) => {
  const enabled = new Set(journal.commands.flatMap(({ kind, target }) => (kind === "enable user" ? [target] : [])))
  const out = new Set(acknowledged(journal, "disable user").flatMap(({ target }) => (enabled.has(target) ? [] : [target])))
  return some(
    users.find(({ id }) => out.has(id)),
    "user who is disabled",
  )
}

/** A time at which everybody knew that it was closed; none where D1 failed whenever that may have been so. */
function closedAt({ closedAt: from, reopenedAt: to }: Closure, journal: Journal): number | undefined {
  if (to >= from + propagationMs.most) return from + propagationMs.most
  for (let at = from + propagationMs.usual; at <= to; at += 50) if (!journal.wasFailing(at, at)) return at
  return undefined
}

const reopened = (books: Books): Books =>
  inList(
    books,
    "organizations",
    ({ id }) => books.audits.some(({ action, entity_id: about }) => about === id && action === "organizations.organization.deactivate"),
    other(({ status }) => ({ status: status === "ACTIVE" ? "DEACTIVATED" : "ACTIVE" })),
  )

/** Lies about users, their organizations and what these have for machines. */
export const peopleMutations: readonly Mutation[] = [
  {
    of: people,
    lie: "somebody who was hired is gone",
    tell: (books, journal) => inList(books, "users", ({ email }) => hiredAs(journal).has(email), without),
  },
  {
    of: people,
    lie: "somebody was hired twice",
    tell: (books, journal) => inList(books, "users", ({ email }) => hiredAs(journal).has(email), again),
  },
  {
    of: people,
    lie: "somebody is there whom nobody hired or invited",
    tell: (books) =>
      inList(
        books,
        "users",
        () => true,
        (rows, row) => [...rows, { ...row, id: "made-up", email: "made-up@torture.test" }],
      ),
  },
  {
    of: people,
    lie: "an invitation that was acknowledged is gone",
    tell: (books, journal) => inList(books, "audits", isInvited(journal), without),
  },
  {
    of: changes,
    lie: "a user has another role than was given last",
    tell: (books) =>
      inList(
        books,
        "users",
        isChanged(books),
        other(({ roles }) => ({ roles: [...roles, "made-up"] })),
      ),
  },
  { of: changes, lie: "roles were given that the trail does not know of", tell: (books) => inList(books, "audits", isRoles, without) },
  {
    of: changes,
    lie: "roles were given on top of others than there were",
    tell: (books) =>
      inList(
        books,
        "audits",
        isRoles,
        other(({ before }) => ({ before: { ...before, roles: ["made-up"] } })),
      ),
  },
  {
    of: changes,
    lie: "a change of a user is no event",
    tell: (books) =>
      inList(books, "events", ({ type, data }) => type.startsWith("user.") && isChanged(books)({ id: String(data["id"]) }), without),
  },
  {
    of: disabled,
    lie: "who is disabled has an open session",
    tell: (books, journal) => ({
      ...books,
      sessions: [...books.sessions, { id: "made-up", user_id: dismissed(books, journal).id, revoked_at: null }],
    }),
  },
  {
    of: disabled,
    lie: "who was disabled is not, wherever one looks",
    tell: (books, journal) => {
      const user = dismissed(books, journal)
      const last = some(
        books.audits.find(({ entity, entity_id: id, after }) => entity === "user" && id === user.id && after?.["version"] === user.version),
        "last change of a user",
      )
      return {
        ...books,
        users: instead(books.users, user, { ...user, is_active: 1 }),
        audits: instead(books.audits, last, { ...last, after: { ...last.after, is_active: true } }),
      }
    },
  },
  {
    of: inD1Alone,
    lie: "an API key is gone",
    tell: (books, journal) => inList(books, "apiKeys", ({ name }) => keysOf(acknowledged(journal, "create API key")).has(name), without),
  },
  {
    of: inD1Alone,
    lie: "an API key was made twice",
    tell: (books, journal) => inList(books, "apiKeys", ({ name }) => keysOf(acknowledged(journal, "create API key")).has(name), twice),
  },
  { of: inD1Alone, lie: "an organization was renamed twice", tell: (books) => inList(books, "audits", isRename, twice) },
  {
    of: closed,
    lie: "an organization is closed that was brought back, or open though it was not",
    tell: reopened,
  },
  {
    of: closed,
    lie: "an organization was closed by nobody",
    tell: (books) => inList(books, "audits", ({ action }) => action === "organizations.organization.deactivate", twice),
  },
  {
    of: closed,
    lie: "an organization did something while it was closed",
    tell: (books, journal) => {
      const [found] = journal.closures.flatMap((closure) => {
        const at = closedAt(closure, journal)
        return at === undefined ? [] : [{ orgId: closure.orgId, at }]
      })
      // In a run in which nothing is certain no such lie can be found; what the platform did is certain in each.
      if (found === undefined) return reopened(books)
      const deed = { id: "made-up", action: "catalog.product.create", entity: "product", entity_id: "made-up", before: null, after: {} }
      return { ...books, audits: [...books.audits, { ...deed, org_id: found.orgId, at: found.at }] }
    },
  },
]
