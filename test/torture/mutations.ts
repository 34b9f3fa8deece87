import type { Books } from "./books.ts"
import { chatMutations } from "./chat-mutations.ts"
import { instead, type Mutation, some, without } from "./mutation.ts"
import { orderMutations } from "./order-mutations.ts"
import { partnerMutations } from "./partner-mutations.ts"
import { peopleMutations } from "./people-mutations.ts"
import { poison } from "./plan.ts"
import { productMutations } from "./product-mutations.ts"
import type { Heard } from "./receiver.ts"
import { slowMutations } from "./slow-mutations.ts"
import { stockMutations } from "./stock-mutations.ts"
import { trailMutations } from "./trail-mutations.ts"

const mails = "each mail about an event goes once"
const hooks = "webhooks got every event they ask for, signed, and nothing of others"
const gone = "a webhook that answered 410 is disabled and gets nothing more"
const letters = "what a subscriber failed at for good became a dead letter, once, and was replayed"

/** A mail of the outbox that was sent, with what was kept of it. */
function sentMail({ outbox, keptMails }: Books) {
  const kept = some(
    keptMails.find(({ id }) => outbox.some((mail) => mail.id === id && mail.status === "SENT")),
    "mail that was sent",
  )
  return {
    kept,
    mail: some(
      outbox.find(({ id }) => id === kept.id),
      "mail",
    ),
  }
}

/** Of a hook that is gone, or of one that is not, what it heard becomes something else. */
function hearing(books: Books, isGone: boolean, change: (heard: readonly Heard[]) => readonly Heard[]): Books {
  const at = some(
    books.hooks.find(({ hook, heard }) => hook.isGone === isGone && heard.length > 0),
    "webhook that heard anything",
  )
  return { ...books, hooks: instead(books.hooks, at, { ...at, heard: change(at.heard) }) }
}
const first = (heard: readonly Heard[]): Heard =>
  some(
    heard.find(({ answer }) => answer !== "trouble"),
    "delivery",
  )
const firstHeard = (books: Books, isGone: boolean, change: (heard: Heard) => Partial<Heard>): Books =>
  hearing(books, isGone, (heard) => instead(heard, first(heard), { ...first(heard), ...change(first(heard)) }))

/** A letter about an event that the last words made sure of. */
const letter = ({ letters: all, events }: Books) => {
  const poisoned = new Set(events.filter(({ data }) => JSON.stringify(data).includes(poison)).map(({ id }) => id))
  return some(
    all.find(({ body }) => [...poisoned].some((id) => JSON.stringify(body).includes(id))),
    "dead letter",
  )
}

export const mutations: readonly Mutation[] = [
  ...orderMutations,
  ...partnerMutations,
  ...peopleMutations,
  ...productMutations,
  ...stockMutations,
  ...trailMutations,
  ...chatMutations,
  ...slowMutations,
  {
    of: mails,
    lie: "a mail said to be sent was not kept",
    tell: (books) => ({ ...books, keptMails: without(books.keptMails, sentMail(books).kept) }),
  },
  {
    of: mails,
    lie: "a mail was kept twice",
    tell: (books) => ({ ...books, keptMails: [...books.keptMails, sentMail(books).kept] }),
  },
  {
    of: mails,
    lie: "a mail was sent that nobody planned",
    tell: (books) => ({ ...books, keptMails: [...books.keptMails, { ...sentMail(books).kept, id: "made-up", token: null }] }),
  },
  {
    of: mails,
    lie: "two mails about one event were planned",
    tell: (books) => ({ ...books, outbox: [...books.outbox, { ...sentMail(books).mail, id: "made-up" }] }),
  },
  {
    of: mails,
    lie: "a mail still waits",
    tell: (books) => ({ ...books, outbox: instead(books.outbox, sentMail(books).mail, { ...sentMail(books).mail, status: "WAITING" }) }),
  },
  {
    of: hooks,
    lie: "an event was never taken",
    tell: (books) => hearing(books, false, (heard) => heard.filter(({ id }) => id !== first(heard).id)),
  },
  {
    of: hooks,
    lie: "an event was sent, and its receiver failed each time",
    tell: (books) =>
      hearing(books, false, (heard) => heard.map((one) => (one.id === first(heard).id ? { ...one, answer: "trouble" as const } : one))),
  },
  { of: hooks, lie: "a signature was not good", tell: (books) => firstHeard(books, false, () => ({ isSigned: false })) },
  {
    of: hooks,
    lie: "an event of a foreign organization came",
    tell: (books) =>
      hearing(books, false, (heard) => {
        const own = some(
          books.hooks.find((one) => one.heard === heard),
          "webhook",
        ).hook.organization.id
        const event = some(
          books.events.find(({ org_id: orgId }) => orgId !== own),
          "foreign event",
        )
        return [...heard, { ...first(heard), id: event.id, body: JSON.stringify({ type: event.type, data: event.data }) }]
      }),
  },
  {
    of: hooks,
    lie: "an event came with other data",
    tell: (books) => firstHeard(books, false, () => ({ body: '{"type":"order.placed","data":{}}' })),
  },
  {
    of: gone,
    lie: "something came after it was disabled",
    tell: (books) => firstHeard(books, true, () => ({ at: books.quietFrom + 1 })),
  },
  {
    of: gone,
    lie: "a webhook that answered 410 is active",
    tell: (books) => ({ ...books, endpoints: books.endpoints.map((row) => ({ ...row, status: "ACTIVE", disabled_reason: null })) }),
  },
  { of: letters, lie: "what was refused has no letter", tell: (books) => ({ ...books, letters: without(books.letters, letter(books)) }) },
  { of: letters, lie: "it has two", tell: (books) => ({ ...books, letters: [...books.letters, { ...letter(books), id: "made-up" }] }) },
  {
    of: letters,
    lie: "a letter was not replayed",
    tell: (books) => ({ ...books, letters: instead(books.letters, letter(books), { ...letter(books), status: "WAITING" }) }),
  },
  {
    of: "every event is handed out, and nothing waits",
    lie: "an event waits",
    tell: (books) => ({ ...books, cursors: books.cursors.map((cursor) => ({ ...cursor, seq: cursor.seq - 1 })) }),
  },
  {
    of: "each event is told to a person once, and to the owners all of a type or none",
    lie: "somebody was told twice",
    tell: (books) => ({ ...books, notifications: [...books.notifications, some(books.notifications[0], "notification")] }),
  },
]
