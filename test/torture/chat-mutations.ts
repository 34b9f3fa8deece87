import type { Books } from "./books.ts"
import type { Journal } from "./journal.ts"
import { acknowledged, inList, instead, type Mutation, other, some, without } from "./mutation.ts"
import type { Conversation, Message } from "./trade.ts"

const alike = "both sides read a conversation alike, in one order without gaps"
const messages = "every acknowledged message stands once, where it was said to stand"
const heard = "what sockets brought, resumes included, is the conversation from its first message to its last"
const attached = "files are attached to what was acknowledged with them, for both sides"
const objects = "objects of the bucket and rows of files are the same, and usage is their sum"

type Said = readonly Message[]

const lastOf = ({ sides }: Conversation): Message | undefined => sides[0]?.at(-1)

/** Where anything was said, both sides read something else. */
const saying = (
  books: Books,
  change: (said: Said) => Said,
  isMeant: (one: Conversation) => boolean = (one) => lastOf(one) !== undefined,
): Books =>
  inList(
    books,
    "conversations",
    isMeant,
    other(({ sides }) => ({ sides: sides.map(change) })),
  )

const withLast = (books: Books, change: (last: Message) => Partial<Message>): Books =>
  saying(books, (said) => said.map((one, index) => (index === said.length - 1 ? { ...one, ...change(one) } : one)))

/** Where anything was said, the other side alone reads something else. */
const readOnce = (books: Books, change: (said: Said) => Said): Books =>
  inList(
    books,
    "conversations",
    (one) => lastOf(one) !== undefined,
    other(({ sides: [one = [], another = []] }) => ({ sides: [one, change(another)] })),
  )

/** What a phone heard of a conversation becomes something else. */
const hearing = (books: Books, change: (log: Map<number, string>, seq: number) => unknown): Books => {
  const conversation = some(
    books.conversations.find(({ logs }) => logs.some(({ log }) => log.size > 0)),
    "conversation that a phone heard",
  )
  const phone = some(
    conversation.logs.find(({ log }) => log.size > 0),
    "phone",
  )
  const log = new Map(phone.log)
  change(log, some([...log.keys()][0], "message that a phone heard"))
  const logs = instead(conversation.logs, phone, { ...phone, log })
  return { ...books, conversations: instead(books.conversations, conversation, { ...conversation, logs }) }
}

/** A file that was acknowledged with a message. */
const attachedFile = (journal: Journal): unknown =>
  some(
    acknowledged(journal, "write in chat").find(({ asked }) => typeof asked["fileId"] === "string"),
    "message with a file",
  ).asked["fileId"]

/** Lies about what was written, heard and attached. */
export const chatMutations: readonly Mutation[] = [
  { of: alike, lie: "one side lacks a message", tell: (books) => readOnce(books, (said) => said.slice(0, -1)) },
  {
    of: alike,
    lie: "one side reads a message otherwise",
    tell: (books) => readOnce(books, (said) => said.map((one) => ({ ...one, content: "made-up" }))),
  },
  {
    of: alike,
    lie: "both sides lack the first place",
    tell: (books) => saying(books, (said) => said.map((one) => ({ ...one, seq: one.seq + 1 }))),
  },
  { of: messages, lie: "a message says what nobody wrote", tell: (books) => withLast(books, () => ({ content: "made-up" })) },
  {
    of: messages,
    lie: "a message stands twice",
    tell: (books) => saying(books, (said) => [...said, ...said.slice(-1).map((one) => ({ ...one, id: "made-up", seq: one.seq + 1 }))]),
  },
  {
    of: messages,
    lie: "a message that was acknowledged is gone",
    tell: (books, journal) => {
      const keys = new Set(acknowledged(journal, "write in chat").map(({ key }) => key))
      return saying(
        books,
        (said) => said.slice(0, -1),
        (one) => keys.has(lastOf(one)?.content ?? ""),
      )
    },
  },
  { of: messages, lie: "somebody else said it", tell: (books) => withLast(books, () => ({ sender_organization_id: "org_made_up" })) },
  { of: heard, lie: "a phone never heard a message", tell: (books) => hearing(books, (log, seq) => log.delete(seq)) },
  { of: heard, lie: "a phone heard another message", tell: (books) => hearing(books, (log, seq) => log.set(seq, "made-up")) },
  {
    of: attached,
    lie: "a file is for the side alone that sent it",
    tell: (books, journal) => {
      const fileId = attachedFile(journal)
      return inList(books, "files", ({ id, org_id: orgId, owner_id: owner }) => id === fileId && orgId !== owner, without)
    },
  },
  {
    of: attached,
    lie: "a message came without its file",
    tell: (books, journal) => {
      const fileId = attachedFile(journal)
      const isWith = ({ attachments }: Message): boolean => attachments.some(({ file_id: id }) => id === fileId)
      return saying(
        books,
        (said) => said.map((one) => (isWith(one) ? { ...one, attachments: [] } : one)),
        ({ sides }) => sides[0]?.some(isWith) === true,
      )
    },
  },
  {
    of: attached,
    lie: "a file is attached to something else",
    tell: (books, journal) => {
      const fileId = attachedFile(journal)
      return inList(
        books,
        "files",
        ({ id, org_id: orgId, owner_id: owner }) => id === fileId && orgId === owner,
        other(() => ({ subject_id: "made-up" })),
      )
    },
  },
  { of: objects, lie: "a row has no object", tell: (books) => ({ ...books, objectKeys: books.objectKeys.slice(1) }) },
  { of: objects, lie: "an object has no row", tell: (books) => ({ ...books, objectKeys: [...books.objectKeys, "made-up"] }) },
  {
    of: objects,
    lie: "an upload that was cut off was not swept away",
    tell: (books) =>
      inList(
        books,
        "files",
        ({ org_id: orgId, owner_id: owner }) => orgId === owner,
        (rows, row) => [...rows, { ...row, id: "made-up", name: "made-up", status: "UPLOADING" }],
      ),
  },
  {
    of: objects,
    lie: "an organization uses a byte more than its files",
    tell: (books) =>
      inList(
        books,
        "usage",
        () => true,
        other(({ bytes }) => ({ bytes: bytes + 1 })),
      ),
  },
  {
    of: objects,
    lie: "what an organization uses is forgotten",
    tell: (books) => inList(books, "usage", ({ bytes }) => bytes > 0, without),
  },
]
