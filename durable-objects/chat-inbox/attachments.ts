import { type FileId, isId } from "../../src/kernel/ids.ts"

const filePathPattern = /^\/api\/v1\/files\/(fil_[0-9a-z]+)(?:\/content)?$/

/** The file that a URL of ours names, or undefined: any other address would take the reader wherever its sender likes. */
export function fileOfUrl(url: string, origins: readonly string[]): FileId | undefined {
  const [base = "http://nowhere.invalid"] = origins
  if (!URL.canParse(url, base)) return undefined
  const { origin, pathname, username, password } = new URL(url, base)
  if ((origin !== base && !origins.includes(origin)) || username !== "" || password !== "") return undefined
  const id = filePathPattern.exec(pathname)?.[1]
  return id !== undefined && isId("fil", id) ? id : undefined
}
