import type { Books } from "./books.ts"
import type { SocketLog } from "./chat-device.ts"
import { acknowledged, inList, instead, keysOf, type Mutation, some, without } from "./mutation.ts"

const sockets = "each socket brought each message once and in order, from their resume on without a gap"
const others = "nobody waited for those whose wires stood still"
const files = "files have the bytes that were sent"

type Frames = SocketLog["frames"]

/** Of a socket that brought three messages of one conversation after its resume, these become others. */
function hearing(books: Books, change: (three: Frames) => Frames): Books {
  const found = books.sockets.flatMap((socket) => {
    const { frames, resumedAt } = socket
    const live = frames.slice(resumedAt ?? frames.length).filter(({ type }) => type === "message")
    return live.flatMap((frame) => {
      const three = live.filter(({ conversation }) => conversation === frame.conversation).slice(0, 3)
      return three.length === 3 ? [{ socket, three }] : []
    })
  })
  const { socket, three } = some(found[0], "socket that brought three messages")
  const [first] = three
  const rest = socket.frames.filter((frame) => !three.includes(frame))
  const at = first === undefined ? 0 : socket.frames.indexOf(first)
  const frames = [...rest.slice(0, at), ...change(three), ...rest.slice(at)]
  return { ...books, sockets: instead(books.sockets, socket, { ...socket, frames }) }
}

export const slowMutations: readonly Mutation[] = [
  {
    of: sockets,
    lie: "a socket brought a message twice",
    tell: (books) => hearing(books, ([a, b, c]) => [a, a, b, c].filter((one) => one !== undefined)),
  },
  {
    of: sockets,
    lie: "a socket left a message out",
    tell: (books) => hearing(books, ([a, , c]) => [a, c].filter((one) => one !== undefined)),
  },
  { of: sockets, lie: "a socket brought messages in another order", tell: (books) => hearing(books, (three) => three.toReversed()) },
  {
    of: sockets,
    lie: "a socket brought another message than stands there",
    tell: (books) => hearing(books, (three) => three.map((one) => ({ ...one, id: "made-up" }))),
  },
  {
    of: sockets,
    lie: "a resume left out what was missed",
    tell: (books) => {
      const found = books.sockets.flatMap((socket) =>
        socket.frames
          .slice(0, socket.resumedAt ?? 0)
          .flatMap(({ conversation }) => (Object.hasOwn(socket.after, conversation) ? [{ socket, conversation }] : [])),
      )
      const { socket, conversation } = some(found[0], "socket that brought what it had missed")
      const after = { ...socket.after, [conversation]: (socket.after[conversation] ?? 0) - 1 }
      return { ...books, sockets: instead(books.sockets, socket, { ...socket, after }) }
    },
  },
  {
    of: others,
    lie: "somebody was not answered",
    tell: (books) => ({ ...books, meanwhile: books.meanwhile.map((one) => ({ ...one, answeredAt: undefined })) }),
  },
  {
    of: others,
    lie: "somebody was answered once the slow ones went on",
    tell: (books) => {
      const one = some(books.meanwhile[0], "answer")
      return { ...books, meanwhile: instead(books.meanwhile, one, { ...one, answeredAt: books.wentOnAt + 1 }) }
    },
  },
  { of: others, lie: "no wire stood still", tell: (books) => ({ ...books, held: 0 }) },
  {
    of: files,
    lie: "half of a file is there",
    tell: (books) => {
      const [id] = some([...books.contents][0], "file")
      return { ...books, contents: new Map(books.contents).set(id, "of its half") }
    },
  },
  {
    of: "every acknowledged upload and complaint stands once; what was cut off does not",
    lie: "an upload that was acknowledged is not there",
    tell: (books, journal) => {
      const uploads = keysOf(acknowledged(journal, "upload file"))
      return inList(books, "files", ({ org_id: orgId, owner_id: owner, name }) => orgId === owner && uploads.has(name), without)
    },
  },
]
